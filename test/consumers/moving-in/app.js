// Moves a passkey and a TOTP out of a real better-auth database, and a TOTP of otplib's defaults, into stepgate, and steps
// up with each.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { passkey as betterAuthPasskey } from '@better-auth/passkey';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { twoFactor } from 'better-auth/plugins';
import Database from 'better-sqlite3';
import express from 'express';
import { Secret, TOTP } from 'otpauth';
import { authenticator } from 'otplib';
import { memoryStore, stepgate } from 'stepgate';
import { passkey } from 'stepgate/passkey';
import { manualClock, signedIn, softwareAuthenticator } from 'stepgate/testing';
import { totp } from 'stepgate/totp';
import { passkeyOf, totpOf } from './move.js';

const ORIGIN = 'https://app.example';
const SECRET = 'a secret of better-auth of 32 bytes or more';
const folder = mkdtempSync(join(tmpdir(), 'moving-in-'));
const db = new Database(join(folder, 'better-auth.db'));
const key = softwareAuthenticator({ origin: ORIGIN, synced: true });

const theirs = await theirUser();
const clock = manualClock(Date.now());
const events = [];
const auth = stepgate({
  secret: 'the secret of stepgate, of 32 bytes or more',
  issuer: ORIGIN,
  store: memoryStore(),
  methods: [passkey({ rpID: 'app.example', rpName: 'Example', origins: [ORIGIN] }), totp()],
  users: { find: (id) => ({ name: id }) },
  clock,
  onEvent: (event) => void events.push(event),
});

const rows = db.prepare('SELECT * FROM passkey').all();
assert.equal(rows.length, 1);
for (const row of rows) await auth.methods.import(row.userId, 'passkey', passkeyOf(row));
const enabled = 'SELECT t.* FROM twoFactor t JOIN user u ON u.id = t.userId WHERE u.twoFactorEnabled';
const totps = db.prepare(enabled).all();
assert.equal(totps.length, 1);
for (const row of totps) await auth.methods.import(row.userId, 'totp', await totpOf(row, SECRET));
assert.deepEqual(
  events.filter(({ type }) => type === 'totp.weak-secret'),
  [],
);

const ofOtplib = authenticator.generateSecret();
assert.equal(Secret.fromBase32(ofOtplib).bytes.length, 10);
await auth.methods.import('otto', 'totp', { secret: ofOtplib });
assert.equal(events.at(-2).type, 'totp.weak-secret');
assert.equal(events.at(-2).bits, 80);

clock.advance('1m');
const app = express().use('/auth', auth.router());
const server = app.listen(0);
await once(server, 'listening');
const post = async ({ headers }, path, body) => {
  const response = await fetch(`http://localhost:${server.address().port}/auth${path}`, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
};

const user = await signedIn(auth, { userId: theirs.id, delivery: 'bearer' });
const { challengeId, options } = (await post(user, '/step-up/options', { method: 'passkey' })).body;
const response = key.get(options);
const byPasskey = await post(user, '/step-up/verify', { method: 'passkey', challengeId, response });
assert.equal(byPasskey.status, 200, JSON.stringify(byPasskey.body));

const again = await signedIn(auth, { userId: theirs.id, delivery: 'bearer' });
const code = codeOf(theirs.totpURI);
const byTotp = await post(again, '/step-up/verify', { method: 'totp', response: { code } });
assert.equal(byTotp.status, 200, JSON.stringify(byTotp.body));

const otto = await signedIn(auth, { userId: 'otto', delivery: 'bearer' });
const theirCode = authenticator.clone({ epoch: clock.now() }).generate(ofOtplib);
const byOtplib = await post(otto, '/step-up/verify', { method: 'totp', response: { code: theirCode } });
assert.equal(byOtplib.status, 200, JSON.stringify(byOtplib.body));

server.close();
await auth.close();
db.close();
rmSync(folder, { recursive: true });
console.log('moved in: a passkey and a TOTP of better-auth, and a TOTP of otplib');

/** A user of better-auth who has added a passkey and set up TOTP there. */
async function theirUser() {
  const settings = {
    database: db,
    secret: SECRET,
    baseURL: ORIGIN,
    trustedOrigins: [ORIGIN],
    emailAndPassword: { enabled: true },
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    plugins: [betterAuthPasskey({ rpID: 'app.example', rpName: 'Example', origin: ORIGIN }), twoFactor()],
  };
  await (await getMigrations(settings)).runMigrations();
  const oldAuth = betterAuth(settings);
  const cookies = new Map();
  const send = async (method, path, body) => {
    const headers = { origin: ORIGIN, 'content-type': 'application/json' };
    if (cookies.size > 0) headers.cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const request = new Request(`${ORIGIN}/api/auth${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = await oldAuth.handler(request);
    for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split('; ');
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    const text = await answer.text();
    assert.equal(answer.status, 200, `${path}: ${text}`);
    return JSON.parse(text);
  };
  const password = 'correct horse battery staple';
  const { user: signedUp } = await send('POST', '/sign-up/email', {
    name: 'Mona',
    email: 'mona@app.example',
    password,
  });
  const creation = await send('GET', '/passkey/generate-register-options');
  await send('POST', '/passkey/verify-registration', { response: key.create(creation), name: 'laptop' });
  const { totpURI } = await send('POST', '/two-factor/enable', { password });
  await send('POST', '/two-factor/verify-totp', { code: TOTP.generate({ secret: secretOf(totpURI) }) });
  return { id: signedUp.id, totpURI };
}

function secretOf(uri) {
  return Secret.fromBase32(new URL(uri).searchParams.get('secret'));
}

/** What the user's authenticator app shows now. */
function codeOf(uri) {
  return TOTP.generate({ secret: secretOf(uri), timestamp: clock.now() });
}
