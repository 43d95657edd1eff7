import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { forRules } from '../support/stores.js';
import { codeOf, opened, type TokenAnswer, type TokenApp, tokenApp } from './app.js';
import { readJwt } from './jwt.js';

const GRACE = 30_000;

async function refreshed(app: TokenApp, refreshToken: string): Promise<TokenAnswer> {
  return (await app.refresh(refreshToken).expect(200)).body;
}

/** Signed in, and the refresh token old enough to be replaced. */
async function parentOf(app: TokenApp): Promise<TokenAnswer> {
  const parent = await app.signIn();
  app.clock.advance('1m');
  return parent;
}

/** Takes the parent for stolen, and with it the session for lost. */
async function assertTheft(app: TokenApp, refreshToken: string, sessionId: string): Promise<void> {
  app.events.length = 0;
  assert.equal(codeOf(await app.refresh(refreshToken).expect(401)), 'refresh_invalid');
  const types = app.events.map((event) => (event.type === 'session.revoked' ? `revoked by ${event.by}` : event.type));
  assert.deepEqual(types, ['session.refresh-reused', 'revoked by theft', 'session.refused']);
  assert.equal(await app.auth.sessions.get(sessionId), null);
}

describe('the rotation of refresh tokens', () => {
  forRules((_name, makeStore) => {
    it('gives 100 parallel requests with one parent the same pair', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      const parent = await parentOf(app);
      const answers = await Promise.all(Array.from({ length: 100 }, () => app.refresh(parent.refresh_token)));
      const [first] = answers;
      assert.ok(first !== undefined);
      for (const { status, body } of answers) assert.deepEqual({ status, body }, { status: 200, body: first.body });
      assert.notEqual(first.body.refresh_token, parent.refresh_token);
      assert.equal(app.events.filter(({ type }) => type === 'session.refreshed').length, 1);
      await app.me(first.body.access_token).expect(200);
      assert.equal((await app.auth.sessions.listForUser('ada')).sessions.length, 1);
    });

    it('refuses 100 parallel requests with a parent whose successor was used, and ends the session', async () => {
      const app = tokenApp({ store: await opened(makeStore), refreshGrace: 0 });
      const parent = await parentOf(app);
      const child = await refreshed(app, parent.refresh_token);
      await app.confirm(child.access_token);
      const answers = await Promise.all(Array.from({ length: 100 }, () => app.refresh(parent.refresh_token)));
      for (const { status, body } of answers) assert.deepEqual([status, body.code], [401, 'refresh_invalid']);
      assert.equal(app.events.filter(({ type }) => type === 'session.revoked').length, 1);
      assert.equal(await app.auth.sessions.get(parent.session_id), null);
      await app.me(child.access_token).expect(401);
    });

    it('gives the same pair an hour after an answer was lost', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      const parent = await parentOf(app);
      const lost = await refreshed(app, parent.refresh_token);
      app.clock.advance('1h');
      const again = await refreshed(app, parent.refresh_token);
      assert.equal(again.refresh_token, lost.refresh_token);
      assert.equal(readJwt(again.access_token).jti, readJwt(lost.access_token).jti);
      await app.me(again.access_token).expect(200); // the lost access token has expired, this one is new
    });

    it('does so as long as the session lives, and without a grace period too', async () => {
      const app = tokenApp({ store: await opened(makeStore), refreshGrace: 0, idleLifetime: '30d' });
      const parent = await parentOf(app);
      const lost = await refreshed(app, parent.refresh_token);
      app.clock.advance('29d');
      assert.equal((await refreshed(app, parent.refresh_token)).refresh_token, lost.refresh_token);
      await app.me(lost.access_token).expect(401);
      await app.me((await refreshed(app, parent.refresh_token)).access_token).expect(200);
    });

    it('takes the parent until the grace period after the first use of the successor ends', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      const parent = await parentOf(app);
      const child = await refreshed(app, parent.refresh_token);
      app.clock.advance(7);
      await app.confirm(child.access_token);
      const confirmedAt = app.clock.now();
      app.clock.set(confirmedAt + GRACE - 1);
      assert.equal((await refreshed(app, parent.refresh_token)).refresh_token, child.refresh_token);
      app.clock.set(confirmedAt + GRACE);
      await assertTheft(app, parent.refresh_token, parent.session_id);
      await app.me(child.access_token).expect(401);
      await app.refresh(child.refresh_token).expect(401);
    });

    it('takes no refresh by the successor for its use: the parent works until it is replaced', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      const parent = await parentOf(app);
      const child = await refreshed(app, parent.refresh_token);
      app.clock.advance(29);
      assert.equal((await refreshed(app, child.refresh_token)).refresh_token, child.refresh_token);
      await app.auth.flush();
      app.clock.advance('1h');
      assert.equal((await refreshed(app, parent.refresh_token)).refresh_token, child.refresh_token);
      await refreshed(app, child.refresh_token); // which makes the next one
      await assertTheft(app, parent.refresh_token, parent.session_id);
    });

    it('does not count the use of the previous session token as one of the successor', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      const parent = await parentOf(app);
      const child = await refreshed(app, parent.refresh_token);
      await app.confirm(parent.access_token);
      app.clock.advance('1h');
      assert.equal((await refreshed(app, parent.refresh_token)).refresh_token, child.refresh_token);
    });

    it('counts the first use only: later ones do not prolong the grace period', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      const parent = await parentOf(app);
      const child = await refreshed(app, parent.refresh_token);
      await app.confirm(child.access_token);
      const confirmedAt = app.clock.now();
      app.clock.set(confirmedAt + GRACE - 1);
      await app.confirm(child.access_token);
      await refreshed(app, parent.refresh_token);
      app.clock.set(confirmedAt + GRACE);
      await assertTheft(app, parent.refresh_token, parent.session_id);
    });

    it('takes a parent of a parent for stolen at once, whether or not its successors were used', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      const first = await parentOf(app);
      const second = await refreshed(app, first.refresh_token);
      app.clock.advance(30);
      const third = await refreshed(app, second.refresh_token);
      assert.notEqual(third.refresh_token, second.refresh_token);
      await assertTheft(app, first.refresh_token, first.session_id);
      for (const { refresh_token } of [second, third]) await app.refresh(refresh_token).expect(401);
      await app.me(third.access_token).expect(401);
    });

    it('answers a young token with itself, up to the grace period after it was made', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      const signedIn = await app.signIn();
      const madeAt = app.clock.now();
      assert.deepEqual(await refreshed(app, signedIn.refresh_token), signedIn);
      app.clock.set(madeAt + GRACE - 1);
      const same = await refreshed(app, signedIn.refresh_token);
      assert.equal(same.refresh_token, signedIn.refresh_token);
      assert.equal(readJwt(same.access_token).jti, readJwt(signedIn.access_token).jti);
      app.clock.set(madeAt + GRACE);
      const child = await refreshed(app, signedIn.refresh_token);
      assert.notEqual(child.refresh_token, signedIn.refresh_token);
      assert.equal((await refreshed(app, child.refresh_token)).refresh_token, child.refresh_token);
    });

    it('makes a successor at every use without a grace period', async () => {
      const app = tokenApp({ store: await opened(makeStore), refreshGrace: 0 });
      const first = await app.signIn();
      const second = await refreshed(app, first.refresh_token);
      const third = await refreshed(app, second.refresh_token);
      assert.equal(new Set([first, second, third].map(({ refresh_token }) => refresh_token)).size, 3);
      await app.me(third.access_token).expect(200);
    });
  });
});
