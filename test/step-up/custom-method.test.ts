import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { type Method, SetupError } from '../../lib/index.js';
import type { Store } from '../../lib/stores/contract/store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { signedIn } from '../../lib/testing/index.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';
import { fakeKey } from './fake-methods.js';

/** As an app writes its own: the PINs are in its users table. */
function pin(pins: ReadonlyMap<string, string>): Method<'pin'> {
  return {
    name: 'pin',
    acr: 'urn:bank:pin',
    amr: ['pin'],
    guessable: true,
    needs: [],
    enrolled: ({ userId }) => pins.has(userId),
    verify({ userId, response }) {
      if (typeof response !== 'object' || response === null || !('pin' in response)) {
        return { outcome: 'failed', reason: 'malformed' };
      }
      return response.pin === pins.get(userId) ? { outcome: 'verified' } : { outcome: 'failed', reason: 'rejected' };
    },
  };
}

function makeApp() {
  const pins = new Map([['ada', '1234']]);
  const { auth } = testInstance({ methods: [pin(pins)] });
  const guard = auth.requireFreshStepUp({ method: 'pin', maxAge: '5m' });
  const { app } = testApp(auth, { routes: { '/vault': [guard, (_req, res) => res.end('gold')] } });
  return { app, auth };
}

describe('a method of an app’s own, in twenty lines', () => {
  it('has its rules, its challenge, its step-up and its sign-in', async () => {
    const { app } = makeApp();
    const browser = new Browser(app);
    await browser.signIn();
    const refused = await browser.get('/vault');
    assert.match(refused.headers['www-authenticate'] ?? '', /acr_values="urn:bank:pin", max_age="300"$/);
    const body = { method: 'pin', response: { pin: '1234' } };
    assert.equal((await browser.post('/auth/step-up/verify', { body })).status, 200);
    assert.equal((await browser.get('/vault')).text, 'gold');
    const other = new Browser(app);
    await other.signIn({ method: 'pin' });
    assert.equal((await other.get('/vault')).text, 'gold');
  });

  it('knows whose it is: the user of the session, whoever else has that PIN', async () => {
    const browser = new Browser(makeApp().app);
    await browser.signIn({ userId: 'bea' });
    assert.equal((await browser.get('/vault')).body.code, 'step_up_unavailable');
    const body = { method: 'pin', response: { pin: '1234' } };
    assert.equal((await browser.post('/auth/step-up/verify', { body })).status, 403);
  });

  it('is there in the app’s own tests', async () => {
    const { app, auth } = makeApp();
    const { headers } = await signedIn(auth, { userId: 'ada', proofs: { pin: '4m' } });
    assert.equal((await new Browser(app).get('/vault', { headers })).text, 'gold');
  });

  it('may be called password or external, and then a sign-in with that name is one with it', async () => {
    for (const name of ['password', 'external'] as const) {
      const own = { ...pin(new Map([['ada', '1234']])), name, amr: ['own'] };
      const { auth } = testInstance({ methods: [own] });
      const guard = auth.requireFreshStepUp({ method: name, maxAge: '5m' });
      const { app } = testApp(auth, { routes: { '/vault': [guard, (_req, res) => res.end('gold')] } });
      const browser = new Browser(app);
      await browser.signIn({ method: name });
      assert.equal((await browser.get('/vault')).text, 'gold');
    }
  });
});

describe('what a method needs', () => {
  const { sessions, challenges, attempts } = memoryStore();
  const named = (needs: Method['needs']): Method => ({ ...fakeKey(), needs });
  const without: Readonly<Record<string, readonly [store: Store, methods: readonly Method[], missing: string]>> = {
    'a store with challenges': [{ sessions, attempts }, [named([])], 'challenges'],
    'a store with attempts': [{ sessions, challenges }, [named([])], 'attempts'],
    'a store with the part it names': [{ sessions, challenges, attempts }, [named(['passkeys'])], 'passkeys'],
    'the users it names': [memoryStore(), [named(['users'])], 'users'],
  };

  for (const [what, [store, methods, missing]] of Object.entries(without)) {
    it(`is missed when the instance is made: ${what}`, () => {
      assert.throws(
        () => testInstance({ store, methods }),
        (error) =>
          error instanceof SetupError &&
          error.message.startsWith(`The method \`${methods[0]?.name}\` needs \`${missing}\``),
      );
    });
  }

  it('is a name of its own', () => {
    assert.throws(() => testInstance({ methods: [fakeKey(), fakeKey()] }), /same name/);
  });

  for (const acr of ['', ' ', 'a b', 'a"b', 'a\\b', 'a\r\nb', 'ä', 'a\t']) {
    it(`is an acr that a header can carry beside others, not ${JSON.stringify(acr)}`, () => {
      assert.throws(() => testInstance({ methods: [fakeKey('key', { acr })] }), {
        name: 'SetupError',
        message: /`acr` .* of the method `key` can't stand in a header/,
      });
    });
  }
});
