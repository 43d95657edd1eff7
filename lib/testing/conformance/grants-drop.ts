import assert from 'node:assert/strict';
import type { GrantRow, GrantStore } from '../../stores/contract/grants.js';
import type { CaseGroup } from './case.js';
import { NOW } from './setting.js';
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
  group: 'grants.dropForSession and dropForUser',
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
  },
};
