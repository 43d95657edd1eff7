import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Store } from '../../lib/stores/contract/store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { forRules } from '../support/stores.js';
import { codeOf, cookieHeader, cookiesOf, opened, type TokenAnswer, type TokenAppOptions, tokenApp } from './app.js';

const OVERLAP = 10_000;

/** A session whose token has just been replaced by a refresh, with access tokens that live long enough to see it. */
async function rotated(store: Store, options: TokenAppOptions = {}) {
  const app = tokenApp({ store, accessTokenLifetime: '1d', ...options });
  const previous = await app.signIn();
  app.clock.advance('1m');
  const current: TokenAnswer = (await app.refresh(previous.refresh_token).expect(200)).body;
  return { app, previous, current };
}

describe('the previous session token', () => {
  forRules((_name, makeStore) => {
    it('works as long as nobody has used the current one', async () => {
      const { app, previous } = await rotated(await opened(makeStore));
      await app.me(previous.access_token).expect(200);
      app.clock.advance('1h');
      await app.me(previous.access_token).expect(200);
    });

    it('works until the overlap after the first use of the current one ends', async () => {
      const { app, previous, current } = await rotated(await opened(makeStore));
      app.clock.advance('5m');
      await app.confirm(current.access_token);
      const confirmedAt = app.clock.now();
      app.clock.set(confirmedAt + OVERLAP - 1);
      await app.me(previous.access_token).expect(200);
      app.clock.set(confirmedAt + OVERLAP);
      assert.equal(codeOf(await app.me(previous.access_token).expect(401)), 'session_invalid');
      const refused = app.events.at(-1);
      assert.ok(refused?.type === 'session.refused');
      assert.equal(refused.reason, 'replaced');
      await app.me(current.access_token).expect(200);
    });

    it('ends with the first use of the current one without an overlap', async () => {
      const { app, previous, current } = await rotated(await opened(makeStore), { tokenOverlap: 0 });
      await app.me(previous.access_token).expect(200);
      await app.confirm(current.access_token);
      await app.me(previous.access_token).expect(401);
    });

    it('is only the last one', async () => {
      const { app, previous, current } = await rotated(await opened(makeStore));
      app.clock.advance('1m');
      const next: TokenAnswer = (await app.refresh(current.refresh_token).expect(200)).body;
      await app.me(previous.access_token).expect(401);
      await app.me(current.access_token).expect(200);
      await app.me(next.access_token).expect(200);
    });

    it('ends with the session', async () => {
      const { app, previous, current } = await rotated(await opened(makeStore));
      await app.auth.sessions.revoke(current.session_id);
      await app.me(previous.access_token).expect(401);
    });
  });

  it('has no proof, where the current one keeps that of the sign-in', async () => {
    const { app, previous, current } = await rotated(memoryStore());
    const proofsOf = async ({ access_token }: TokenAnswer) => (await app.me(access_token).expect(200)).body.proofs;
    assert.deepEqual(await proofsOf(previous), []);
    assert.deepEqual(
      (await proofsOf(current)).map(({ method }: { method: string }) => method),
      ['password'],
    );
  });

  it('reads, but ends no session and changes no credential', async () => {
    const { app, previous, current } = await rotated(memoryStore());
    const other = await app.signIn();
    const asked = (method: 'get' | 'delete' | 'post', path: string) =>
      app.http[method](path).set('Authorization', `Bearer ${previous.access_token}`);
    await asked('get', '/auth/session').expect(200);
    await asked('get', '/auth/sessions').expect(200);
    for (const refused of [
      asked('delete', `/auth/sessions/${other.session_id}`),
      asked('delete', `/auth/sessions/${current.session_id}`),
      asked('delete', '/auth/sessions'),
      asked('delete', '/auth/sessions?keep=current'),
      asked('post', '/password'),
    ]) {
      assert.equal(codeOf(await refused.expect(401)), 'session_invalid');
    }
    await app.me(other.access_token).expect(200);
    await app.me(current.access_token).expect(200);
  });

  it('works in an access cookie until the overlap after a use that the current one is old enough for', async () => {
    const app = tokenApp();
    const previous = await app.signInWithCookies();
    app.clock.advance('1m');
    const res = await app.http.post('/auth/token/refresh').set('Cookie', cookieHeader(previous)).expect(200);
    const madeAt = app.clock.now();
    const me = (cookies: Readonly<Record<string, string>>) => app.http.get('/me').set('Cookie', cookieHeader(cookies));
    for (const age of [0, 44_999]) {
      app.clock.set(madeAt + age);
      await me(cookiesOf(res)).expect(200);
      await app.auth.flush();
    }
    app.clock.set(madeAt + 44_999 + OVERLAP);
    await me(previous).expect(200);
    await me(cookiesOf(res)).expect(200);
    await app.auth.flush();
    app.clock.set(madeAt + 44_999 + 2 * OVERLAP);
    await me(previous).expect(401);
    await me(cookiesOf(res)).expect(200);
  });
});
