// Steps up with the passkeys of a real better-auth app, on its sessions. `instance.js` is what the guide shows.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { toNodeHandler } from 'better-auth/node';
import express from 'express';
import { softwareAuthenticator } from 'stepgate/testing';
import { auth, db, ORIGIN } from './auth.js';
import { instance } from './instance.js';

const app = express();
app.all('/api/auth/*splat', toNodeHandler(auth));
app.use(express.json());
app.use('/auth', instance.router());
app.get('/me', instance.requireSession, (req, res) => res.json({ userId: req.auth.userId }));
app.post(
  '/transfers',
  instance.requireFreshStepUp({ method: 'passkey', bind: ({ body }) => ({ to: body.to }) }),
  (_, res) => res.json({}),
);
app.post('/role', instance.requireFreshStepUp({ method: 'passkey', maxAge: '5m' }), (_, res) => res.json({}));
const server = app.listen(0);
await once(server, 'listening');

class Visitor {
  cookies = new Map();

  async send(method, path, body) {
    const cookie = [...this.cookies].map((pair) => pair.join('=')).join('; ');
    const headers = { origin: ORIGIN, 'sec-fetch-site': 'same-origin', 'content-type': 'application/json', cookie };
    const url = `http://localhost:${server.address().port}${path}`;
    const answer = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const isJson = /json/.test(answer.headers.get('content-type') ?? '');
    return { status: answer.status, body: isJson ? await answer.json() : null };
  }

  async ok(method, path, body) {
    const answer = await this.send(method, path, body);
    assert.equal(answer.status, 200, `${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Adds a passkey in better-auth. */
  async addPasskey() {
    const key = softwareAuthenticator({ origin: ORIGIN });
    const creation = await this.ok('GET', '/api/auth/passkey/generate-register-options');
    const response = key.create(creation);
    const { id } = await this.ok('POST', '/api/auth/passkey/verify-registration', { response, name: 'laptop' });
    return { key, id };
  }

  async answer(key, purpose = 'step-up') {
    const { challengeId, options } = await this.ok('POST', '/auth/step-up/options', { method: 'passkey', purpose });
    return { challengeId, response: key.get(options) };
  }

  async stepUp(key) {
    return this.send('POST', '/auth/step-up/verify', { method: 'passkey', ...(await this.answer(key)) });
  }
}

const sessions = () => db.prepare('SELECT * FROM session ORDER BY id').all();
const counters = () => db.prepare('SELECT counter FROM passkey ORDER BY createdAt').pluck().all();

const mona = new Visitor();
assert.equal((await mona.send('GET', '/me')).status, 401);
const account = { name: 'Mona', email: 'mona@app.example', password: 'correct horse battery staple' };
const { user } = await mona.ok('POST', '/api/auth/sign-up/email', account);
assert.deepEqual(await mona.ok('GET', '/me'), { userId: user.id });

const without = await mona.send('POST', '/role');
assert.equal(without.body.code, 'step_up_unavailable');
const { key, id } = await mona.addPasskey();
await waitAMillisecond();

const before = sessions();
const verified = await mona.ok('POST', '/auth/passkey/verify-assertion', await mona.answer(key, 'verify-only'));
assert.deepEqual(verified, { verified: true, userId: user.id });
assert.equal((await mona.send('POST', '/role')).status, 401); // which proved nothing but itself

const asked = await mona.send('POST', '/transfers', { to: 'bea' });
const { id: challengeId, methods } = asked.body.challenge;
const confirmed = { method: 'passkey', challengeId, response: key.get(methods.passkey.options) };
await mona.ok('POST', '/auth/step-up/verify', confirmed);
assert.equal((await mona.send('POST', '/transfers', { to: 'eve' })).status, 401);
await mona.ok('POST', '/transfers', { to: 'bea' });
assert.equal((await mona.send('POST', '/transfers', { to: 'bea' })).body.reason, 'spent');

const [start] = counters();
for (let turn = 0; turn < 50; turn += 1) assert.equal((await mona.stepUp(key)).status, 200);
assert.deepEqual(sessions(), before);
assert.deepEqual(counters(), [start + 50]);
await mona.ok('POST', '/role');

// A copy of the session's cookie, and of the passkey.
const thief = new Visitor();
for (const [name, value] of mona.cookies) if (name !== '__Host-step-up') thief.cookies.set(name, value);
assert.deepEqual(await thief.ok('GET', '/me'), { userId: user.id });
assert.equal((await thief.send('POST', '/role')).body.reason, 'missing');
const answers = [await mona.answer(key), await mona.answer(key)];
const [later] = answers.reverse();
const post = (answer) => mona.send('POST', '/auth/step-up/verify', { method: 'passkey', ...answer });
assert.equal((await post(later)).status, 200);
assert.equal((await post(answers[1])).status, 403); // its counter is behind

// What is done in better-auth counts at once.
const second = await mona.addPasskey();
await waitAMillisecond();
assert.equal((await mona.stepUp(second.key)).status, 200);
const byTheFirst = await mona.answer(key);
await mona.ok('POST', '/api/auth/passkey/delete-passkey', { id });
assert.equal((await post(byTheFirst)).body.unknownCredential, true);
const { passkeys } = await mona.ok('GET', '/auth/passkeys');
assert.equal(passkeys.length, 1);
assert.equal((await mona.send('POST', '/auth/passkeys/options')).status, 404);
await mona.ok('POST', '/api/auth/passkey/delete-passkey', { id: second.id });
assert.equal((await mona.send('POST', '/role')).body.code, 'step_up_unavailable');

// Past its cookie cache: a session that was ended on another device is over at once.
await mona.addPasskey();
db.prepare('DELETE FROM session').run();
assert.equal((await mona.send('GET', '/me')).body.code, 'session_required');
db.close();
const failed = await mona.send('GET', '/me');
assert.deepEqual([failed.status, failed.body.code], [500, 'store_unavailable']);

server.close();
await instance.close();
console.log('beside better-auth: its sessions and its passkeys, as they are');

/** A passkey has to be older than the challenge that it answers. */
async function waitAMillisecond() {
  for (const now = Date.now(); Date.now() <= now + 1; ) await new Promise(setImmediate);
}
