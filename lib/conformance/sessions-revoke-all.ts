import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { given, listOf, present, rotatedRow, sessionRow, sortedIds } from './session-rows.js';
import { NOW } from './setting.js';

export const sessionsRevokeAll: CaseGroup = {
  group: 'sessions.revokeAllForUser',
  part: 'sessions',
  cases: {
    "deletes all of one user's sessions and says so of each": async ({ sessions }) => {
      const row = rotatedRow({ id: 'b' });
      await given(sessions, sessionRow({ id: 'a' }), row, sessionRow({ id: 'c', userId: 'user2' }));
      const ended = await sessions.revokeAllForUser('user', null, NOW);
      assert.deepEqual(
        new Set(ended),
        new Set([
          { id: 'a', userId: 'user' },
          { id: 'b', userId: 'user' },
        ]),
      );
      assert.deepEqual(await present(sessions, 'a', 'b', 'c'), ['c']);
      assert.equal(await sessions.find(row.tokenHash), null);
      assert.deepEqual(await listOf(sessions, 'user'), []);
    },

    'leaves the excepted session as it is': async ({ sessions }) => {
      const kept = rotatedRow({ id: 'kept' });
      await given(sessions, sessionRow({ id: 'a' }), kept, sessionRow({ id: 'b' }));
      assert.deepEqual(sortedIds(await sessions.revokeAllForUser('user', 'kept', NOW)), ['a', 'b']);
      assert.deepEqual(await sessions.find(kept.tokenHash), kept);
      assert.deepEqual(await present(sessions, 'a', 'b'), []);
    },

    'excepts nothing by an id of another user, or of nobody': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }), sessionRow({ id: 'theirs', userId: 'user2' }));
      assert.deepEqual(sortedIds(await sessions.revokeAllForUser('user', 'theirs', NOW)), ['a']);
      await given(sessions, sessionRow({ id: 'b', authenticatedAt: NOW + 1 }));
      assert.deepEqual(sortedIds(await sessions.revokeAllForUser('user', 'gone', NOW)), ['b']);
      assert.deepEqual(await present(sessions, 'a', 'b', 'theirs'), ['theirs']);
    },

    'deletes those that have expired, too': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a', idleExpiresAt: NOW - 1 }), sessionRow({ id: 'b', expiresAt: NOW }));
      assert.deepEqual(sortedIds(await sessions.revokeAllForUser('user', null, NOW)), ['a', 'b']);
      assert.deepEqual(await present(sessions, 'a', 'b'), []);
    },

    'ends nothing for a repeat, or for a user without a session': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      await sessions.revokeAllForUser('user', null, NOW);
      assert.deepEqual(await sessions.revokeAllForUser('user', null, NOW), []);
      assert.deepEqual(await sessions.revokeAllForUser('nobody', null, NOW), []);
    },

    'takes no pattern for a user': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      for (const userId of ['us%', '%', '*', 'USER', 'use_', '']) {
        assert.deepEqual(await sessions.revokeAllForUser(userId, null, NOW), [], userId);
      }
      assert.deepEqual(await present(sessions, 'a'), ['a']);
    },

    'ends however many there are': async ({ sessions }) => {
      const rows = Array.from({ length: 120 }, (_, index) => sessionRow({ id: `row-${index}` }));
      await given(sessions, ...rows);
      assert.equal((await sessions.revokeAllForUser('user', null, NOW)).length, 120);
      assert.deepEqual(await sessions.list({ limit: 200, after: null, now: NOW }), []);
    },
  },
};
