import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Store } from '../../lib/stores/contract/store.js';
import { assertRefused } from '../support/answers.js';
import { handle, testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { type TestInstanceOptions, testInstance } from '../support/instance.js';
import { forEachStore } from '../support/stores.js';

async function arrange(makeStore: () => Promise<Store>, options: TestInstanceOptions = {}) {
  const instance = testInstance({ ...options, store: await makeStore() });
  const changed = handle((req, res) => instance.auth.credentialsChanged(req, res));
  const { app } = testApp(instance.auth, { routes: { '/changed': [changed] } });
  return { ...instance, app };
}

forEachStore((_name, makeStore) => {
  describe('maxSessionsPerUser', () => {
    it('leaves exactly 3 of 50 parallel sign-ins live, and each newcomer was answered', async () => {
      const { auth, app, events } = await arrange(makeStore, { maxSessionsPerUser: 3 });
      const browsers = Array.from({ length: 50 }, () => new Browser(app));
      await Promise.all(browsers.map((browser) => browser.signIn()));
      const answers = await Promise.all(browsers.map((browser) => browser.get('/me')));
      assert.equal(answers.filter(({ status }) => status === 200).length, 3);
      assert.equal(answers.filter(({ status }) => status === 401).length, 47);
      assert.equal((await auth.sessions.listForUser('ada')).sessions.length, 3);
      assert.equal(events.filter((event) => event.type === 'session.revoked' && event.by === 'cap').length, 47);
    });

    it('ends the oldest and never refuses the newest', async () => {
      const { app, clock } = await arrange(makeStore, { maxSessionsPerUser: 2 });
      const [first, second, third] = [new Browser(app), new Browser(app), new Browser(app)];
      for (const browser of [first, second, third]) {
        await browser.signIn();
        clock.advance('1s');
      }
      assertRefused(await first.get('/me'), 401, 'session_invalid');
      assert.equal((await second.get('/me')).status, 200);
      assert.equal((await third.get('/me')).status, 200);
    });

    it('of 1 means that a sign-in ends the one before', async () => {
      const { auth, app, clock } = await arrange(makeStore, { maxSessionsPerUser: 1 });
      const [first, second] = [new Browser(app), new Browser(app)];
      await first.signIn();
      clock.advance('1s');
      await second.signIn();
      assert.equal((await auth.sessions.listForUser('ada')).sessions.length, 1);
      assert.equal((await second.get('/me')).status, 200);
    });

    it('ends no other session when the one that the request carried made room', async () => {
      const { auth, app, clock } = await arrange(makeStore, { maxSessionsPerUser: 2 });
      const [first, second] = [new Browser(app), new Browser(app)];
      await first.signIn();
      clock.advance('1s');
      await second.signIn();
      clock.advance('1s');
      await second.signIn();
      assert.equal((await first.get('/me')).status, 200);
      assert.equal((await auth.sessions.listForUser('ada')).sessions.length, 2);
    });

    it("counts neither other users' sessions nor those that have expired", async () => {
      const { app, clock } = await arrange(makeStore, { maxSessionsPerUser: 2, idleLifetime: '1h' });
      const [idle, first, second, bob] = [new Browser(app), new Browser(app), new Browser(app), new Browser(app)];
      await idle.signIn();
      clock.advance('1h');
      for (const browser of [first, second]) await browser.signIn();
      await bob.signIn({ userId: 'bob' });
      for (const browser of [first, second, bob]) assert.equal((await browser.get('/me')).status, 200);
    });
  });

  describe('a sign-in that began before', () => {
    it('credentialsChanged and ends after it is refused, with no cookie and nothing written', async () => {
      const { auth, app, clock, events } = await arrange(makeStore);
      const [owner, thief] = [new Browser(app), new Browser(app)];
      await owner.signIn();
      clock.advance('1s');
      const startedAt = clock.now(); // the old password is with the KDF
      clock.advance('1s');
      assert.equal((await owner.post('/changed')).status, 200);
      clock.advance('1s');
      assertRefused(await thief.post('/login', { body: { startedAt } }), 403, 'sign_in_refused');
      assert.equal((await auth.sessions.listForUser('ada')).sessions.length, 1);
      assert.equal((await owner.get('/me')).status, 200);
      assert.ok(events.some((event) => event.type === 'session.refused' && event.reason === 'too-late'));
    });

    it('revokeAllForUser and ends after it is refused', async () => {
      const { auth, app, clock } = await arrange(makeStore);
      const startedAt = clock.now();
      clock.advance('1s');
      await auth.sessions.revokeAllForUser('ada');
      clock.advance('1s');
      assertRefused(await new Browser(app).post('/login', { body: { startedAt } }), 403, 'sign_in_refused');
      assert.deepEqual((await auth.sessions.listForUser('ada')).sessions, []);
    });

    it('is refused in the very millisecond, and not in the next', async () => {
      const { auth, app, clock } = await arrange(makeStore);
      await auth.sessions.revokeAllForUser('ada');
      const at = clock.now();
      clock.advance('1s');
      const browser = new Browser(app);
      assertRefused(await browser.post('/login', { body: { startedAt: at } }), 403, 'sign_in_refused');
      await browser.signIn({ startedAt: at + 1 });
    });

    it('is refused by the oldest of its methods', async () => {
      const { auth, app, clock } = await arrange(makeStore);
      const external = clock.now();
      await auth.sessions.revokeAllForUser('ada');
      clock.advance('1s');
      const body = { method: ['password', 'external'], startedAt: { external } };
      assertRefused(await new Browser(app).post('/login', { body }), 403, 'sign_in_refused');
    });

    it('leaves the session that its request carried alone when it is refused', async () => {
      const { auth, app, clock } = await arrange(makeStore);
      const browser = new Browser(app);
      await browser.signIn({ userId: 'bob' });
      await auth.sessions.revokeAllForUser('ada');
      const body = { startedAt: clock.now() };
      assertRefused(await browser.post('/login', { body }), 403, 'sign_in_refused');
      assert.equal((await browser.get('/me')).body.userId, 'bob');
    });

    it('is no concern of other users', async () => {
      const { auth, app } = await arrange(makeStore);
      await auth.sessions.revokeAllForUser('ada');
      await new Browser(app).signIn({ userId: 'bob' });
    });
  });

  describe('parallel requests', () => {
    it('of one browser that all sign in make a session each, and the one that they carried ends', async () => {
      const { auth, app } = await arrange(makeStore);
      const browser = new Browser(app);
      await browser.signIn();
      const headers = { Cookie: browser.cookieHeader() };
      await Promise.all(Array.from({ length: 5 }, () => new Browser(app).post('/login', { body: {}, headers })));
      // They all carried the same one, so one of them ended it, and the others are sessions of their own.
      assert.equal((await auth.sessions.listForUser('ada')).sessions.length, 5);
      assertRefused(await new Browser(app).get('/me', { headers }), 401, 'session_invalid');
    });
  });
});
