import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { signedIn } from '../../lib/testing/signed-in.js';
import { handle, testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';

const MANY = 2_000;

/** A user with many sessions, at an app that from now on allows five. */
async function arrange() {
  const store = memoryStore();
  const { auth: generous } = testInstance({ store });
  for (let made = 1; made < MANY; made += 1) await signedIn(generous, { userId: 'ada' });
  const { headers } = await signedIn(generous, { userId: 'ada' });
  const { auth, events } = testInstance({ store, maxSessionsPerUser: 5 });
  const change = handle(async (req, res) => (await auth.credentialsChanged(req, res)).body);
  const browser = new Browser(testApp(auth, { routes: { '/password': [change] } }).app);
  return { auth, browser, headers, revoked: () => events.filter(({ type }) => type === 'session.revoked').length };
}

/** The most that was counted in one turn of the event loop while the work went on. */
async function mostInOneTurn(work: () => Promise<unknown>, count: () => number): Promise<number> {
  let most = 0;
  let last = count();
  const look = (): void => {
    const now = count();
    most = Math.max(most, now - last);
    last = now;
  };
  let next = setImmediate(function again() {
    look();
    next = setImmediate(again);
  });
  await work();
  clearImmediate(next);
  look();
  return most;
}

describe('many sessions that end at once', () => {
  const ENDINGS: Readonly<
    Record<string, { left: number; end: (app: Awaited<ReturnType<typeof arrange>>) => Promise<unknown> }>
  > = {
    'by revokeAllForUser': { left: 0, end: ({ auth }) => auth.sessions.revokeAllForUser('ada') },
    'by DELETE /sessions': { left: 0, end: ({ browser, headers }) => browser.delete('/auth/sessions', { headers }) },
    'by credentialsChanged': { left: 1, end: ({ browser, headers }) => browser.post('/password', { headers }) },
    'by a sign-in under a lower limit': { left: 4, end: ({ browser }) => browser.signIn() },
  };
  for (const [how, { left, end }] of Object.entries(ENDINGS)) {
    it(`are all told of before the answer, a part in each turn of the event loop, when they end ${how}`, async () => {
      const app = await arrange();
      const most = await mostInOneTurn(() => end(app), app.revoked);
      assert.equal(app.revoked(), MANY - left);
      assert.ok(most <= MANY / 2, `${most} in one turn`);
    });
  }
});
