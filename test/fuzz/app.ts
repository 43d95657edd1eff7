import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import Database from 'better-sqlite3';
import express, { type ErrorRequestHandler } from 'express';
import {
  type Delivery,
  type GuardRequest,
  password,
  Refusal,
  recoveryCode,
  sendRefusal,
  stepgate,
} from '../../lib/index.js';
import { passkey } from '../../lib/methods/passkey/index.js';
import { totp } from '../../lib/methods/totp/index.js';
import { sqliteStore } from '../../lib/stores/sqlite/index.js';
import { manualClock } from '../../lib/testing/index.js';
import { ORIGIN, SECRET } from '../support/instance.js';
import { pin } from '../support/pin.js';

export const PASSWORD = 'correct horse battery staple';
export const API_KEY = 'key_of-a-machine';

export type FuzzedApp = Awaited<ReturnType<typeof fuzzedApp>>;

/** An app that has all of stepgate, on a port, over a SQLite file. `faults` is what no request may cause. */
export async function fuzzedApp() {
  const folder = mkdtempSync(join(tmpdir(), 'stepgate-fuzz-'));
  const file = join(folder, 'app.db');
  const clock = manualClock();
  const faults: string[] = [];
  const fault = (what: string, cause: unknown): void => void faults.push(`${what}: ${inspect(cause)}`);
  const auth = stepgate({
    secret: SECRET,
    issuer: ORIGIN,
    store: sqliteStore(file, { timeout: '1m' }),
    storeTimeout: '2m', // a slow disk is no bug
    clock,
    methods: [
      passkey({ rpID: 'app.example', rpName: 'Example', origins: [ORIGIN] }),
      totp(),
      password({ verify: (_, given) => given === PASSWORD }),
      pin,
      recoveryCode(),
    ],
    users: { find: (id) => ({ name: id }) },
    apiKeys: { prefix: 'key_', verify: (key) => (key === API_KEY ? { userId: 'machine' } : null) },
    onEvent(event) {
      if ('error' in event) fault(event.type, event.error);
    },
  });
  const { requireSession, requireFreshStepUp } = auth;

  const app = express();
  app.post('/login', express.json(), async (req, res) => {
    const { userId, password: given, delivery } = (req.body ?? {}) as Readonly<Record<string, unknown>>; // any JSON
    const isUser = typeof userId === 'string' && /^user-[\w-]{1,40}$/.test(userId);
    if (!isUser || given !== PASSWORD || !isDelivery(delivery)) return void res.sendStatus(401);
    res.json((await auth.signIn(req, res, { userId, method: 'password', delivery })).body);
  });
  app.all('/me', requireSession, (req, res) => void res.json(req.auth));
  app.all('/maybe', requireSession({ optional: true }), (req, res) => void res.json(req.auth));
  app.all('/machine', requireSession({ apiKeys: true }), (req, res) => void res.json(req.auth));
  const done: express.RequestHandler = (_req, res) => void res.json({ done: true });
  app.all('/same-origin', auth.requireSameOrigin, done);
  app.all('/fresh', requireFreshStepUp({ method: 'passkey', maxAge: '5m' }), done);
  const totpRule = { method: 'totp', maxAge: '5m' } as const;
  const passwordRule = { method: ['password', 'pin'], maxAge: '10m' } as const;
  app.all('/any', requireFreshStepUp({ anyOf: [totpRule, passwordRule] }), done);
  app.all('/all', requireFreshStepUp({ allOf: [totpRule, passwordRule] }), done);
  app.all('/once', requireFreshStepUp({ method: ['passkey', 'totp'], once: true }), done);
  const bind = ({ body }: GuardRequest) => ({ to: body['to'], amount: body['amount'] });
  const summary = ({ to, amount }: ReturnType<typeof bind>) => `Send ${String(amount)} to ${String(to)}`;
  app.all('/transfers', express.json(), requireFreshStepUp({ method: 'passkey', bind, summary }), done);
  app.all('/enrol', auth.requireEnrolmentProof, done);
  app.all(
    '/password',
    requireSession,
    async (req, res) => void res.json((await auth.credentialsChanged(req, res)).body),
  );
  app.all('/authenticate', async (req, res) => void res.json((await auth.authenticate(req)).outcome));
  app.all('/sign-out', async (req, res) => {
    await auth.signOut(req, res);
    res.sendStatus(204);
  });
  app.use('/auth', auth.router());
  app.use('/managed', auth.router({ manageSessions: { method: 'passkey', maxAge: '5m' } }));
  app.use('/parsed', express.json(), auth.router());
  app.use(((error: { readonly status?: unknown }, _req, res, _next) => {
    if (error instanceof Refusal) return sendRefusal(res, error);
    // The body parser and the router of Express say what was wrong with a request by the status of their error.
    const { status } = error;
    if (typeof status === 'number' && status < 500) return void res.sendStatus(status);
    fault('an error reached the app', error);
    res.sendStatus(500);
  }) satisfies ErrorRequestHandler);

  const rejected = (reason: unknown): void => fault('unhandled rejection', reason);
  process.on('unhandledRejection', rejected);
  const server = createServer({ keepAliveTimeout: 0 }, app).listen(0, '127.0.0.1'); // no client is cut off for being slow
  await once(server, 'listening');

  return {
    auth,
    clock,
    faults,
    port: (server.address() as AddressInfo).port, // it listens on a port
    /** Every row as text, by table. */
    async rows(): Promise<Readonly<Record<string, readonly string[]>>> {
      await auth.flush();
      const db = new Database(file, { readonly: true });
      const tables = db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
      const rows = (table: string) =>
        db
          .prepare(`SELECT * FROM ${table}`)
          .all()
          .map((row) => JSON.stringify(row));
      const all = Object.fromEntries(tables.map((table) => [table, rows(table)]));
      db.close();
      return all;
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await auth.close();
      process.off('unhandledRejection', rejected);
      rmSync(folder, { recursive: true });
    },
  };
}

function isDelivery(value: unknown): value is Delivery {
  return value === 'cookie' || value === 'bearer' || value === 'token-cookies';
}
