import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from '@jest/globals';
import type { SqliteStoreOptions } from '../../lib/stores/sqlite/index.js';
import { messageOf, newFile, openStore, start } from '../stores/sqlite/support.js';
import { assertRefused } from '../support/answers.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';

/** Users who were last seen an hour ago, so that a touch of each is due, and another process that has the write lock. */
async function locked(users: number, options?: SqliteStoreOptions) {
  const file = newFile();
  const store = openStore(file, options);
  const instance = testInstance({ store, storeTimeout: '1m' });
  const { app, errors } = testApp(instance.auth);
  const browsers = Array.from({ length: users }, () => new Browser(app));
  for (const [index, browser] of browsers.entries()) await browser.signIn({ userId: `user-${index}` });
  instance.clock.advance('1h');
  instance.events.length = 0;
  const child = start('hold-lock', file);
  assert.equal(await messageOf(child), 'locked');
  const released = once(child, 'exit');
  return { ...instance, app, errors, browsers, release: () => child.send('release'), released };
}

describe('while another process holds the write lock of the SQLite file', () => {
  it('guarded requests are answered though their touches wait; sign-ins and log-outs are done once it lets go', async () => {
    const { auth, app, errors, events, clock, browsers, release } = await locked(20);
    const [last = new Browser(app), ...others] = browsers.toReversed();
    const newcomers = Array.from({ length: 10 }, () => new Browser(app));
    let isReleased = false;
    const afterwards = async <T>(work: Promise<T>): Promise<T> => {
      const done = await work;
      assert.ok(isReleased, 'it was written under the lock of the other process');
      return done;
    };
    const signIns = newcomers.map((browser) => afterwards(browser.signIn({ userId: 'newcomer' })));
    const loggedOut = afterwards(last.post('/auth/logout'));

    for (let round = 0; round < 5; round += 1) {
      const reads = others.flatMap((browser) => ['/me', '/maybe', '/auth/sessions'].map((path) => browser.get(path)));
      const statuses = (await Promise.all(reads)).map(({ status }) => status);
      assert.deepEqual(new Set(statuses), new Set([200]));
      void auth.flush(); // it never rejects
      clock.advance('1m');
    }
    const seenAt = clock.now() - 60_000;

    isReleased = true;
    release();
    await Promise.all(signIns);
    for (const browser of newcomers) assert.equal((await browser.get('/me')).body.userId, 'newcomer');
    assert.equal((await loggedOut).status, 204);
    await auth.flush();
    const { sessions } = await auth.sessions.list({ limit: 1_000 });
    assert.equal(sessions.length, others.length + newcomers.length);
    for (const { userId, lastSeenAt } of sessions) if (userId !== 'newcomer') assert.equal(lastSeenAt, seenAt);
    assert.deepEqual(errors, []);
    assert.deepEqual(
      events.filter(({ type }) => type.endsWith('failed')),
      [],
    );
  });

  it('a sign-in that the lock outlasts is a 500 without a cookie, and makes no session later', async () => {
    const { auth, app, release, released } = await locked(1, { timeout: '2s' });
    const browser = new Browser(app);
    assertRefused(await browser.post('/login', { body: { userId: 'newcomer' } }), 500, 'store_unavailable');
    release();
    await released;
    await new Browser(app).signIn(); // a write that came later has been done
    assert.deepEqual((await auth.sessions.listForUser('newcomer')).sessions, []);
  });
});
