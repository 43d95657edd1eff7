import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { afterAll, describe, it } from '@jest/globals';
import connectPgSimple from 'connect-pg-simple';
import { RedisStore } from 'connect-redis';
import type express from 'express';
import session from 'express-session';
import { Passport } from 'passport';
import { Strategy } from 'passport-local';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { expressSession } from '../../lib/adapters/express-session.js';
import { answer, copyOf, stepUp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';
import { Browser } from '../support/browser.js';
import { cleanUp } from '../support/clean-up.js';
import { confirmPayment } from '../support/foreign-app.js';
import { type TestInstance, testInstance } from '../support/instance.js';
import { describeIfPresent } from '../support/needs.js';
import { missingPostgres } from '../support/postgres.js';
import { type ConnectedPostgres, connectPostgres } from '../support/postgres-store.js';
import { missingRedis, type RedisServer, startRedisServer } from '../support/redis-server.js';

declare module 'express-session' {
  interface SessionData {
    signedInAt: number;
    data: string;
  }
}

const express4 = createRequire(import.meta.url)('express-4') as typeof express; // the alias has no types of its own
const key = fakeKey();
const code = fakeCode();

interface SessionStore {
  readonly name: string;
  readonly missing?: string | undefined;
  make(): Promise<session.Store>;
  stop?(): Promise<void>;
}

const stores: readonly SessionStore[] = [
  { name: 'memory', make: async () => new session.MemoryStore() },
  inRedis(),
  inPostgres(),
];

function inRedis(): SessionStore {
  let server: RedisServer | undefined;
  return {
    name: 'connect-redis',
    missing: missingRedis,
    async make() {
      server ??= await startRedisServer();
      const client = createClient({ socket: { path: server.path, tls: false } });
      await client.connect();
      cleanUp(() => client.destroy());
      return new RedisStore({ client });
    },
    stop: async () => server?.stop(),
  };
}

function inPostgres(): SessionStore {
  let server: ConnectedPostgres | undefined;
  return {
    name: 'connect-pg-simple',
    missing: missingPostgres,
    async make() {
      server ??= await connectPostgres();
      const pool = new Pool(server.config);
      const store = new (connectPgSimple(session))({ pool, createTableIfMissing: true, pruneSessionInterval: false });
      cleanUp(async () => {
        await pool.query('DROP TABLE IF EXISTS session');
        await pool.end();
      });
      return store;
    },
    stop: async () => server?.stop(),
  };
}

interface ExistingApp extends TestInstance<string> {
  readonly app: express.Express;
  readonly calls: Record<'get' | 'set' | 'touch' | 'destroy', number>;
  signIn(userId?: string): Promise<Browser>;
}

const PASSWORD = 'sesame';

/** As its team has written it long ago, with express-session and passport; and a few lines of stepgate. */
function existingApp(store: session.Store, { destroy = false, guarded = true } = {}): ExistingApp {
  const instance = testInstance({
    methods: [key, code],
    session: expressSession({
      userId: ({ user }) => (user as { readonly id: string } | undefined)?.id, // as deserializeUser makes it
      signedInAt: (req) => req.session.signedInAt,
      destroy,
    }),
  });
  const { auth, clock } = instance;
  const calls = { get: 0, set: 0, touch: 0, destroy: 0 };
  for (const name of ['get', 'set', 'touch', 'destroy'] as const) {
    const was = store[name] as (...args: unknown[]) => unknown; // with a callback, whichever it is
    Object.assign(store, {
      [name]: (...args: unknown[]) => {
        calls[name] += 1;
        return was.apply(store, args);
      },
    });
  }

  const passport = new Passport();
  passport.use(
    new Strategy((name, given, done) => (given === PASSWORD ? done(null, { id: name }) : done(null, false))),
  );
  passport.serializeUser((user, done) => done(null, (user as { readonly id: string }).id));
  passport.deserializeUser((id: string, done) => done(null, { id }));

  const app = express4();
  app.set('trust proxy', true);
  app.use(session({ store, secret: 'of the app', resave: false, saveUninitialized: true, cookie: { secure: false } }));
  app.use(passport.initialize(), passport.session());
  app.use(express4.json());
  app.post('/login', passport.authenticate('local'), (req, res) => {
    req.session.signedInAt = clock.now();
    res.json({});
  });
  app.post('/regenerate', (req, res, next) => {
    const { passport: user, signedInAt } = req.session as typeof req.session & { passport: object }; // passport's own
    req.session.regenerate((error) => {
      Object.assign(req.session, { passport: user, signedInAt });
      if (error) next(error);
      else res.json({});
    });
  });
  app.post('/logout', (req, res, next) => req.logout((error) => (error ? next(error) : res.json({}))));
  if (guarded) {
    app.use('/auth', auth.router());
    app.get('/me', auth.requireSession, (req, res) => res.json(req.auth));
  } else {
    app.get('/me', (req, res) => res.json({ user: req.user }));
  }
  const ok: express.RequestHandler = (_req, res) => res.json({});
  app.post('/key', auth.requireFreshStepUp({ method: 'key', maxAge: '5m' }), ok);
  app.post('/code', auth.requireFreshStepUp({ method: 'code', maxAge: '5m' }), ok);
  app.post('/enrol', auth.requireEnrolmentProof, ok);
  app.post('/pay', auth.requireFreshStepUp({ method: 'key', bind: ({ body }) => ({ to: body['to'] }) }), ok);
  app.use(((_error, _req, res, _next) => res.status(500).end('the page of the app')) as express.ErrorRequestHandler);

  return {
    ...instance,
    app,
    calls,
    async signIn(username = 'ada') {
      const browser = new Browser(app);
      const { status } = await browser.post('/login', { body: { username, password: PASSWORD } });
      assert.equal(status, 200);
      return browser;
    },
  };
}

for (const { name, missing, make, stop } of stores) {
  describeIfPresent(`an Express 4 app with express-session on ${name}, and passport-local`, missing, () => {
    if (stop !== undefined) afterAll(stop);

    it('has guards, actions, attempts and enrolment, and keeps its session and its cookie as they were', async () => {
      const app = existingApp(await make());
      const ada = await app.signIn();
      const thief = copyOf(ada, app.app);
      const cookie = ada.cookies.get('connect.sid');
      assert.equal((await ada.get('/me')).body.userId, 'ada');
      assert.equal((await ada.post('/enrol')).body.code, 'step_up_required'); // ada has a key
      await stepUp(ada, key);
      assert.equal((await ada.post('/enrol')).status, 200);
      assert.equal((await confirmPayment(ada, key)).status, 200);
      assert.equal((await ada.post('/pay', { body: { to: 'bea' } })).status, 200);
      assert.equal((await ada.post('/pay', { body: { to: 'bea' } })).body.reason, 'spent');
      assert.equal((await thief.post('/key')).body.reason, 'missing');
      for (let turn = 0; turn < 5; turn += 1) {
        await ada.post('/auth/step-up/verify', { body: { method: 'code', response: { code: 'wrong' } } });
      }
      assertRefused(await answer(ada, code), 429, 'method_locked');
      assert.equal(ada.cookies.get('connect.sid'), cookie);
    });

    it('knows a visitor without a log-in for nobody', async () => {
      const app = existingApp(await make());
      const visitor = new Browser(app.app);
      for (let turn = 0; turn < 2; turn += 1) assertRefusedBeside(await visitor.get('/me'), 401, 'session_required');
      assert.ok(visitor.cookies.has('connect.sid'));
    });

    it('takes nothing along into another session: by `regenerate`, by passport’s log-out, by another log-in', async () => {
      const app = existingApp(await make());
      const ada = await app.signIn();
      await stepUp(ada, key);
      await ada.post('/regenerate');
      assert.equal((await ada.get('/me')).status, 200);
      assert.equal((await ada.post('/key')).body.reason, 'missing');
      await stepUp(ada, key);
      await ada.post('/logout');
      assert.equal((await ada.post('/key')).body.code, 'session_required');
      for (const username of ['ada', 'bea']) {
        await ada.post('/login', { body: { username, password: PASSWORD } });
        assert.equal((await ada.post('/key')).body.reason, 'missing');
      }
    });

    it('ends what was proved with a log-out by stepgate, and the session where it shall', async () => {
      for (const destroy of [false, true]) {
        const app = existingApp(await make(), { destroy });
        const ada = await app.signIn();
        const other = copyOf(ada, app.app);
        await stepUp(ada, key);
        await stepUp(other, key);
        assert.equal((await ada.post('/auth/logout')).status, 204);
        assert.equal((await other.post('/key')).status, 401);
        assert.equal((await other.get('/me')).status, destroy ? 401 : 200);
      }
    });

    it('is asked for its session exactly as often as without stepgate', async () => {
      const counts = [];
      for (const guarded of [false, true]) {
        const app = existingApp(await make(), { guarded });
        const ada = await app.signIn();
        const before = { ...app.calls };
        for (let turn = 0; turn < 5; turn += 1) assert.equal((await ada.get('/me')).status, 200);
        counts.push(Object.entries(app.calls).map(([call, times]) => [call, times - (before[call as 'get'] ?? 0)]));
      }
      assert.deepEqual(counts[1], counts[0]);
      assert.deepEqual(Object.fromEntries(counts[0] ?? [])['get'], 5);
    });
  });
}

describe('express-session whose store fails', () => {
  it('by an error, is answered by the app', async () => {
    const store = new session.MemoryStore();
    const app = existingApp(store);
    const ada = await app.signIn();
    Object.assign(store, { get: (_id: string, done: (error: Error) => void) => done(new Error('away')) });
    const failed = await ada.post('/key');
    assert.deepEqual([failed.status, failed.text], [500, 'the page of the app']);
  });

  it('by being disconnected, is a failure and no log-out', async () => {
    const store = new session.MemoryStore();
    const { auth } = testInstance({
      methods: [key, code],
      session: expressSession({ userId: ({ session: { data } }) => data }),
    });
    const app = express4();
    app.use(session({ store, secret: 'of the app', resave: false, saveUninitialized: false }), express4.json());
    app.post('/login', (req, res) => {
      req.session.data = 'ada';
      res.json({});
    });
    app.use('/auth', auth.router());
    app.post('/key', auth.requireFreshStepUp({ method: 'key', maxAge: '5m' }), (_req, res) => res.json({}));
    const ada = new Browser(app);
    await ada.post('/login');
    await stepUp(ada, key);
    const cookies = new Map(ada.cookies);
    store.emit('disconnect');
    for (const path of ['/key', '/auth/step-up/verify', '/auth/logout']) {
      assertRefused(await ada.post(path, { body: {} }), 500, 'store_unavailable');
    }
    assert.deepEqual(ada.cookies, cookies);
    store.emit('connect');
    assert.equal((await ada.post('/key')).status, 200);
  });

  it('by failing to destroy the session, fails the log-out', async () => {
    const store = new session.MemoryStore();
    const app = existingApp(store, { destroy: true });
    const ada = await app.signIn();
    Object.assign(store, { destroy: (_id: string, done: (error: Error) => void) => done(new Error('away')) });
    assertRefused(await ada.post('/auth/logout'), 500, 'store_unavailable');
  });
});

describe('the options of expressSession', () => {
  it('are checked', () => {
    for (const [options, message] of [
      [{}, /`expressSession.userId` is missing/],
      [{ userId: () => 'ada', signedInAt: 5 }, /`expressSession.signedInAt` must be a function/],
      [{ userId: () => 'ada', destroy: 'yes' }, /`expressSession.destroy` must be a boolean/],
      [{ userID: () => 'ada' }, /Did you mean `userId`\?/],
    ] as const) {
      assert.throws(() => expressSession(options as never), { name: 'SetupError', message });
    }
  });
});

/** As `assertRefused`, of an app that sets cookies of its own. */
function assertRefusedBeside(
  response: { status: number; body: { code?: string } },
  status: number,
  refusal: string,
): void {
  assert.deepEqual([response.status, response.body.code], [status, refusal]);
}
