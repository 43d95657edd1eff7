import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { describe, it } from '@jest/globals';
import type { ApiKeysOption } from '../../lib/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { altered, codeOf, cookiesOf, tokenApp } from './app.js';

const KEY = 'bank_4f1d';

/** An app that knows one key, and a store that fails whenever it is asked: no API key may get so far. */
function appWithKeys(verify: ApiKeysOption['verify'] = knowsOne, asked: string[] = []) {
  const find = () => Promise.reject(new Error('The store was asked.'));
  const app = tokenApp({
    store: altered(memoryStore(), { find, get: find }),
    storeTimeout: 0.05,
    apiKeys: {
      prefix: 'bank_',
      verify(key, req) {
        asked.push(key);
        return verify(key, req);
      },
    },
  });
  const withKey = (path: string, key: string) => app.http.get(path).set('Authorization', `Bearer ${key}`);
  return { ...app, withKey, asked };
}

const knowsOne: ApiKeysOption['verify'] = (key) =>
  key === KEY ? { userId: 'ada', key: { id: 7, scopes: ['read'] } } : null;

describe('an API key', () => {
  it('passes a guard that takes API keys, and has no session', async () => {
    const { withKey } = appWithKeys();
    const { body } = await withKey('/machine', KEY).expect(200);
    assert.deepEqual(body, { via: 'api-key', userId: 'ada', session: null, key: { id: 7, scopes: ['read'] } });
  });

  it('may be checked asynchronously, and need not say more than whose it is', async () => {
    const { withKey } = appWithKeys(async () => ({ userId: 'ada' }));
    const { body } = await withKey('/machine', KEY).expect(200);
    assert.deepEqual(body, { via: 'api-key', userId: 'ada', session: null, key: null });
  });

  it('is handed to the app with its request', async () => {
    const { withKey } = appWithKeys((_key, req) => ({ userId: req.headers['x-tenant']?.toString() ?? '' }));
    const { body } = await withKey('/machine', KEY).set('X-Tenant', 'blue').expect(200);
    assert.equal(body.userId, 'blue');
  });

  it('is refused by every other guard and route', async () => {
    const { withKey, http } = appWithKeys();
    for (const path of ['/me', '/optional', '/auth/session', '/auth/sessions']) {
      const res = await withKey(path, KEY).expect(403);
      assert.equal(codeOf(res), 'api_key_refused', path);
      assert.equal(res.get('Cache-Control'), 'no-store');
    }
    for (const [method, path] of [
      ['delete', '/auth/sessions'],
      ['delete', '/auth/sessions/AAAAAAAAAAAAAAAAAAAAAA'],
      ['post', '/password'],
    ] as const) {
      assert.equal(codeOf(await http[method](path).auth(KEY, { type: 'bearer' }).expect(403)), 'api_key_refused', path);
    }
  });

  it('is refused with 401 when the app does not know it', async () => {
    const app = appWithKeys();
    for (const path of ['/machine', '/me', '/optional', '/auth/session']) {
      const res = await app.withKey(path, 'bank_unknown').expect(401);
      assert.equal(codeOf(res), 'session_invalid');
      assert.match(res.get('WWW-Authenticate') ?? '', /error="invalid_token"/);
    }
    const reasons = new Set(app.events.map((event) => event.type === 'session.refused' && event.reason));
    assert.deepEqual([...reasons], ['api-key']);
  });

  it('is told by its prefix, to the letter', async () => {
    const { withKey, asked } = appWithKeys();
    await withKey('/machine', 'bank_').expect(401);
    for (const other of ['BANK_4f1d', ' bank', 'ban', 'x.bank_4f1d']) await withKey('/machine', other).expect(401);
    assert.deepEqual(asked, ['bank_']);
  });

  it('is an access token like any other where the app has no API keys', async () => {
    const app = tokenApp();
    const res = await app.http.get('/machine').auth(KEY, { type: 'bearer' }).expect(401);
    assert.equal(codeOf(res), 'session_invalid');
  });

  it('comes in the Authorization header only', async () => {
    const { http, asked } = appWithKeys();
    for (const name of ['__Host-session', '__Host-access']) {
      const res = await http.get('/machine').set('Cookie', `${name}=${KEY}`).expect(401);
      assert.equal(codeOf(res), 'session_invalid');
    }
    for (const res of [
      await http.get(`/machine?access_token=${KEY}&api_key=${KEY}`).expect(401),
      await http.get('/machine').set('X-Api-Key', KEY).expect(401),
      await http.get('/machine').set('Authorization', `Basic ${KEY}`).expect(401),
    ]) {
      assert.equal(codeOf(res), 'session_required');
    }
    assert.deepEqual(asked, []);
  });

  it('beats cookies and is not retried with them', async () => {
    const app = tokenApp({ apiKeys: { prefix: 'bank_', verify: knowsOne } });
    const session = cookiesOf(await app.http.post('/login').send({ userId: 'grace', delivery: 'cookie' }).expect(200));
    const cookie = `__Host-session=${session['__Host-session']}`;
    const get = (path: string, key: string) =>
      app.http.get(path).set('Cookie', cookie).set('Authorization', `Bearer ${key}`);
    assert.equal((await get('/machine', KEY).expect(200)).body.userId, 'ada');
    await get('/machine', 'bank_unknown').expect(401);
    await get('/me', KEY).expect(403);
    assert.equal((await app.http.get('/machine').set('Cookie', cookie).expect(200)).body.via, 'cookie');
  });

  it('needs no same origin, since no browser adds it by itself', async () => {
    const { http } = appWithKeys();
    const res = await http.post('/machine').auth(KEY, { type: 'bearer' }).set('Origin', 'https://other.example');
    assert.equal(res.status, 200);
  });

  it('is refused by authenticate() unless it is asked for', async () => {
    const { withKey } = appWithKeys();
    assert.deepEqual((await withKey('/authenticate', KEY)).body, { outcome: 'refused', code: 'api_key_refused' });
    const { body } = await withKey('/authenticate', KEY).set('X-Api-Keys', 'yes');
    assert.equal(body.outcome, 'authenticated');
    assert.equal(body.auth.via, 'api-key');
    const unknown = await withKey('/authenticate', 'bank_unknown').set('X-Api-Keys', 'yes');
    assert.deepEqual(unknown.body, { outcome: 'refused', code: 'session_invalid' });
  });
});

describe('an app that fails to check an API key', () => {
  const SECRET = 'the connection string with its password';
  const failures: Readonly<Record<string, () => unknown>> = {
    throws: () => {
      throw new Error(SECRET);
    },
    rejects: () => Promise.reject(new Error(SECRET)),
    'never answers': () => new Promise(() => {}),
    'answers nothing': () => undefined,
    'answers yes': () => true,
    'answers with a word': () => 'ada',
    'answers without a user': () => ({}),
    'answers with a number for the user': () => ({ userId: 7 }),
    'promises nothing': () => Promise.resolve(undefined),
  };

  for (const [how, fail] of Object.entries(failures)) {
    it(`answers 500 store_unavailable when it ${how}`, async () => {
      const app = appWithKeys(fail as ApiKeysOption['verify']); // as JavaScript would let it
      const res = await app.withKey('/machine', KEY).expect(500);
      assert.equal(codeOf(res), 'store_unavailable');
      assert.ok(!res.text.includes(SECRET) && !res.text.includes(KEY));
      const [event] = app.events;
      assert.ok(event?.type === 'dependency.failed');
      assert.equal(event.operation, 'apiKeys.verify');
      assert.ok(event.error instanceof Error && !inspect(event).includes(KEY));
    });
  }
});
