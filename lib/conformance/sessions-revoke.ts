import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { given, present, rotatedRow, sessionRow } from './session-rows.js';
import { hashOf, NOW } from './setting.js';

export const sessionsRevoke: CaseGroup = {
  group: 'sessions.revoke',
  part: 'sessions',
  cases: {
    'deletes the session and says whose it was': async ({ sessions }) => {
      const row = rotatedRow({ id: 'a', previousTokenHash: hashOf('previous') });
      await given(sessions, row, sessionRow({ id: 'b' }));
      assert.deepEqual(await sessions.revoke('a', 'user'), { id: 'a', userId: 'user' });
      assert.equal(await sessions.get('a'), null);
      assert.equal(await sessions.find(row.tokenHash), null);
      assert.equal(await sessions.find(hashOf('previous')), null);
      assert.deepEqual(await present(sessions, 'a', 'b'), ['b']);
    },

    'deletes a session of whatever user when none is named': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a', userId: 'somebody' }));
      assert.deepEqual(await sessions.revoke('a', null), { id: 'a', userId: 'somebody' });
      assert.equal(await sessions.get('a'), null);
    },

    "gives null for another user's session and leaves it as it is": async ({ sessions }) => {
      const row = rotatedRow({ id: 'a' });
      await given(sessions, row);
      for (const userId of ['user2', 'User', '', 'us%', 'user ']) {
        assert.equal(await sessions.revoke('a', userId), null, userId);
      }
      assert.deepEqual(await sessions.find(row.tokenHash), row);
    },

    'gives null for a repeat': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      await sessions.revoke('a', 'user');
      assert.equal(await sessions.revoke('a', 'user'), null);
      assert.equal(await sessions.revoke('a', null), null);
    },

    'gives null for an id that there is not': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      for (const id of ['b', 'A', '', '%', '*', 'user']) {
        assert.equal(await sessions.revoke(id, 'user'), null, id);
        assert.equal(await sessions.revoke(id, null), null, id);
      }
      assert.deepEqual(await present(sessions, 'a'), ['a']);
    },

    'deletes a session that has expired, too': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a', idleExpiresAt: NOW - 1 }));
      assert.deepEqual(await sessions.revoke('a', 'user'), { id: 'a', userId: 'user' });
      assert.equal(await sessions.get('a'), null);
    },

    'lets the id and the token be written again': async ({ sessions }) => {
      const row = rotatedRow({ id: 'a' });
      await given(sessions, row);
      await sessions.revoke('a', null);
      await given(sessions, { ...row, userId: 'user2' });
      assert.deepEqual(await sessions.find(row.tokenHash), { ...row, userId: 'user2' });
    },
  },
};
