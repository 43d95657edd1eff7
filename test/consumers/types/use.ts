import express, { type Request } from 'express';
import { memoryStore, password, Refusal, SetupError, type Store, stepgate } from 'stepgate';
import 'stepgate/express';
import { storeConformance } from 'stepgate/conformance';
import { copyStore } from 'stepgate/copy';
import { passkey } from 'stepgate/passkey';
import { postgresStore } from 'stepgate/postgres';
import { redisStore } from 'stepgate/redis';
import { sqliteStore } from 'stepgate/sqlite';
import { signedIn, softwareAuthenticator } from 'stepgate/testing';
import { totp } from 'stepgate/totp';

declare module 'stepgate' {
  interface SessionData {
    tenant?: string;
  }
}

const store: Store = process.env['FILE'] === undefined ? memoryStore() : sqliteStore(process.env['FILE']);
const auth = stepgate({
  secret: process.env['SECRET'],
  issuer: 'https://app.example',
  store,
  methods: [
    password({ verify: (userId, given) => userId === given }),
    passkey({ rpID: 'app.example', rpName: 'App', origins: ['https://app.example'] }),
    totp(),
  ],
});

const app = express();
app.use('/auth', auth.router());
app.get('/me', auth.requireSession, (req: Request, res) => {
  const tenant: string | undefined = req.auth?.session?.data?.tenant;
  res.json({ userId: req.auth?.userId, tenant });
});
app.post('/pay', auth.requireFreshStepUp({ method: ['passkey', 'totp'], maxAge: '5m' }), (req, res) => {
  res.end(req.auth.userId);
});
const confirmed = auth.requireFreshStepUp({
  method: 'passkey',
  bind: ({ body }) => ({ cents: Number(body['cents']) }),
});
app.post('/transfers/:to', auth.requireSession, confirmed, (req, res) => {
  res.end(`${req.auth.action.payload.cents.toFixed(2)} to ${req.params.to}`);
});
// @ts-expect-error no such method is configured
auth.requireFreshStepUp({ method: 'sms', maxAge: '5m' });

export function codeOf(error: unknown): string | null {
  return error instanceof Refusal || error instanceof SetupError ? error.code : null;
}

export const used = [storeConformance, copyStore, postgresStore, redisStore, signedIn, softwareAuthenticator];
