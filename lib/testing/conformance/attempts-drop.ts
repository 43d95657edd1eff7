import assert from 'node:assert/strict';
import type { AttemptStore } from '../../stores/contract/attempts.js';
import type { CaseGroup } from './case.js';
import { MINUTE, NOW, parallel } from './setting.js';
import { STRANGE } from './strange.js';

async function counted(attempts: AttemptStore, userId: string, key: string, window: number | null): Promise<void> {
  const { outcome } = await attempts.count(userId, [{ key, limit: null, window }], NOW);
  assert.equal(outcome, 'counted');
}

export const attemptsDrop: CaseGroup = {
  group: 'attempts.dropForUser and deleteExpired',
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

    'delete the counters whose window is at its end, and none 1 ms before': async ({ attempts }) => {
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

    'delete no more than the limit of those that are over, and say how many': async ({ attempts }) => {
      for (let n = 0; n < 7; n++) await counted(attempts, `user${n % 2}`, `key ${n}`, MINUTE - n);
      const counts: number[] = [];
      for (let n = 0; n < 4; n++) counts.push(await attempts.deleteExpired(NOW + MINUTE, 3));
      assert.deepEqual(counts, [3, 3, 1, 0]);
    },

    'count each counter once that several clean-ups delete at once': async ({ attempts }) => {
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
