import type { AttemptStore } from '../stores/contract/attempts.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { MINUTE, NOW, parallel } from './setting.js';

async function counted(attempts: AttemptStore, userId: string, key: string, window: number | null): Promise<void> {
  const { outcome } = await attempts.count(userId, [{ key, limit: null, window }], NOW);
  assert.equal(outcome, 'counted');
}

export const attemptsExpiry: CaseGroup = {
  group: 'attempts.deleteExpired',
  part: 'attempts',
  deletesExpired: true,
  cases: {
    'deletes the counters whose window is at its end, and none 1 ms before': async ({ attempts }) => {
      for (const userId of ['user', 'user2']) {
        await counted(attempts, userId, 'over', MINUTE);
        await counted(attempts, userId, 'soon', MINUTE + 1);
        await counted(attempts, userId, 'endless', null);
      }
      assert.equal(await attempts.deleteExpired(NOW + MINUTE - 1, 100), 0);
      assert.equal(await attempts.deleteExpired(NOW + MINUTE, 100), 2);
      for (const userId of ['user', 'user2']) {
        const left = await attempts.read(userId, ['over', 'soon', 'endless'], NOW);
        assert.deepEqual(
          left.map(({ key }) => key),
          ['soon', 'endless'],
        );
      }
    },

    'deletes no more than the limit of those that have expired, and says how many': async ({ attempts }) => {
      for (let n = 0; n < 7; n++) await counted(attempts, `user${n % 2}`, `key ${n}`, MINUTE - n);
      const counts: number[] = [];
      for (let n = 0; n < 4; n++) counts.push(await attempts.deleteExpired(NOW + MINUTE, 3));
      assert.deepEqual(counts, [3, 3, 1, 0]);
    },

    'counts each counter once that several clean-ups delete at once': async ({ attempts }) => {
      for (let n = 0; n < 10; n++) await counted(attempts, 'user', `key ${n}`, MINUTE);
      const counts = await parallel(5, () => attempts.deleteExpired(NOW + MINUTE, 3));
      assert.ok(counts.every((count) => count <= 3));
      const rest = await attempts.deleteExpired(NOW + MINUTE, 100);
      assert.equal(
        counts.reduce((sum, count) => sum + count, rest),
        10,
      );
    },
  },
};
