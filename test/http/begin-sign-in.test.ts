import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import type { Delivery } from '../../lib/stores/contract/sessions.js';
import { type StepUpAppOptions, stepUpApp } from '../step-up/app.js';
import { type FakeMethod, fakeCode, fakeKey, WRONG } from '../step-up/fake-methods.js';
import { handle as answering, sendJson } from '../support/app.js';
import { Browser } from '../support/browser.js';

const FIVE_MINUTES = 300;
const DELIVERIES = ['cookie', 'bearer', 'token-cookies'] as const satisfies readonly Delivery[];

/** An app whose `/begin` takes the password as checked, and asks for a second factor. */
function arrange(options: StepUpAppOptions = {}) {
  const [key, code] = [fakeKey(), fakeCode()];
  const users = new Map([['ada', { name: 'ada' }]]);
  const app = stepUpApp({
    methods: [key, code],
    users: { find: (id) => (id === 'ada' ? (users.get(id) ?? null) : { name: id }) },
    ...options,
    routes: (auth) => ({
      '/password': [answering((req, res) => auth.credentialsChanged(req, res))],
      '/begin': [
        (req, res, next) => {
          const { as = 'ada', delivery, ...rest } = JSON.parse(String(req.headers['x-options'] ?? '{}')); // by `begin`
          auth
            .beginSignIn(req, res, {
              userId: as,
              method: 'password',
              then: ['key', 'code'],
              ...(delivery === undefined ? {} : { delivery }),
              ...rest,
            })
            .then((body) => sendJson(res, body), next);
        },
      ],
    }),
  });
  return { ...app, key, code, users };
}

function begin(browser: Browser, options: object = {}): Promise<Response> {
  return browser.post('/begin', { headers: { 'x-options': JSON.stringify(options) } });
}

async function complete(browser: Browser, pending: string, method: FakeMethod, response?: object): Promise<Response> {
  const { name } = method;
  if (method.begin === undefined) {
    const body = { pending, method: name, response: response ?? method.right(null) };
    return browser.post('/auth/sign-in/complete', { body });
  }
  const asked = await browser.post('/auth/sign-in/options', { body: { pending, method: name } });
  assert.equal(asked.status, 200, asked.text);
  const { challengeId, options } = asked.body;
  const body = { pending, method: name, challengeId, response: response ?? method.right(options) };
  return browser.post('/auth/sign-in/complete', { body });
}

const refused = (response: Response): unknown => [response.status, response.body.code];

describe('a sign-in that waits for a second factor', () => {
  for (const delivery of DELIVERIES) {
    for (const name of ['key', 'code'] as const) {
      it(`is completed by a ${name}, with ${delivery}`, async () => {
        const app = arrange();
        const browser = new Browser(app.app);
        const begun = await begin(browser, { delivery });
        assert.equal(begun.status, 200, begun.text);
        const { pending, ...told } = begun.body;
        const expiresAt = app.clock.now() + FIVE_MINUTES * 1_000;
        assert.deepEqual(told, { methods: ['key', 'code'], expiresAt, expiresIn: FIVE_MINUTES });
        assert.deepEqual(await app.auth.sessions.listForUser('ada'), { sessions: [], after: null });

        app.clock.advance(10);
        const done = await complete(browser, pending, app[name]);
        assert.equal(done.status, 200, done.text);
        const headers = delivery === 'bearer' ? { Authorization: `Bearer ${done.body.access_token}` } : {};
        const me = await browser.get('/me', { headers });
        assert.deepEqual(
          me.body.proofs,
          [
            { method: 'password', verifiedAt: app.clock.now() - 10_000 },
            { method: name, verifiedAt: app.clock.now() },
          ],
          me.text,
        );
        assert.equal(me.body.session.authenticatedAt, app.clock.now() - 10_000);
      });
    }
  }

  it('keeps both proofs after a refresh, with token-cookies', async () => {
    const app = arrange({ delivery: 'token-cookies' });
    const browser = new Browser(app.app);
    const { pending } = (await begin(browser)).body;
    assert.equal((await complete(browser, pending, app.code)).status, 200);
    const before = (await browser.get('/me')).body.proofs;
    app.clock.advance(60);
    assert.equal((await browser.post('/auth/token/refresh')).status, 200);
    assert.deepEqual((await browser.get('/me')).body.proofs, before);
    assert.equal(before.length, 2);
  });

  it('keeps both proofs after a refresh, with bearer', async () => {
    const app = arrange({ delivery: 'bearer' });
    const browser = new Browser(app.app);
    const { pending } = (await begin(browser)).body;
    const proofsBy = async (token: string): Promise<readonly object[]> =>
      (await browser.get('/me', { headers: { Authorization: `Bearer ${token}` } })).body.proofs;
    const { access_token, refresh_token } = (await complete(browser, pending, app.code)).body;
    const before = await proofsBy(access_token);
    app.clock.advance(60);
    const refreshed = await browser.post('/auth/token/refresh', { body: { refresh_token } });
    assert.notEqual(refreshed.body.refresh_token, refresh_token);
    assert.deepEqual(await proofsBy(refreshed.body.access_token), before);
    assert.equal(before.length, 2);
  });

  for (const delivery of DELIVERIES) {
    it(`ends and evicts nothing before it is completed, with ${delivery}`, async () => {
      const app = arrange({ maxSessionsPerUser: 1 });
      const browser = await app.signIn();
      const { sessions: before } = await app.auth.sessions.listForUser('ada');
      const { pending } = (await begin(browser, { delivery })).body;
      assert.equal((await complete(browser, pending, app.code, WRONG)).status, 403);
      assert.equal((await browser.get('/me')).status, 200);
      assert.deepEqual((await app.auth.sessions.listForUser('ada')).sessions, before);
      assert.equal((await complete(browser, pending, app.code)).status, 200);
      const { sessions: after } = await app.auth.sessions.listForUser('ada');
      assert.deepEqual(
        after.map((session) => session.delivery),
        [delivery],
      );
    });
  }

  it('takes label, data and lifetimes along, and shows the client none of them', async () => {
    const app = arrange();
    const browser = new Browser(app.app);
    const options = { label: 'my phone', data: { tenant: 'acme' }, idleLifetime: '1h', absoluteLifetime: '2h' };
    const { pending } = (await begin(browser, { ...options, persistent: false })).body;
    assert.equal(/acme|phone/.test(Buffer.from(pending.split('.').at(-1), 'base64url').toString('latin1')), false);
    const done = await complete(browser, pending, app.code);
    assert.equal(done.status, 200, done.text);
    assert.equal(String(done.headers['set-cookie']).includes('__Host-session='), true);
    assert.doesNotMatch(String([done.headers['set-cookie']].flat()[0]), /__Host-session=[^;]+;.*Max-Age/);
    const { session } = (await browser.get('/me')).body;
    assert.deepEqual([session.label, session.data], ['my phone', { tenant: 'acme' }]);
    assert.equal(session.expiresAt - session.createdAt, 2 * 3_600_000);
    assert.equal(session.idleExpiresAt - session.lastSeenAt, 3_600_000);
  });

  for (const delivery of DELIVERIES) {
    it(`is tried again after a wrong code, and used up by a right one, with ${delivery}`, async () => {
      const app = arrange();
      const browser = new Browser(app.app);
      const { pending } = (await begin(browser, { delivery })).body;
      const before = new Map(browser.cookies);
      assert.deepEqual(refused(await complete(browser, pending, app.code, WRONG)), [403, 'step_up_failed']);
      assert.equal((await complete(browser, pending, app.code)).status, 200);
      assert.deepEqual(refused(await complete(browser, pending, app.code)), [403, 'sign_in_refused']);
      const again = new Browser(app.app, before); // with the cookie that the first one has given up
      assert.deepEqual(refused(await complete(again, pending, app.code)), [403, 'sign_in_refused']);
    });
  }

  it('makes one session of two right answers at once', async () => {
    const app = arrange();
    const browser = new Browser(app.app);
    const { pending } = (await begin(browser)).body;
    const answers = await Promise.all([complete(browser, pending, app.code), complete(browser, pending, app.code)]);
    assert.deepEqual(
      answers.map(({ status }) => status).sort((a, b) => a - b),
      [200, 403],
    );
    assert.equal((await app.auth.sessions.listForUser('ada')).sessions.length, 1);
  });

  it('shares the limits of the user with every other of theirs, whatever their deliveries', async () => {
    const app = arrange();
    for (const delivery of [...DELIVERIES, 'bearer'] as const) {
      const browser = new Browser(app.app);
      const { pending } = (await begin(browser, { delivery })).body;
      for (let wrong = 0; wrong < 5; wrong++) {
        assert.deepEqual(refused(await complete(browser, pending, app.code, WRONG)), [403, 'step_up_failed']);
      }
      assert.deepEqual(refused(await complete(browser, pending, app.code)), [429, 'method_locked']);
    }
    const browser = new Browser(app.app);
    const { pending } = (await begin(browser)).body;
    assert.deepEqual(refused(await complete(browser, pending, app.code)), [429, 'method_locked']);
  });

  it('is refused to a user who has none of the methods, and leaves that to the app', async () => {
    const app = arrange();
    const browser = new Browser(app.app);
    const response = await begin(browser, { as: 'nobody' });
    const [error] = app.errors;
    assert.equal((error as { code?: string }).code, 'step_up_unavailable');
    assert.equal(response.headers['set-cookie'], undefined);
  });

  for (const [why, act] of Object.entries<(app: ReturnType<typeof arrange>, browser: Browser) => unknown>({
    'after five minutes': ({ clock }) => clock.advance(FIVE_MINUTES),
    'after a change of the password': async (app) => {
      await app.auth.sessions.revokeAllForUser('ada');
    },
    'after a change of the password in another browser': async (app) => {
      const other = await app.signIn();
      app.clock.advance(1); // what began in the same millisecond counts as begun before
      assert.equal((await other.post('/password')).status, 200);
      await other.delete('/auth/sessions');
    },
    'to a user who was disabled meanwhile': (app) => app.users.clear(),
    'in another browser': (_app, browser) => browser.cookies.clear(),
    'in a browser with another cookie': (_app, browser) => browser.cookies.set('__Host-sign-in', 'A'.repeat(43)),
  })) {
    // A pending sign-in of `bearer` is bound to no browser.
    for (const delivery of DELIVERIES.filter((one) => one !== 'bearer' || !why.startsWith('in '))) {
      it(`is refused ${why}, with ${delivery}`, async () => {
        const app = arrange();
        const browser = new Browser(app.app);
        const { pending } = (await begin(browser, { delivery })).body;
        await act(app, browser);
        assert.deepEqual(refused(await complete(browser, pending, app.code)), [403, 'sign_in_refused']);
        assert.deepEqual((await app.auth.sessions.listForUser('ada')).sessions, []);
      });
    }
  }

  it('is not completed by a method that was removed meanwhile, nor by one that was not asked for', async () => {
    const app = arrange();
    const browser = new Browser(app.app);
    app.key.users.delete('ada');
    const { pending, methods } = (await begin(browser)).body;
    assert.deepEqual(methods, ['code']);
    app.key.users.add('ada');
    const other = await browser.post('/auth/sign-in/options', { body: { pending, method: 'key' } });
    assert.deepEqual(refused(other), [400, 'request_invalid']);
    app.code.users.delete('ada');
    assert.deepEqual(refused(await complete(browser, pending, app.code)), [403, 'step_up_unavailable']);
  });

  it('takes no challenge of another pending sign-in, and none twice', async () => {
    const app = arrange();
    const [one, other] = [new Browser(app.app), new Browser(app.app)];
    const pending = [(await begin(one)).body.pending, (await begin(other)).body.pending];
    const asked = (await one.post('/auth/sign-in/options', { body: { pending: pending[0], method: 'key' } })).body;
    const { challengeId, options } = asked;
    const answer = { method: 'key', challengeId, response: app.key.right(options) };
    const stolen = await other.post('/auth/sign-in/complete', { body: { pending: pending[1], ...answer } });
    assert.deepEqual(refused(stolen), [403, 'sign_in_refused']);
    const wrong = { ...answer, pending: pending[0], response: WRONG };
    assert.deepEqual(refused(await one.post('/auth/sign-in/complete', { body: wrong })), [403, 'step_up_failed']);
    const again = await one.post('/auth/sign-in/complete', { body: { pending: pending[0], ...answer } });
    assert.deepEqual(refused(again), [403, 'sign_in_refused']);
  });

  for (const [what, body, code] of [
    ['no body', {}, 'sign_in_refused'],
    ['a pending value of another type', { pending: 7, method: 'code', response: {} }, 'sign_in_refused'],
    [
      'a forged pending value',
      { pending: `v1.${'a'.repeat(8)}.${'b'.repeat(16)}.${'c'.repeat(22)}.dd` },
      'sign_in_refused',
    ],
    ['a pending value without end', { pending: 'x'.repeat(40_000) }, 'sign_in_refused'],
    ['an unknown field', { pending: 'x', user: 'bea' }, 'request_invalid'],
  ] as const) {
    it(`refuses ${what}, without a 500`, async () => {
      const app = arrange();
      for (const path of ['/auth/sign-in/options', '/auth/sign-in/complete']) {
        const response = await new Browser(app.app).post(path, { body });
        assert.ok(response.status === 400 || response.status === 403, response.text);
        if (path.endsWith('complete')) assert.equal(response.body.code, code);
      }
    });
  }

  for (const [what, options, says] of [
    ['without `then`', { then: [] }, /`then` must be a list of methods/],
    ['with an unknown method in `then`', { then: ['paskey'] }, /Write some of: key, code/],
    ['with the first factor in `then`', { method: 'code', then: ['code', 'key'] }, /must be another method/],
    ['with a word that `signIn` refuses', { userId: '' }, /`userId`/],
  ] as const) {
    it(`rejects a call ${what}`, async () => {
      const app = arrange();
      const req = { headers: {}, method: 'POST' } as never; // whatever comes, the options are looked at first
      const call = app.auth.beginSignIn(req, {} as never, {
        userId: 'ada',
        method: 'password',
        then: ['code'],
        ...options,
      });
      await assert.rejects(call, says);
    });
  }
});
