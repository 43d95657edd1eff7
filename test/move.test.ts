import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { copyStore } from '../lib/copy/index.js';
import { manualClock } from '../lib/testing/index.js';
import { answer, copyOf, verify } from './step-up/app.js';
import { fakeCode, WRONG } from './step-up/fake-methods.js';
import { assertPresence, passkeyApp, withPasskey } from './step-up/passkeys.js';
import { assertRefused } from './support/answers.js';
import { Browser } from './support/browser.js';
import { withStores } from './support/stores.js';

const REFRESH = '/auth/token/refresh';

for (const [from, to] of [
  ['sqlite', 'postgres'],
  ['postgres', 'sqlite'],
  ['memory', 'redis'],
  ['redis', 'postgres'],
] as const) {
  withStores(`an app that moves from ${from} to ${to}`, [from, to], (makeFrom, makeTo) => {
    it('keeps who is signed in, proofs, methods and locks, and what was ended stays ended', async () => {
      const clock = manualClock();
      const old = passkeyApp({ store: await makeFrom(), clock });
      const withKey = await withPasskey(old);
      const presence = await assertPresence(withKey);
      assert.equal(presence.status, 200);
      const { body: phone } = await new Browser(old.app).signIn({ userId: 'bea', delivery: 'bearer' });
      const revoked = await old.signIn('bea');
      await old.auth.sessions.revoke((await revoked.get('/me')).body.session.id);
      const ended = await old.signIn('cleo');
      await old.auth.sessions.revokeAllForUser('cleo');
      const guessed = await old.signIn('bea');
      for (let count = 0; count < 5; count += 1) await verify(guessed, 'code', WRONG);
      const failures = { key: 'failures code', limit: null, window: null };
      for (let count = 5; count < 100; count += 1) await old.store.attempts?.count('bea', [failures], clock.now());
      await withKey.browser.get('/me');
      await old.auth.flush();
      const before = (await withKey.browser.get('/me')).body;

      const store = await makeTo();
      const copied = await copyStore(old.store, store, { clock });
      assert.deepEqual(
        { ...copied, attempts: 0 },
        {
          sessions: 3,
          notBefore: 1,
          attempts: 0,
          passkeys: 1,
          totp: 0,
          recoveryCodes: 0,
        },
      );
      const app = passkeyApp({ store, clock });

      const browser = copyOf(withKey.browser, app.app);
      const { body } = await browser.get('/me');
      assert.deepEqual(body, before);
      assert.equal((await browser.get('/passkey')).status, 200);
      clock.advance('10m');
      assert.equal((await browser.get('/passkey')).status, 401);
      assert.equal((await assertPresence({ ...withKey, browser })).status, 200);
      assert.equal((await browser.get('/passkey')).status, 200);

      const refreshed = await new Browser(app.app).post(REFRESH, { body: { refresh_token: phone.refresh_token } });
      assert.equal(refreshed.status, 200, refreshed.text);
      assert.equal(refreshed.body.session_id, phone.session_id);
      const headers = { Authorization: `Bearer ${refreshed.body.access_token}` };
      assert.equal((await new Browser(app.app).get('/me', { headers })).status, 200);

      for (const gone of [revoked, ended])
        assertRefused(await copyOf(gone, app.app).get('/me'), 401, 'session_invalid');
      const late = await new Browser(app.app).post('/login', {
        body: { userId: 'cleo', startedAt: clock.now() - 600_000 },
      });
      assertRefused(late, 403, 'sign_in_refused');
      assertRefused(await answer(copyOf(guessed, app.app), fakeCode()), 403, 'method_disabled');
    });
  });
}
