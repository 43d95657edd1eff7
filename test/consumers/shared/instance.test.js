import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { memoryStore, password, Refusal, recoveryCode, SetupError, stepgate } from 'stepgate';
import { storeConformance } from 'stepgate/conformance';
import { copyStore } from 'stepgate/copy';
import { passkey } from 'stepgate/passkey';
import { postgresStore } from 'stepgate/postgres';
import { redisStore } from 'stepgate/redis';
import { sqliteStore } from 'stepgate/sqlite';
import { signedIn } from 'stepgate/testing';
import { totp } from 'stepgate/totp';
import request from 'supertest';
import { fakeTime, realTime } from './fake-time.js';

const stores = {
  'in memory': () => memoryStore(),
  'on SQLite': () => sqliteStore(newFile()),
};

const ADA = { name: 'ada', password: 'sesame' };

function newFile() {
  return join(mkdtempSync(join(tmpdir(), 'stepgate-consumer-')), 'app.db');
}

function makeRequest(method, headers) {
  return Object.assign(new IncomingMessage(new Socket()), { method, headers });
}

function makeAuth(store, passwords = new Map()) {
  return stepgate({
    secret: 'a secret of at least thirty-two bytes',
    issuer: 'http://localhost:3000',
    insecureCookies: true,
    store,
    users: { find: (id) => ({ name: id }) },
    methods: [
      password({ verify: (userId, given) => passwords.get(userId) === given }),
      passkey({ rpID: 'localhost', rpName: 'Test', origins: ['http://localhost:3000'] }),
      totp(),
      recoveryCode(),
    ],
  });
}

function makeApp(auth, passwords) {
  const app = express();
  app.use(express.json());
  app.use('/auth', auth.router());
  app.post('/signup', (req, res) => {
    passwords.set(req.body.name, req.body.password);
    res.sendStatus(201);
  });
  app.post('/login', (req, res, next) => {
    if (passwords.get(req.body.name) !== req.body.password) return res.sendStatus(403);
    auth.signIn(req, res, { userId: req.body.name, method: 'password' }).then(({ body }) => res.json(body), next);
  });
  app.get('/me', auth.requireSession, (req, res) => res.json({ userId: auth.current(req).userId }));
  const approve = auth.requireFreshStepUp({ method: 'password', bind: (req) => ({ cents: req.body.cents }) });
  app.post('/transfers', approve, (req, res) => res.json({ sent: req.body.cents }));
  return app;
}

for (const [where, makeStore] of Object.entries(stores)) {
  it(`signs up and in, guards, steps up and revokes, ${where}`, async () => {
    const passwords = new Map();
    const auth = makeAuth(makeStore(), passwords);
    const agent = request.agent(makeApp(auth, passwords));
    await agent.get('/me').expect(401);
    await agent.post('/login').send(ADA).expect(403);
    await agent.post('/signup').send(ADA).expect(201);
    const login = await agent.post('/login').send(ADA).expect(200);
    await agent.get('/me').expect(200, { userId: 'ada' });

    const asked = await agent.post('/transfers').send({ cents: 10 }).expect(401);
    assert.equal(asked.body.code, 'step_up_required');
    const proof = { method: 'password', challengeId: asked.body.challenge.id, response: { password: 'sesame' } };
    await agent.post('/auth/step-up/verify').send(proof).expect(200);
    await agent.post('/transfers').send({ cents: 10 }).expect(200, { sent: 10 });
    await agent.post('/transfers').send({ cents: 10 }).expect(401);

    assert.equal(await auth.sessions.revoke(login.body.session_id), true);
    const revoked = await agent.get('/me').expect(401);
    assert.equal(revoked.body.code, 'session_invalid');
    await auth.close();
  });

  it(`goes on while time is a fake, ${where}`, async () => {
    const auth = makeAuth(makeStore());
    fakeTime();
    try {
      const { headers } = await signedIn(auth, { userId: 'ada' });
      const req = makeRequest('GET', headers);
      await new Promise((resolve, reject) => {
        auth.requireSession(req, new ServerResponse(req), (error) => (error ? reject(error) : resolve(undefined)));
      });
      assert.equal(auth.current(req).userId, 'ada');
    } finally {
      realTime();
    }
    await auth.close();
  });
}

it('tells its errors by instanceof', async () => {
  assert.throws(() => makeAuth(undefined), SetupError);
  const auth = makeAuth(memoryStore());
  const req = makeRequest('POST', { 'sec-fetch-site': 'cross-site' });
  await assert.rejects(auth.signIn(req, new ServerResponse(req), { userId: 'ada', method: 'password' }), Refusal);
  await auth.close();
});

it('copies a store, and has those of PostgreSQL and Redis', async () => {
  const [from, to] = [memoryStore(), sqliteStore(newFile())];
  assert.equal((await copyStore(from, to)).sessions, 0);
  await to.close?.();
  for (const makeStore of [postgresStore, redisStore]) assert.equal(typeof makeStore, 'function');
});

// A share of them: the others would take a minute.
const cases = storeConformance(() => sqliteStore(newFile())).filter(({ skip }) => skip === undefined);
for (const { group, name, run } of cases.filter((_, index) => index % 25 === 0)) it(`${group}: ${name}`, run);
