import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import Database from 'better-sqlite3';
import request from 'supertest';
import { newFolder, type RunningBank, startBank } from './bank.js';

const PASSWORD = 'correct horse battery staple';
const folder = await newFolder();
let bank: RunningBank;
beforeAll(async () => {
  bank = await startBank(folder.database);
});
afterAll(async () => {
  await bank.stop();
  await folder.remove();
});

/** A browser of its own: it keeps its cookies. */
async function signedUp(email: string) {
  const browser = request.agent(bank.origin);
  const { body } = await browser.post('/signup').send({ email, password: PASSWORD }).expect(201);
  return { browser, id: String(body.id) };
}

async function signedIn(email: string, password: string) {
  const browser = request.agent(bank.origin);
  await browser.post('/login').send({ email, password }).expect(200);
  return browser;
}

const passwordProof = (password: string) => ({ method: 'password', response: { password } });

describe('the bank', () => {
  it('signs a new user up and in, shows the session and revokes it', async () => {
    const browser = request.agent(bank.origin).set('User-Agent', 'curl/8.5.0');
    const { body: account } = await browser
      .post('/signup')
      .send({ email: ' Ada@Example.com ', password: PASSWORD })
      .expect(201);
    assert.deepEqual(Object.keys(account), ['id', 'email']);
    assert.equal(account.email, 'ada@example.com');

    const { body: me } = await browser.get('/me').expect(200);
    assert.equal(me.email, 'ada@example.com');
    assert.equal(me.userId, account.id);
    assert.equal(me.via, 'cookie');

    const { body: list } = await browser.get('/auth/sessions').expect(200);
    assert.equal(list.sessions.length, 1);
    const [session] = list.sessions;
    assert.equal(session.id, me.session.id);
    assert.equal(session.userAgent, 'curl/8.5.0');
    assert.match(session.ip, /127\.0\.0\.1|::1/);
    assert.equal(session.current, true);

    await browser.delete(`/auth/sessions/${session.id}`).expect(204);
    await browser.get('/me').expect(401);
  });

  it('signs in, and out again', async () => {
    await signedUp('bob@example.com');
    const browser = await signedIn('BOB@example.com', PASSWORD);
    await browser.get('/me').expect(200);
    await browser.post('/auth/logout').expect(204);
    await browser.get('/me').expect(401);
  });

  it('lets a second device be revoked from the first', async () => {
    const { browser: first } = await signedUp('carol@example.com');
    const second = await signedIn('carol@example.com', PASSWORD);
    const { body } = await first.get('/auth/sessions').expect(200);
    const other = body.sessions.find((session: { current: boolean }) => !session.current);
    await first.delete(`/auth/sessions/${other.id}`).expect(204);
    await second.get('/me').expect(401);
    await first.get('/me').expect(200);
  });

  it('ends every other session when the password changes, and takes the new password only', async () => {
    const { browser: first } = await signedUp('dave@example.com');
    const second = await signedIn('dave@example.com', PASSWORD);
    const next = 'another long password';
    await first.post('/password').send({ next }).expect(200);
    await first.get('/me').expect(200);
    await second.get('/me').expect(401);
    await request(bank.origin).post('/login').send({ email: 'dave@example.com', password: PASSWORD }).expect(401);
    await signedIn('dave@example.com', next);
  });

  it('lets exactly one of two parallel password changes win', async () => {
    await signedUp('erin@example.com');
    const browsers = [await signedIn('erin@example.com', PASSWORD), await signedIn('erin@example.com', PASSWORD)];
    const changes = browsers.map((browser, i) => browser.post('/password').send({ next: `the password of ${i}` }));
    const statuses = (await Promise.all(changes)).map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 200).length, 1, String(statuses));
    const winner = statuses.indexOf(200);
    await signedIn('erin@example.com', `the password of ${winner}`);
  });

  it('changes no password without a fresh proof, and ends nothing', async () => {
    const { browser: first } = await signedUp('frank@example.com');
    const second = await signedIn('frank@example.com', PASSWORD);
    await first.delete('/auth/step-up').expect(204);
    const next = 'another long password';
    const { body } = await first.post('/password').send({ next }).expect(401);
    assert.deepEqual(body.rule, { method: ['passkey', 'totp', 'password'], maxAge: 300 });
    await first.post('/auth/step-up/verify').send(passwordProof('not the password')).expect(403);
    await first.post('/password').send({ next }).expect(401);
    await second.get('/me').expect(200);
    await signedIn('frank@example.com', PASSWORD);

    await first.post('/auth/step-up/verify').send(passwordProof(PASSWORD)).expect(200);
    await first.post('/password').send({ next }).expect(200);
    await signedIn('frank@example.com', next);
  });

  it('looks at five of forty guesses at the current password, and lets the owner keep the account', async () => {
    const { browser: owner } = await signedUp('mia@example.com');
    const { headers } = await request(bank.origin)
      .post('/login')
      .send({ email: 'mia@example.com', password: PASSWORD })
      .expect(200);
    const [cookies = ''] = /session=[\w-]{43}/.exec(String(headers['set-cookie'])) ?? []; // they are copied
    const thief = (path: string, body: object) => request(bank.origin).post(path).set('Cookie', cookies).send(body);
    // The sign-in isn't fresh any more.
    await request(bank.origin).delete('/auth/step-up').set('Cookie', cookies).expect(204);

    const statuses: number[] = [];
    for (let guess = 0; guess < 40; guess++) {
      const current = `guess number ${guess}`;
      const { status } = await thief('/auth/step-up/verify', passwordProof(current));
      statuses.push(status);
      await thief('/password', { current, next: 'of the thief' }).expect(401);
    }
    assert.deepEqual(statuses, [...Array(5).fill(403), ...Array(35).fill(429)]);
    await thief('/auth/step-up/verify', passwordProof(PASSWORD)).expect(429);
    await thief('/password', { next: 'of the thief' }).expect(401);
    await owner.get('/me').expect(200);
    await signedIn('mia@example.com', PASSWORD);
  });

  it('looks at ten attempts to sign in at an address within 15 minutes, sent at once as well', async () => {
    await signedUp('nina@example.com');
    for (const email of ['nina@example.com', 'no.nina@example.com']) {
      const guesses = Array.from({ length: 40 }, (_, guess) =>
        request(bank.origin)
          .post('/login')
          .send({ email, password: `guess number ${guess}` }),
      );
      const statuses = (await Promise.all(guesses)).map(({ status }) => status);
      assert.equal(statuses.filter((status) => status === 401).length, 10, String(statuses));
      assert.equal(statuses.filter((status) => status === 429).length, 30, String(statuses));
      const { body, headers } = await request(bank.origin)
        .post('/login')
        .send({ email, password: PASSWORD })
        .expect(429);
      assert.equal(body.code, 'too_many_attempts');
      const wait = Number(headers['retry-after']);
      assert.ok(0 < wait && wait <= 900, String(wait));
    }
  });

  it('forgets wrong attempts to sign in at the first right one', async () => {
    await signedUp('olga@example.com');
    for (let attempt = 0; attempt < 11; attempt++) {
      const password = attempt % 6 === 5 ? PASSWORD : 'not the password';
      const { status } = await request(bank.origin).post('/login').send({ email: 'olga@example.com', password });
      assert.equal(status, password === PASSWORD ? 200 : 401);
    }
    await signedIn('olga@example.com', PASSWORD);
  });

  it('answers a wrong password and an unknown address alike', async () => {
    await signedUp('grace@example.com');
    const wrong = await request(bank.origin)
      .post('/login')
      .send({ email: 'grace@example.com', password: 'not the password' });
    const unknown = await request(bank.origin)
      .post('/login')
      .send({ email: 'nobody@example.com', password: 'not the password' });
    for (const answer of [wrong, unknown]) {
      assert.equal(answer.status, 401);
      assert.equal(answer.headers['set-cookie'], undefined);
    }
    assert.deepEqual(wrong.body, unknown.body);
  });

  it('refuses a second account with the same address, however it is written', async () => {
    await signedUp('heidi@example.com');
    const { body } = await request(bank.origin)
      .post('/signup')
      .send({ email: 'HEIDI@example.com', password: PASSWORD })
      .expect(409);
    assert.equal(body.code, 'email_taken');
    assert.equal(body.field, 'email');
  });

  it('refuses a sign-up or a sign-in that another site starts, and makes no account', async () => {
    const foreign = request.agent(bank.origin).set('Sec-Fetch-Site', 'cross-site');
    const credentials = { email: 'ivan@example.com', password: PASSWORD };
    await foreign.post('/signup').send(credentials).expect(403);
    await signedUp(credentials.email);
    const { headers } = await foreign.post('/login').send(credentials).expect(403);
    assert.equal(headers['set-cookie'], undefined);
  });

  it('goes on reading while another process holds the write lock, and signs up once it lets go', async () => {
    const { browser } = await signedUp('judy@example.com');
    const foreign = new Database(folder.database);
    foreign.exec('BEGIN IMMEDIATE');
    let answered = false;
    const signUp = signedUp('kim@example.com').finally(() => {
      answered = true;
    });
    // Each takes a password check, as long as the sign-up takes until it wants to write.
    for (let i = 0; i < 3; i++) {
      await request(bank.origin).post('/login').send({ email: 'kim@example.com', password: PASSWORD }).expect(401);
      await browser.get('/me').expect(200);
    }
    assert.equal(answered, false);
    foreign.exec('COMMIT');
    foreign.close();
    await signUp;
  });

  it('sends strict security headers with its pages', async () => {
    const { headers } = await request(bank.origin).get('/').expect(200);
    const policy = headers['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|upgrade-insecure/);
    assert.equal(headers['x-powered-by'], undefined);
  });

  it('leads from the account page to the landing page without a session, and back with one', async () => {
    await request(bank.origin).get('/account').expect(302).expect('Location', '/');
    const { browser } = await signedUp('leo@example.com');
    await browser.get('/account').expect(200).expect('Content-Type', /html/);
    await browser.get('/').expect(302).expect('Location', '/account');
  });
});
