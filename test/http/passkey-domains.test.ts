import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { password } from '../../lib/index.js';
import { passkey } from '../../lib/methods/passkey/index.js';
import { totp } from '../../lib/methods/totp/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { manualClock, softwareAuthenticator } from '../../lib/testing/index.js';
import { assertRefused } from '../support/answers.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';
import { totpCode } from '../support/totp.js';

/** The same users at two domains, whose passkeys and TOTP are in one place; each has sessions of its own. */
function twoDomains() {
  const { passkeys, totp: totps } = memoryStore();
  const clock = manualClock();
  const unclaimed = { claim: async (realm: string) => realm };
  const at = (host: string) => {
    const origin = `https://${host}`;
    const { auth } = testInstance({
      clock,
      issuer: origin,
      store: { ...memoryStore(), passkeys: { ...passkeys, ...unclaimed }, totp: { ...totps, ...unclaimed } },
      methods: [
        passkey({ rpID: host, rpName: 'Example', origins: [origin] }),
        totp(),
        password({ verify: (_, given) => given === 'swordfish', enrolled: () => false }),
      ],
      users: { find: (id) => ({ name: id }) },
    });
    const guard = auth.requireFreshStepUp({ method: 'passkey', maxAge: '5m' });
    const { app } = testApp(auth, { routes: { '/role': [guard] } });
    const browser = async (userId = 'ada'): Promise<Browser> => {
      const one = new Browser(app);
      await one.signIn({ userId });
      return one;
    };
    return { origin, browser };
  };
  return { old: at('old.example'), next: at('new.example'), clock, passkeys };
}

async function addPasskey(browser: Browser, origin: string) {
  const key = softwareAuthenticator({ origin });
  const begun = await browser.post('/auth/passkeys/options');
  assert.equal(begun.status, 200, begun.text);
  const { challengeId, options } = begun.body;
  const added = await browser.post('/auth/passkeys', { body: { challengeId, response: key.create(options) } });
  assert.equal(added.status, 201, added.text);
  return { key, options, id: added.body.id as string };
}

const has = async (browser: Browser): Promise<boolean> =>
  (await browser.get('/auth/step-up')).body.methods.find((one: { method: string }) => one.method === 'passkey')
    .enrolled;

describe('a passkey of another domain', () => {
  it('counts for nothing here: not enrolled, not listed, not asked for, and the first one here may be added', async () => {
    const { old, next, clock } = twoDomains();
    const { id } = await addPasskey(await old.browser(), old.origin);
    clock.advance('1m');
    const there = await next.browser();
    assert.equal(await has(there), false);
    assert.deepEqual((await there.get('/auth/passkeys')).body.passkeys, []);
    const refused = await there.post('/role');
    assert.deepEqual([refused.status, refused.body.code], [403, 'step_up_unavailable']);
    const begun = await there.post('/auth/step-up/options', { body: { method: 'passkey' } });
    assert.deepEqual([begun.status, begun.body.code], [403, 'step_up_unavailable']);

    const added = await addPasskey(there, next.origin);
    assert.deepEqual(added.options.excludeCredentials, []);
    assert.equal(await has(there), true);
    clock.advance('1m');
    const { options } = (await there.post('/auth/step-up/options', { body: { method: 'passkey' } })).body;
    assert.deepEqual(
      options.allowCredentials.map((one: { id: string }) => one.id),
      [added.id],
    );
    assert.notEqual(added.id, id);
    const listed = (await (await old.browser()).get('/auth/passkeys')).body.passkeys;
    assert.deepEqual(
      listed.map((one: { id: string }) => one.id),
      [id],
    );
  });

  it('answers no step-up and no sign-in here, even where its key would sign for this domain', async () => {
    const { old, next, clock } = twoDomains();
    const { key, id } = await addPasskey(await old.browser(), old.origin);
    const there = await next.browser();
    await addPasskey(there, next.origin);
    clock.advance('1m');
    const forged = { credentialId: id, rpId: 'new.example', clientData: { origin: next.origin } };
    const { challengeId, options } = (await there.post('/auth/step-up/options', { body: { method: 'passkey' } })).body;
    const response = key.get(options, forged);
    const stepUp = await there.post('/auth/step-up/verify', { body: { method: 'passkey', challengeId, response } });
    assertRefused(stepUp, 403, 'step_up_failed');
    const stranger = await next.browser('stranger');
    const begun = (await stranger.post('/auth/sign-in/passkey/options')).body;
    const body = { challengeId: begun.challengeId, response: key.get(begun.options, forged) };
    assertRefused(await stranger.post('/auth/sign-in/passkey', { body }), 403, 'sign_in_refused');
  });

  it('keeps nobody from a TOTP as the first method here', async () => {
    const { old, next, clock } = twoDomains();
    await addPasskey(await old.browser(), old.origin);
    const there = await next.browser();
    const { secret } = (await there.post('/auth/totp')).body;
    const body = { code: totpCode(secret, clock.now()) };
    assert.equal((await there.post('/auth/totp/confirm', { body })).status, 204);
  });
});

describe('a passkey that names no domain, as of an older store', () => {
  it('counts everywhere, and names the domain where it is used first', async () => {
    const { old, next, clock, passkeys } = twoDomains();
    const { key, id } = await addPasskey(await old.browser(), old.origin);
    const row = await passkeys?.findById(id);
    assert.ok(row && passkeys);
    await passkeys.remove('ada', id);
    await passkeys.insert({ ...row, rpID: null }, { onlyIfNone: false, max: 50 });
    clock.advance('1m');
    const [here, there] = [await old.browser(), await next.browser()];
    assert.deepEqual([await has(here), await has(there)], [true, true]);
    const { challengeId, options } = (await here.post('/auth/step-up/options', { body: { method: 'passkey' } })).body;
    const body = { method: 'passkey', challengeId, response: key.get(options) };
    assert.equal((await here.post('/auth/step-up/verify', { body })).status, 200);
    assert.deepEqual([await has(here), await has(there)], [true, false]);
  });
});
