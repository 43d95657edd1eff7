import type { SessionStore } from '../stores/contract/sessions.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { replaceCredentials } from './session-changes.js';
import { given, insert, present, rotatedRow, sessionRow } from './session-rows.js';
import { hashOf, MINUTE, NOW } from './setting.js';

/** Tells whether a sign-in of `userId` that began at this time would be refused. */
async function refuses(sessions: SessionStore, authenticatedAt: number, userId = 'user'): Promise<boolean> {
  const id = `probe of ${userId} at ${authenticatedAt}`;
  const now = Math.max(NOW, authenticatedAt);
  const { outcome } = await insert(sessions, sessionRow({ id, userId, authenticatedAt }), { now });
  await sessions.revoke(id, userId);
  return outcome === 'refused';
}

export const sessionsNotBefore: CaseGroup = {
  group: 'sessions: the not-before time',
  part: 'sessions',
  cases: {
    'refuses a sign-in that began before it or at it, and takes one that began 1 ms later': async ({ sessions }) => {
      await sessions.revokeAllForUser('user', null, NOW);
      assert.equal(await refuses(sessions, NOW - 1), true);
      assert.equal(await refuses(sessions, NOW), true);
      assert.equal(await refuses(sessions, NOW + 1), false);
    },

    'goes by when the credentials were taken, not by when the session was made': async ({ sessions }) => {
      await sessions.revokeAllForUser('user', null, NOW);
      const row = sessionRow({ id: 'a', authenticatedAt: NOW - 1, createdAt: NOW + MINUTE });
      assert.deepEqual(await insert(sessions, row, { now: NOW + MINUTE }), { outcome: 'refused' });
    },

    'writes nothing and ends nothing when it refuses': async ({ sessions }) => {
      const carried = rotatedRow({ id: 'carried', userId: 'somebody else' });
      await sessions.revokeAllForUser('user', null, NOW);
      await given(sessions, carried, sessionRow({ id: 'live', authenticatedAt: NOW + 1 }));
      const late = sessionRow({ id: 'late', authenticatedAt: NOW });
      const outcome = await insert(sessions, late, { replaces: carried.tokenHash, cap: 1 });
      assert.deepEqual(outcome, { outcome: 'refused' });
      assert.deepEqual(await present(sessions, 'carried', 'live', 'late'), ['carried', 'live']);
      assert.equal(await sessions.find(late.tokenHash), null);
    },

    'refuses nobody who has none': async ({ sessions }) => {
      assert.equal(await refuses(sessions, 0), false);
    },

    'is of one user': async ({ sessions }) => {
      await sessions.revokeAllForUser('user', null, NOW);
      assert.equal(await refuses(sessions, NOW, 'user2'), false);
      assert.equal(await refuses(sessions, NOW, 'User'), false);
    },

    'moves forward': async ({ sessions }) => {
      await sessions.revokeAllForUser('user', null, NOW);
      await sessions.revokeAllForUser('user', null, NOW + MINUTE);
      assert.equal(await refuses(sessions, NOW + MINUTE), true);
      assert.equal(await refuses(sessions, NOW + MINUTE + 1), false);
    },

    'never moves back': async ({ sessions }) => {
      await sessions.revokeAllForUser('user', null, NOW);
      await sessions.revokeAllForUser('user', null, NOW - 5_000);
      assert.equal(await refuses(sessions, NOW), true);
    },

    'is set where a session is excepted, too': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      await sessions.revokeAllForUser('user', 'a', NOW);
      assert.equal(await refuses(sessions, NOW), true);
    },

    'is set by replaced credentials': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      await sessions.replaceCredentials('a', replaceCredentials('a'), NOW);
      assert.equal(await refuses(sessions, NOW), true);
      assert.equal(await refuses(sessions, NOW + 1), false);
    },

    'is not moved back by replaced credentials': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      await sessions.revokeAllForUser('user', 'a', NOW + 5_000);
      await sessions.replaceCredentials('a', replaceCredentials('a'), NOW);
      assert.equal(await refuses(sessions, NOW + 5_000), true);
    },

    'is not set by a lost replacement of credentials': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      await sessions.replaceCredentials('a', { ...replaceCredentials('a'), presented: hashOf('another') }, NOW);
      assert.equal(await refuses(sessions, NOW), false);
    },

    'is not set by revoking one session': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      await sessions.revoke('a', 'user');
      assert.equal(await refuses(sessions, 0), false);
    },

    'is kept by deleteExpired at its own time and dropped 1 ms later, and is no row': async ({ sessions }) => {
      await sessions.revokeAllForUser('user', null, NOW);
      assert.equal(await sessions.deleteExpired(NOW, NOW, 10), 0);
      assert.equal(await refuses(sessions, NOW), true);
      assert.equal(await sessions.deleteExpired(NOW, NOW + 1, 10), 0);
      assert.equal(await refuses(sessions, NOW), false);
    },
  },
};
