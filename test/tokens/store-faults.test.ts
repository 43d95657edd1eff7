import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import type { SessionStore } from '../../lib/stores/contract/sessions.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { pin } from '../support/pin.js';
import { altered, codeOf, cookieHeader, cookiesOf, type TokenAnswer, tokenApp } from './app.js';
import { readJwt } from './jwt.js';

const CAUSE = 'SQLITE_IOERR in /var/lib/app.db';
const reject = () => Promise.reject(new Error(CAUSE));
// What a broken adapter may answer, whatever its types say.
const answering = (value: unknown) => (async () => value) as () => Promise<never>;

/** Two processes on one store: everything works in one; in the other the store has the given operations. */
function twoProcesses(operations: (working: SessionStore) => Partial<SessionStore>) {
  const store = memoryStore();
  const app = tokenApp({ store, methods: [pin] });
  const broken = tokenApp({
    methods: [pin],
    store: altered(store, operations(store.sessions)),
    clock: app.clock,
    storeTimeout: 0.05,
  });
  return { app, broken };
}

function assertUnavailable(res: Response): void {
  assert.equal(res.status, 500);
  assert.equal(codeOf(res), 'store_unavailable');
  assert.equal(res.get('Set-Cookie'), undefined);
  assert.equal(res.get('Cache-Control'), 'no-store');
  assert.ok(!res.text.includes('SQLITE') && !res.text.includes('app.db'));
}

describe('a store that fails during a refresh', () => {
  const failures: Readonly<Record<string, Partial<SessionStore>>> = {
    'rejects the read': { get: reject },
    'throws at the read': {
      get() {
        throw new Error(CAUSE);
      },
    },
    'never answers the read': { get: () => new Promise(() => {}) },
    'answers the read with nothing': { get: answering(undefined) },
    'answers the read with a word': { get: answering('row') },
    'answers the read with half a row': { get: answering({ id: 'A', userId: 'ada' }) },
    'rejects the rotation': { change: reject },
    'never answers the rotation': { change: () => new Promise(() => {}) },
    'answers the rotation with nothing': { change: answering(undefined) },
    'answers the rotation with a number': { change: answering(1) },
    'answers the rotation with half a row': { change: answering({ id: 'A', userId: 'ada' }) },
    'refuses a rotation that nobody else has made': { change: answering(null) },
  };

  for (const [how, operations] of Object.entries(failures)) {
    it(`is answered with 500, and nothing is lost: it ${how}`, async () => {
      const { app, broken } = twoProcesses(() => operations);
      const pair = await app.signIn();
      const cookies = cookieHeader(await app.signInWithCookies());
      app.clock.advance('1h');
      assertUnavailable(await broken.refresh(pair.refresh_token));
      assertUnavailable(await broken.http.post('/auth/token/refresh').set('Cookie', cookies));
      assert.deepEqual(new Set(broken.events.map(({ type }) => type)), new Set(['dependency.failed']));

      const next: TokenAnswer = (await app.refresh(pair.refresh_token).expect(200)).body;
      await app.me(next.access_token).expect(200);
      const res = await app.http.post('/auth/token/refresh').set('Cookie', cookies).expect(200);
      await app.http
        .get('/me')
        .set('Cookie', cookieHeader(cookiesOf(res)))
        .expect(200);
    });
  }

  it('has rotated when only its answer was lost: the next request gets that pair', async () => {
    const { app, broken } = twoProcesses((working) => ({
      async change(...args) {
        await working.change(...args);
        throw new Error(CAUSE);
      },
    }));
    const pair = await app.signIn();
    app.clock.advance('1h');
    assertUnavailable(await broken.refresh(pair.refresh_token));
    const next: TokenAnswer = (await app.refresh(pair.refresh_token).expect(200)).body;
    assert.notEqual(next.refresh_token, pair.refresh_token);
    assert.ok(!app.events.some(({ type }) => type === 'session.refreshed')); // it was the lost one that rotated
    await app.me(next.access_token).expect(200);
  });

  it('has renewed when only its answer was lost: the next request gets that token', async () => {
    const { app, broken } = twoProcesses((working) => ({
      async change(...args) {
        await working.change(...args);
        throw new Error(CAUSE);
      },
    }));
    const pair = await app.signIn();
    await app.stepUp(pair.access_token).expect(200);
    assertUnavailable(await broken.refresh(pair.refresh_token));
    const renewed = await app.store.sessions.get(pair.session_id);
    const next: TokenAnswer = (await app.refresh(pair.refresh_token).expect(200)).body;
    assert.equal(next.refresh_token, pair.refresh_token);
    assert.deepEqual(await app.store.sessions.get(pair.session_id), renewed);
    await app.me(next.access_token).expect(200);
  });

  it('has not let a stolen token pass when it cannot revoke: 500 now, 401 later', async () => {
    const { app, broken } = twoProcesses(() => ({ revoke: reject }));
    const first = await app.signIn();
    app.clock.advance('1m');
    const second: TokenAnswer = (await app.refresh(first.refresh_token).expect(200)).body;
    await app.confirm(second.access_token);
    app.clock.advance('1m');
    assertUnavailable(await broken.refresh(first.refresh_token));
    await app.me(second.access_token).expect(200);
    await app.refresh(first.refresh_token).expect(401);
    await app.me(second.access_token).expect(401);
  });
});

describe('a store that fails elsewhere', () => {
  it('gives 500 at a guard, with the cookies kept, and the token works afterwards', async () => {
    for (const find of [reject, answering(undefined), () => new Promise<never>(() => {})]) {
      const { app, broken } = twoProcesses(() => ({ find }));
      const pair = await app.signIn();
      assertUnavailable(await broken.me(pair.access_token));
      await app.me(pair.access_token).expect(200);
    }
  });

  it('rejects the calls of an app’s own handlers with a refusal, and the old pair goes on', async () => {
    const { app, broken } = twoProcesses(() => ({ insert: reject, replaceCredentials: reject, revoke: reject }));
    const cookies = cookieHeader(await app.signInWithCookies());
    for (const path of ['/login', '/password', '/sign-out']) {
      assertUnavailable(await broken.http.post(path).set('Cookie', cookies).send({ delivery: 'token-cookies' }));
    }
    await app.http.get('/me').set('Cookie', cookies).expect(200);
    await app.http.post('/auth/token/refresh').set('Cookie', cookies).expect(200);
  });

  it('delays no request when it cannot note a first use, and keeps that for later', async () => {
    let fails = true;
    const store = memoryStore();
    const { touch } = store.sessions;
    const app = tokenApp({
      store: altered(store, { touch: (touches, now) => (fails ? reject() : touch(touches, now)) }),
    });
    const parent = await app.signIn();
    app.clock.advance('1m');
    const child: TokenAnswer = (await app.refresh(parent.refresh_token).expect(200)).body;
    await app.me(child.access_token).expect(200);
    const usedAt = app.clock.now();
    await app.auth.flush();
    const failures = app.events.map(({ type }) => type).filter((type) => type.endsWith('failed'));
    assert.deepEqual(new Set(failures), new Set(['touch.failed'])); // the background may have tried it, too
    app.clock.advance('20s');
    fails = false;
    await app.auth.flush();
    app.clock.set(usedAt + 29_999);
    const again: TokenAnswer = (await app.refresh(parent.refresh_token).expect(200)).body;
    assert.equal(readJwt(again.access_token).jti, readJwt(child.access_token).jti);
    app.clock.set(usedAt + 30_000); // the grace period runs from the use, not from when it was written
    await app.refresh(parent.refresh_token).expect(401);
  });
});
