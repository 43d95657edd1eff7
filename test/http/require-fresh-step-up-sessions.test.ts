import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Middleware } from '../../lib/http/require-session.js';
import { SetupError } from '../../lib/internal/setup-error.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { signedIn } from '../../lib/testing/signed-in.js';
import { confirm, copyOf, type StepUpApp, type StepUpAppOptions, stepUp, stepUpApp } from '../step-up/app.js';
import { fakeKey } from '../step-up/fake-methods.js';
import { assertAsked } from '../step-up/refusals.js';
import { assertRefused } from '../support/answers.js';
import { frameworks, sendJson } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { faultyStore } from '../support/faulty-store.js';

const RULE = { method: 'key', maxAge: '5m' } as const;

interface Proved extends StepUpApp {
  readonly browser: Browser;
  /** Of the session. */
  readonly id: string;
}

/** A user whose proof is fresh, so that only the state of the session is in question. */
async function proved(options: StepUpAppOptions = {}): Promise<Proved> {
  const app = stepUpApp(options);
  const browser = await app.signIn('ada', { method: 'key' });
  const { id } = (await browser.get('/me')).body.session;
  return { ...app, browser, id };
}

describe('a step-up guard', () => {
  for (const [name, create] of Object.entries(frameworks)) {
    it(`needs no other guard before it, and says who is there, on ${name}`, async () => {
      const { auth, clock, app } = stepUpApp({
        create,
        routes: ({ requireFreshStepUp, current }) => ({
          '/who': [
            requireFreshStepUp(RULE),
            (req, res) => sendJson(res, [current(req), (req as { auth?: unknown }).auth]),
          ], // set by the guard
        }),
      });
      const { headers, session } = await signedIn(auth, { userId: 'ada', proofs: { key: '1m' } });
      const { body } = await new Browser(app).get('/who', { headers });
      const who = {
        via: 'cookie',
        userId: 'ada',
        session,
        proofs: [{ method: 'key', verifiedAt: clock.now() - 60_000 }],
      };
      assert.deepEqual(body, [who, who]);
    });
  }

  for (const delivery of ['cookie', 'bearer', 'token-cookies'] as const) {
    it(`takes a session of the delivery ${delivery}`, async () => {
      const { auth, app } = stepUpApp();
      const fresh = await signedIn(auth, { userId: 'ada', proofs: { key: 0 }, delivery });
      assert.equal((await new Browser(app).post('/key', { headers: fresh.headers })).status, 200);
      const { headers } = await signedIn(auth, { userId: 'ada', delivery });
      assertAsked(await new Browser(app).post('/key', { headers }), { acr_values: 'phr', max_age: '300' });
    });
  }

  it('is no middleware by itself', async () => {
    const { auth } = stepUpApp();
    const bare = auth.requireFreshStepUp as unknown as Middleware; // what JavaScript lets one write
    const { app, errors } = stepUpApp({ routes: () => ({ '/bare': [bare] }) });
    assert.equal((await new Browser(app).get('/bare')).status, 599);
    assert.ok(errors[0] instanceof SetupError);
    assert.match(errors[0].message, /not a guard itself/);
  });
});

describe('a session at a step-up guard', () => {
  const ended: Readonly<Record<string, (scene: Proved) => unknown>> = {
    'that was revoked': ({ auth, id }) => auth.sessions.revoke(id),
    'that was idle for too long': ({ clock }) => clock.advance('7d'),
    'past its absolute end': ({ clock }) => clock.advance('30d'),
    'that was signed out': ({ browser, app }) => copyOf(browser, app).post('/auth/logout'),
    'whose user ended it from another one': async ({ signIn, id }) => (await signIn()).delete(`/auth/sessions/${id}`),
    'of a user who was forgotten': ({ auth }) => auth.forgetUser('ada'),
  };

  for (const [which, end] of Object.entries(ended)) {
    it(`is refused, ${which}`, async () => {
      const scene = await proved();
      assert.equal((await scene.browser.post('/key')).status, 200);
      await end(scene);
      assertRefused(await scene.browser.post('/key'), 401, 'session_invalid');
      assert.deepEqual(scene.passed, ['/key']);
    });
  }

  it('is refused when another site sends the request', async () => {
    const { browser } = await proved();
    assertRefused(await browser.post('/key', { headers: { 'Sec-Fetch-Site': 'cross-site' } }), 403, 'cross_origin');
  });

  it('is neither passed nor refused while the store fails', async () => {
    const store = faultyStore(memoryStore());
    const { browser, passed } = await proved({ store });
    store.replace('find', () => {
      throw new Error('the disk is gone');
    });
    assertRefused(await browser.post('/key'), 500, 'store_unavailable');
    store.mend();
    assert.deepEqual(passed, []);
    assert.equal((await browser.post('/key')).status, 200);
  });

  it('is refused by the second of two guards when it was revoked between them', async () => {
    const ids: string[] = [];
    const scene = await proved({
      routes: ({ requireSession, requireFreshStepUp, sessions }) => {
        const revoke: Middleware = (_req, _res, next) => void sessions.revoke(ids.join()).then(() => next(), next);
        return {
          '/session-first': [requireSession, revoke, requireFreshStepUp(RULE)],
          '/twice': [requireFreshStepUp(RULE), revoke, requireFreshStepUp(RULE)],
        };
      },
    });
    ids.push(scene.id);
    assertRefused(await scene.browser.post('/twice'), 401, 'session_invalid');
    ids[0] = (await scene.browser.signIn({ method: 'key' })).session.id;
    assertRefused(await scene.browser.post('/session-first'), 401, 'session_invalid');
    assert.deepEqual(scene.passed, []);
  });

  it('is judged by the proofs that the second guard finds', async () => {
    const store = memoryStore();
    const ids: string[] = [];
    const scene = await proved({
      store,
      routes: ({ requireFreshStepUp, clock }) => {
        const drop: Middleware = (_req, _res, next) =>
          void store.sessions.change(ids.join(), { type: 'drop-proofs' }, clock.now()).then(() => next(), next);
        return { '/twice': [requireFreshStepUp(RULE), drop, requireFreshStepUp(RULE)] };
      },
    });
    ids.push(scene.id);
    assertAsked(await scene.browser.post('/twice'), { acr_values: 'phr', max_age: '300' });
  });
});

describe('an API key at a step-up guard', () => {
  it('is refused, however new it is', async () => {
    const { app, passed } = stepUpApp({
      apiKeys: { prefix: 'bank_', verify: () => ({ userId: 'ada' }) },
      routes: ({ requireSession, requireFreshStepUp }) => ({
        '/after': [requireSession({ apiKeys: true }), requireFreshStepUp(RULE)],
      }),
    });
    const headers = { Authorization: 'Bearer bank_1' };
    for (const path of ['/key', '/after']) {
      assertRefused(await new Browser(app).post(path, { headers }), 403, 'api_key_refused');
    }
    assert.deepEqual(passed, []);
  });
});

describe('the session token from before a step-up', () => {
  it('passes no step-up guard: neither while the new one waits nor in the overlap nor later', async () => {
    const key = fakeKey();
    const app = stepUpApp({ methods: [key], rules: { '/key': RULE } });
    const browser = await app.signIn('ada', { method: 'key' });
    const old = copyOf(browser, app.app);
    assert.equal((await old.post('/key')).status, 200);
    await stepUp(browser, key);
    assert.equal(assertAsked(await old.post('/key'), { acr_values: 'phr', max_age: '300' }).reason, 'missing');
    assert.equal((await browser.post('/key')).status, 200);
    app.clock.advance(44.999); // a use before 45 s confirms nothing
    assert.equal((await browser.post('/key')).status, 200);
    await app.auth.flush();
    app.clock.advance('10s');
    assertAsked(await old.post('/key'), { acr_values: 'phr', max_age: '300' });
    await confirm(app, browser);
    app.clock.advance(9.999);
    assertAsked(await old.post('/key'), { acr_values: 'phr', max_age: '300' });
    app.clock.advance(0.001);
    assertRefused(await old.post('/key'), 401, 'session_invalid');
  });
});
