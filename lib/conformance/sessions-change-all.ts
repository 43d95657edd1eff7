import { changed } from '../stores/contract/session-state.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { CORRECT_TIMES, DROP_PROOFS, dropMethod, rotate } from './session-changes.js';
import { given, rotatedRow, sessionRow } from './session-rows.js';
import { STATES } from './session-states.js';
import { NOW } from './setting.js';
import { STRANGE } from './strange.js';

const CHANGES = [DROP_PROOFS, dropMethod('totp'), dropMethod('password'), dropMethod('constructor'), CORRECT_TIMES];

export const sessionsChangeAll: CaseGroup = {
  group: 'sessions.changeAllOfUser',
  part: 'sessions',
  cases: {
    "makes of each of the user's sessions what `changed` makes of it": async ({ sessions }) => {
      for (const [n, asked] of CHANGES.entries()) {
        const rows = [...STATES].map(([state, row]) => ({ state, row: { ...row, userId: `user ${n}` } }));
        await given(sessions, ...rows.map(({ row }) => row));
        await sessions.changeAllOfUser(`user ${n}`, asked, NOW);
        for (const { state, row } of rows) {
          const expected = { asked, state, row: changed(row, asked, NOW) ?? row };
          assert.deepEqual({ asked, state, row: await sessions.get(row.id) }, expected);
        }
        await sessions.revokeAllForUser(`user ${n}`, null, 0);
      }
    },

    'makes of one session alone what only its token is for': async ({ sessions }) => {
      const [a, b] = [rotatedRow({ id: 'a' }), rotatedRow({ id: 'b' })];
      await given(sessions, a, b);
      await sessions.changeAllOfUser('user', rotate('a'), NOW);
      assert.deepEqual(await sessions.get('a'), changed(a, rotate('a'), NOW));
      assert.deepEqual(await sessions.get('b'), b);
    },

    'takes however many there are': async ({ sessions }) => {
      const rows = Array.from({ length: 120 }, (_, n) => sessionRow({ id: `row-${n}` }));
      await given(sessions, ...rows);
      await sessions.changeAllOfUser('user', DROP_PROOFS, NOW);
      for (const row of rows) assert.deepEqual(await sessions.get(row.id), changed(row, DROP_PROOFS, NOW));
    },

    'does nothing for a user without a session': async ({ sessions }) => {
      const row = rotatedRow({ id: 'a' });
      await given(sessions, row);
      for (const userId of ['nobody', '', 'User', 'us%', '*', 'use_', 'a']) {
        await sessions.changeAllOfUser(userId, DROP_PROOFS, NOW);
      }
      assert.deepEqual(await sessions.get('a'), row);
    },

    'tells users apart whose ids look alike': async ({ sessions }) => {
      const rows = STRANGE.map((userId, n) => sessionRow({ id: `row-${n}`, userId }));
      await given(sessions, ...rows);
      for (const row of rows) {
        assert.deepEqual(await sessions.get(row.id), row);
        await sessions.changeAllOfUser(row.userId, DROP_PROOFS, NOW);
        assert.deepEqual(await sessions.get(row.id), changed(row, DROP_PROOFS, NOW));
      }
    },

    'sets no not-before time, and revives no session': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'gone' }));
      await sessions.revoke('gone', null);
      await sessions.changeAllOfUser('user', DROP_PROOFS, NOW);
      assert.equal(await sessions.get('gone'), null);
      await given(sessions, sessionRow({ id: 'a', authenticatedAt: NOW - 1 }));
    },
  },
};
