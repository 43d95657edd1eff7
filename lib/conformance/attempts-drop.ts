import type { AttemptStore } from '../stores/contract/attempts.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { MINUTE, NOW } from './setting.js';
import { STRANGE } from './strange.js';

async function counted(attempts: AttemptStore, userId: string, key: string, window: number | null): Promise<void> {
  const { outcome } = await attempts.count(userId, [{ key, limit: null, window }], NOW);
  assert.equal(outcome, 'counted');
}

export const attemptsDrop: CaseGroup = {
  group: 'attempts.dropForUser',
  part: 'attempts',
  cases: {
    "delete a user's counters and no other's": async ({ attempts }) => {
      for (const userId of ['user', 'user2', 'a']) {
        await counted(attempts, userId, 'a', MINUTE);
        await counted(attempts, userId, 'b', null);
      }
      await attempts.dropForUser('user');
      await attempts.dropForUser('user');
      await attempts.dropForUser('nobody');
      assert.deepEqual(await attempts.read('user', ['a', 'b'], NOW), []);
      for (const userId of ['user2', 'a']) assert.equal((await attempts.read(userId, ['a', 'b'], NOW)).length, 2);
    },

    'tell users apart whose ids look alike': async ({ attempts }) => {
      for (const userId of STRANGE) await counted(attempts, userId, 'a', null);
      for (const userId of STRANGE) {
        assert.equal((await attempts.read(userId, ['a'], NOW)).length, 1, userId);
        await attempts.dropForUser(userId);
        assert.deepEqual(await attempts.read(userId, ['a'], NOW), []);
      }
    },
  },
};
