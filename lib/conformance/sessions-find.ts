import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { given, rotatedRow, sessionRow } from './session-rows.js';
import { HOUR, hashOf, NOW } from './setting.js';

export const sessionsFind: CaseGroup = {
  group: 'sessions.find and sessions.get',
  part: 'sessions',
  cases: {
    'find the session by its current token and by its id': async ({ sessions }) => {
      const rows = [sessionRow({ id: 'a' }), sessionRow({ id: 'b' }), rotatedRow({ id: 'c', userId: 'user2' })];
      await given(sessions, ...rows);
      for (const row of rows) {
        assert.deepEqual(await sessions.find(row.tokenHash), row);
        assert.deepEqual(await sessions.get(row.id), row);
      }
    },

    'find the session by its previous token': async ({ sessions }) => {
      const row = rotatedRow({ id: 'a', previousTokenHash: hashOf('previous') });
      await given(sessions, row, rotatedRow({ id: 'b' }));
      assert.deepEqual(await sessions.find(hashOf('previous')), row);
    },

    'give null for what there is not': async ({ sessions }) => {
      assert.equal(await sessions.find(hashOf('a')), null);
      assert.equal(await sessions.get('a'), null);
      await given(sessions, sessionRow({ id: 'a' }));
      assert.equal(await sessions.find(hashOf('a')), null);
      for (const id of ['', 'A', 'b', 'a ', 'aa', '%', '_', '*', 'null', "a' OR '1'='1", 'user']) {
        assert.equal(await sessions.get(id), null, id);
      }
    },

    'find no session by a refresh token, current or parent': async ({ sessions }) => {
      const row = rotatedRow({ id: 'a', refreshHash: hashOf('current'), parentRefreshHash: hashOf('parent') });
      await given(sessions, row);
      assert.equal(await sessions.find(hashOf('current')), null);
      assert.equal(await sessions.find(hashOf('parent')), null);
    },

    'give a session that has expired, so that the caller can say why it refuses': async ({ sessions }) => {
      const idle = rotatedRow({ id: 'idle', idleExpiresAt: NOW - HOUR });
      const ended = rotatedRow({ id: 'ended', expiresAt: NOW - HOUR });
      await given(sessions, idle, ended);
      for (const row of [idle, ended]) {
        assert.deepEqual(await sessions.find(row.tokenHash), row);
        assert.deepEqual(await sessions.find(hashOf(`${row.id} previous token`)), row);
        assert.deepEqual(await sessions.get(row.id), row);
      }
    },

    'give what was written last': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      assert.equal((await sessions.get('a'))?.lastSeenAt, sessionRow({ id: 'a' }).lastSeenAt);
      await sessions.touch([{ id: 'a', seenAt: NOW, idleExpiresAt: NOW + HOUR, confirms: null }], NOW);
      assert.equal((await sessions.get('a'))?.lastSeenAt, NOW);
      assert.equal((await sessions.find(hashOf('a token')))?.lastSeenAt, NOW);
    },
  },
};
