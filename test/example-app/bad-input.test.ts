import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import request from 'supertest';
import { bankForTests } from './bank.js';

const PASSWORD = 'correct horse battery staple';
const bank = await bankForTests();

const credentials = { email: 'mallory@example.com', password: PASSWORD };
const json = 'application/json';
const badInput: readonly { what: string; body: string; type?: string; status: number; field?: string }[] = [
  { what: 'no body', body: '', status: 400, field: 'email' },
  {
    what: 'a form',
    body: 'email=a%40example.com&password=12345678',
    type: 'application/x-www-form-urlencoded',
    status: 400,
  },
  { what: 'cut-off JSON', body: '{"email":"a@example.com","passw', status: 400 },
  { what: 'a list', body: '[]', status: 400, field: 'email' },
  { what: 'null', body: 'null', status: 400 },
  { what: 'an unknown charset', body: '{}', type: 'application/json; charset=klingon', status: 415 },
  { what: 'more than 16 KiB', body: JSON.stringify({ ...credentials, more: 'x'.repeat(17_000) }), status: 413 },
  { what: 'no e-mail address', body: JSON.stringify({ password: PASSWORD }), status: 400, field: 'email' },
  {
    what: 'an e-mail address that is a number',
    body: JSON.stringify({ ...credentials, email: 7 }),
    status: 400,
    field: 'email',
  },
  {
    what: 'an e-mail address without @',
    body: JSON.stringify({ ...credentials, email: 'mallory' }),
    status: 400,
    field: 'email',
  },
  {
    what: 'an e-mail address with a null byte',
    body: JSON.stringify({ ...credentials, email: 'm\0@example.com' }),
    status: 400,
    field: 'email',
  },
  {
    what: 'an e-mail address of 255 characters',
    body: JSON.stringify({ ...credentials, email: `${'m'.repeat(243)}@example.com` }),
    status: 400,
    field: 'email',
  },
  { what: 'no password', body: JSON.stringify({ email: credentials.email }), status: 400, field: 'password' },
  {
    what: 'a password that is a list',
    body: JSON.stringify({ ...credentials, password: [PASSWORD] }),
    status: 400,
    field: 'password',
  },
  {
    what: 'a password of 7 characters',
    body: JSON.stringify({ ...credentials, password: '1234567' }),
    status: 400,
    field: 'password',
  },
  {
    what: 'a password of 7 characters that are two units long',
    body: JSON.stringify({ ...credentials, password: '🗝'.repeat(7) }),
    status: 400,
    field: 'password',
  },
  {
    what: 'a password of 129 characters',
    body: JSON.stringify({ ...credentials, password: 'x'.repeat(129) }),
    status: 400,
    field: 'password',
  },
];

describe('what the bank answers to bad input', () => {
  for (const path of ['/signup', '/login']) {
    for (const { what, body, type = json, status, field } of badInput) {
      it(`refuses ${what} at ${path} with ${status}`, async () => {
        const answer = await request(bank.origin).post(path).set('Content-Type', type).send(body);
        assert.equal(answer.status, status, answer.text);
        assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/);
        assert.equal(answer.body.field, field);
        assert.ok(answer.body.detail.length > 0);
        assert.equal(answer.headers['set-cookie'], undefined);
        assert.doesNotMatch(answer.text, /at \S+ \(|node_modules|12345678|passw$/);
      });
    }
  }

  it('refuses a sign-in with an unknown delivery', async () => {
    const { body } = await request(bank.origin)
      .post('/login')
      .send({ ...credentials, delivery: 'pigeon' })
      .expect(400);
    assert.equal(body.field, 'delivery');
  });

  it('refuses a password change without a session, and one to a short password', async () => {
    await request(bank.origin).post('/password').send({ next: 'long enough' }).expect(401);
    await request(bank.origin).post('/signup').send(credentials).expect(201);
    const bearer = await request(bank.origin)
      .post('/login')
      .send({ ...credentials, delivery: 'bearer' })
      .expect(200);
    const { body } = await request(bank.origin)
      .post('/password')
      .auth(bearer.body.access_token, { type: 'bearer' })
      .send({ next: 'short' })
      .expect(400);
    assert.equal(body.field, 'next');
  });

  it('answers 404 for what is not there, as for a path that cannot be decoded', async () => {
    for (const path of ['/nothing', '/%', '/..%2fapp.ts', '/.git/config']) {
      const { status } = await request(bank.origin).get(path);
      assert.ok(status === 404 || status === 400, `${path}: ${status}`);
    }
  });

  it('writes nothing to the log for any of it', () => {
    assert.equal(bank.errors(), '');
  });
});
