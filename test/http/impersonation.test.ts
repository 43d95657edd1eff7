import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import { Refusal } from '../../lib/http/refusal.js';
import type { Middleware } from '../../lib/http/require-session.js';
import { copyOf, type StepUpAppOptions, stepUp, stepUpApp, verify } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { sendJson } from '../support/app.js';
import { Browser } from '../support/browser.js';

/** An app in which whoever is signed in may act as anybody: `/act` and `/back`. */
function arrange(options: StepUpAppOptions = {}) {
  const [key, code] = [fakeKey(), fakeCode()];
  key.users.add('admin');
  code.users.add('admin');
  const app = stepUpApp({
    methods: [key, code],
    ...options,
    routes: (auth) => {
      const answering =
        (act: (...args: Parameters<Middleware>) => Promise<{ body: object }>): Middleware =>
        (req, res, next) =>
          act(req, res, next).then(
            ({ body }) => sendJson(res, body),
            (error: unknown) => {
              if (!(error instanceof Refusal)) return next(error);
              res.statusCode = error.status;
              return sendJson(res, { code: error.code });
            },
          );
      return {
        '/act': [
          answering((req, res) =>
            auth.impersonate(req, res, { userId: String(req.headers['x-user'] ?? 'ada'), reason: 'ticket 7' }),
          ),
        ],
        '/back': [answering((req, res) => auth.endImpersonation(req, res))],
        '/password': [answering((req, res) => auth.credentialsChanged(req, res))],
      };
    },
  });
  return { ...app, key, code };
}

const act = (browser: Browser, user?: string): Promise<Response> =>
  browser.post('/act', { headers: user === undefined ? {} : { 'x-user': user } });
const back = (browser: Browser): Promise<Response> => browser.post('/back');
const me = async (browser: Browser): Promise<string | null> => {
  const response = await browser.get('/me');
  return response.status === 200 ? response.body.userId : null;
};

describe('an admin who acts as a user', () => {
  it('goes back to the same session, without its proofs', async () => {
    const app = arrange();
    const admin = await app.signIn('admin');
    const { session: before, proofs } = (await admin.get('/me')).body;
    assert.equal(proofs.length, 1);
    const begun = await act(admin);
    assert.equal(begun.status, 200, begun.text);
    const { userId, session, impersonator, proofs: none } = (await admin.get('/me')).body;
    assert.deepEqual([userId, none], ['ada', []]);
    assert.deepEqual(impersonator, { userId: 'admin', reason: 'ticket 7' });
    assert.deepEqual([session.ip, session.userAgent, session.impersonated], [null, null, true]);
    assert.equal((await back(admin)).status, 200);
    const after = (await admin.get('/me')).body;
    assert.deepEqual([after.userId, after.session.id, after.proofs], ['admin', before.id, []]);
    assert.deepEqual([...admin.cookies.keys()], ['__Host-session']);
    assert.deepEqual((await app.auth.sessions.listForUser('ada')).sessions, []);
    assert.deepEqual(
      app.events.filter(({ type }) => type.startsWith('impersonation.')).map(({ type }) => type),
      ['impersonation.started', 'impersonation.ended'],
    );
  });

  it('is told in an event, with the reason', async () => {
    const app = arrange();
    const admin = await app.signIn('admin');
    const { session_id: sessionId } = (await act(admin)).body;
    const [told] = app.told('impersonation.started') as { ip?: string }[];
    const { ip: _, ...rest } = told ?? {};
    const about = { userId: 'ada', sessionId, impersonatorId: 'admin', reason: 'ticket 7' };
    assert.deepEqual(rest, { type: 'impersonation.started', ...about });
  });

  it("shows the user neither the admin's address nor the reason", async () => {
    const app = arrange();
    const user = await app.signIn('ada');
    const admin = await app.signIn('admin');
    await act(admin);
    const { sessions } = (await user.get('/auth/sessions')).body;
    assert.equal(sessions.length, 2);
    const [theirs] = sessions.filter(({ impersonated }: { impersonated?: true }) => impersonated);
    assert.deepEqual([theirs.ip, theirs.userAgent, theirs.label], [null, null, null]);
    assert.doesNotMatch(JSON.stringify(sessions), /ticket|admin/);
  });

  it('is outside the cap of the user', async () => {
    const app = arrange({ maxSessionsPerUser: 1 });
    const user = await app.signIn('ada');
    const admin = await app.signIn('admin');
    await act(admin);
    assert.equal(await me(user), 'ada');
    const again = await app.signIn('ada');
    assert.deepEqual([await me(user), await me(again), await me(admin)], [null, 'ada', 'ada']);
  });

  it('has no session token of the own session meanwhile', async () => {
    const app = arrange();
    const admin = await app.signIn('admin');
    const before = copyOf(admin, app.app);
    await act(admin);
    assert.equal(await me(before), null);
    const swapped = new Browser(app.app);
    swapped.cookies.set('__Host-session', String(admin.cookies.get('__Host-return')));
    assert.equal(await me(swapped), null);
  });

  it('proves and confirms nothing, and changes neither sessions nor methods', async () => {
    const app = arrange();
    const other = await app.signIn('ada');
    const admin = await app.signIn('admin');
    const { session } = await app.signIn('ada').then(async (browser) => (await browser.get('/me')).body);
    await act(admin);
    const refusals = [
      await admin.get('/code'),
      await admin.post('/auth/step-up/options', { body: { method: 'code' } }),
      await verify(admin, 'code', { code: 'code' }),
      await admin.delete('/auth/sessions'),
      await admin.delete('/auth/sessions?keep=current'),
      await admin.delete(`/auth/sessions/${session.id}`),
      await admin.post('/password'),
      await act(admin, 'bea'),
    ];
    assert.deepEqual(
      refusals.map(({ status, body }) => [status, body.code]),
      refusals.map(() => [403, 'restricted']),
    );
    assert.equal(await me(other), 'ada');
    assert.equal(await me(admin), 'ada');
  });

  for (const [how, end] of Object.entries<(app: ReturnType<typeof arrange>) => Promise<unknown>>({
    'all of the admin are revoked': ({ auth }) => auth.sessions.revokeAllForUser('admin'),
    'all of the user are revoked': ({ auth }) => auth.sessions.revokeAllForUser('ada'),
    'the admin is forgotten': ({ auth }) => auth.forgetUser('admin'),
  })) {
    it(`has ended when ${how}`, async () => {
      const app = arrange();
      const admin = await app.signIn('admin');
      await act(admin);
      await end(app);
      assert.equal(await me(admin), null);
      assert.deepEqual((await app.auth.sessions.listForUser('ada')).sessions, []);
      assert.equal((await back(admin)).status, 401);
    });
  }

  it('ends with the absolute lifetime of the own session', async () => {
    const app = arrange({ absoluteLifetime: '10h', idleLifetime: '10h' });
    const admin = await app.signIn('admin');
    app.clock.advance(9 * 3_600);
    await act(admin);
    assert.equal(await me(admin), 'ada');
    app.clock.advance(3_600);
    assert.equal(await me(admin), null);
  });

  it('keeps the own session from ending idle', async () => {
    const app = arrange({ idleLifetime: '10m' });
    const admin = await app.signIn('admin');
    await act(admin);
    for (let minutes = 0; minutes < 60; minutes += 5) {
      app.clock.advance(300);
      assert.equal(await me(admin), 'ada');
      await app.auth.flush();
    }
    assert.equal((await back(admin)).status, 200);
    assert.equal(await me(admin), 'admin');
  });

  it('logs out of both', async () => {
    const app = arrange();
    const admin = await app.signIn('admin');
    await act(admin);
    assert.equal((await admin.post('/auth/logout')).status, 204);
    assert.equal(admin.cookies.size, 0);
    for (const user of ['admin', 'ada']) assert.deepEqual((await app.auth.sessions.listForUser(user)).sessions, []);
  });

  it('leaves no session of the own behind by signing in anew', async () => {
    const app = arrange();
    const admin = await app.signIn('admin');
    await act(admin);
    await admin.signIn({ userId: 'bea' });
    assert.deepEqual([...admin.cookies.keys()], ['__Host-session']);
    for (const user of ['admin', 'ada']) assert.deepEqual((await app.auth.sessions.listForUser(user)).sessions, []);
  });

  it('acts as one user of two at once', async () => {
    const app = arrange();
    const admin = await app.signIn('admin');
    const answers = await Promise.all(['ada', 'bea'].map((user) => act(copyOf(admin, app.app), user)));
    assert.deepEqual(
      answers.map(({ status }) => status).sort((a, b) => a - b),
      [200, 401],
    );
    const left = await Promise.all(['ada', 'bea'].map((user) => app.auth.sessions.listForUser(user)));
    assert.equal(left.flatMap(({ sessions }) => sessions).length, 1);
  });

  it('asks for the same origin, on any method', async () => {
    const app = arrange();
    const admin = await app.signIn('admin');
    const headers = { 'Sec-Fetch-Site': 'cross-site' };
    assert.equal((await admin.get('/act', { headers })).body.code, 'cross_origin');
    await act(admin);
    assert.equal((await admin.get('/back', { headers })).body.code, 'cross_origin');
    assert.equal(await me(admin), 'ada');
  });

  it('comes by cookie only', async () => {
    const app = arrange();
    const browser = new Browser(app.app);
    const { access_token } = (await browser.signIn({ userId: 'admin', delivery: 'bearer' })).body;
    const answer = await browser.post('/act', { headers: { Authorization: `Bearer ${access_token}` } });
    assert.deepEqual([answer.status, answer.body.code], [400, 'request_invalid']);
  });

  it('steps up again after going back', async () => {
    const app = arrange();
    const admin = await app.signIn('admin');
    await stepUp(admin, app.code);
    assert.equal((await admin.get('/code')).status, 200);
    await act(admin);
    await back(admin);
    assert.equal((await admin.get('/code')).body.code, 'step_up_required');
    await stepUp(admin, app.code);
    assert.equal((await admin.get('/code')).status, 200);
  });

  for (const [what, options] of Object.entries({
    'without a reason': { userId: 'ada' },
    'with an empty reason': { userId: 'ada', reason: ' ' },
    'with a reason without end': { userId: 'ada', reason: 'x'.repeat(256) },
    'without a user': { reason: 'ticket 7' },
    'with an unknown option': { userId: 'ada', reason: 'ticket 7', label: 'x' },
  })) {
    it(`is refused at set-up ${what}`, async () => {
      const app = arrange();
      const call = app.auth.impersonate({} as never, {} as never, options as never); // what TypeScript refuses
      await assert.rejects(call, { name: 'SetupError' });
    });
  }
});
