import assert from 'node:assert/strict';
import type { GrantRow, GrantStore } from '../../stores/contract/grants.js';
import type { CaseGroup } from './case.js';
import { NOW, parallel } from './setting.js';
import { grantRow } from './step-up-rows.js';
import { STRANGE } from './strange.js';

const ROWS: readonly GrantRow[] = [
  grantRow(),
  grantRow({ actionDigest: 'rename' }),
  grantRow({ sessionId: 'session2' }),
  grantRow({ sessionId: 'user', userId: 'session' }),
];

/** Inserts the rows, spends the first, does something, and gives what a take of each finds then. */
async function outcomes(grants: GrantStore, step: () => Promise<unknown>): Promise<readonly string[]> {
  for (const row of ROWS) await grants.insert(row);
  await grants.take('session', 'pay', NOW);
  await step();
  const takes = await Promise.all(ROWS.map((row) => grants.take(row.sessionId, row.actionDigest, NOW)));
  return takes.map(({ outcome }) => outcome);
}

export const grantsDrop: CaseGroup = {
  group: 'grants.dropForSession, dropForUser and deleteExpired',
  part: 'grants',
  cases: {
    'delete all of a session, spent or not, and none of another': async ({ grants }) => {
      const found = await outcomes(grants, () => grants.dropForSession('session'));
      assert.deepEqual(found, ['none', 'none', 'taken', 'taken']);
    },

    'delete all of a user, in whichever session, and none of another user': async ({ grants }) => {
      const found = await outcomes(grants, () => grants.dropForUser('user'));
      assert.deepEqual(found, ['none', 'none', 'none', 'taken']);
    },

    'do nothing where there is nothing': async ({ grants }) => {
      const found = await outcomes(grants, async () => {
        for (const name of ['nobody', '', 'pay', 'passkey', 'use_', 'sessio%']) {
          await grants.dropForSession(name);
          await grants.dropForUser(name);
        }
      });
      assert.deepEqual(found, ['spent', 'taken', 'taken', 'taken']);
    },

    'tell users apart whose ids look alike': async ({ grants }) => {
      for (const userId of STRANGE) await grants.insert(grantRow({ sessionId: `session of ${userId}`, userId }));
      for (const userId of STRANGE) {
        const before = await grants.take(`session of ${userId}`, 'pay', NOW);
        assert.equal(before.outcome, 'taken', userId);
        await grants.dropForUser(userId);
        assert.deepEqual(await grants.take(`session of ${userId}`, 'pay', NOW), { outcome: 'none' });
      }
    },

    'delete the grants that are at their end, spent or not, and none 1 ms before': async ({ grants }) => {
      const row = grantRow({ actionDigest: 'soon', expiresAt: NOW + 1 });
      for (const over of ['spent', 'over']) await grants.insert(grantRow({ actionDigest: over, expiresAt: NOW }));
      await grants.insert(row);
      await grants.take('session', 'spent', NOW - 1);
      assert.equal(await grants.deleteExpired(NOW, 100), 2);
      for (const over of ['spent', 'over']) {
        assert.deepEqual(await grants.take('session', over, NOW - 1), { outcome: 'none' });
      }
      assert.deepEqual(await grants.take('session', 'soon', NOW), { outcome: 'taken', row });
    },

    'delete no more than the limit of those that are over, and say how many': async ({ grants }) => {
      await grants.insert(grantRow());
      for (let n = 0; n < 7; n++) await grants.insert(grantRow({ actionDigest: `action ${n}`, expiresAt: NOW - n }));
      const counts: number[] = [];
      for (let n = 0; n < 4; n++) counts.push(await grants.deleteExpired(NOW, 3));
      assert.deepEqual(counts, [3, 3, 1, 0]);
      assert.equal((await grants.take('session', 'pay', NOW)).outcome, 'taken');
    },

    'count each grant once that several clean-ups delete at once': async ({ grants }) => {
      for (let n = 0; n < 10; n++) await grants.insert(grantRow({ actionDigest: `action ${n}`, expiresAt: NOW }));
      const counts = await parallel(5, () => grants.deleteExpired(NOW, 3));
      assert.ok(counts.every((count) => count <= 3));
      const rest = await grants.deleteExpired(NOW, 100);
      assert.equal(
        counts.reduce((sum, count) => sum + count, rest),
        10,
      );
    },

    'keep a new grant in place of one that a clean-up finds over': async ({ grants }) => {
      await grants.insert(grantRow({ expiresAt: NOW }));
      await Promise.all([grants.deleteExpired(NOW, 10), grants.insert(grantRow()), grants.deleteExpired(NOW, 10)]);
      assert.deepEqual(await grants.take('session', 'pay', NOW), { outcome: 'taken', row: grantRow() });
    },
  },
};
