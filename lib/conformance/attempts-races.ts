import type { AttemptCounter, CountOutcome } from '../stores/contract/attempts.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { MINUTE, NOW, parallel } from './setting.js';

const counter = (key: string, limit: number | null): AttemptCounter => ({ key, limit, window: MINUTE });

function counted(outcomes: readonly CountOutcome[]): readonly CountOutcome[] {
  return outcomes.filter(({ outcome }) => outcome === 'counted');
}

export const attemptsRaces: CaseGroup = {
  group: 'attempts: races',
  part: 'attempts',
  cases: {
    'count 5 of 100 parallel attempts under a limit of 5, each once': async ({ attempts }) => {
      const outcomes = await parallel(100, () => attempts.count('user', [counter('a', 5)], NOW));
      const counts = outcomes.flatMap((each) => (each.outcome === 'counted' ? each.counts : []));
      assert.deepEqual(
        counts.map(({ count }) => count).toSorted((a, b) => a - b),
        [1, 2, 3, 4, 5],
      );
      assert.deepEqual(await attempts.read('user', ['a'], NOW), [{ key: 'a', count: 5, endsAt: NOW + MINUTE }]);
    },

    'start one window for 100 parallel attempts after its end': async ({ attempts }) => {
      for (let n = 0; n < 5; n++) await attempts.count('user', [counter('a', 5)], NOW - MINUTE);
      const outcomes = await parallel(100, () => attempts.count('user', [counter('a', 5)], NOW));
      assert.equal(counted(outcomes).length, 5);
      assert.deepEqual(await attempts.read('user', ['a'], NOW), [{ key: 'a', count: 5, endsAt: NOW + MINUTE }]);
    },

    'get past no limit of several, and count on all or none, in whichever order they are named': async ({
      attempts,
    }) => {
      const [a, b, c] = [counter('a', 9), counter('b', 5), counter('c', null)];
      const questions = [
        [a, b, c],
        [c, b, a],
        [b, c],
        [c, a],
      ] as const;
      const outcomes = await parallel(100, (n) => attempts.count('user', questions[n % 4] ?? [], NOW));
      const countedOn = (which: AttemptCounter): number =>
        outcomes.filter((each, n) => each.outcome === 'counted' && questions[n % 4]?.some((one) => one === which))
          .length;
      const read = await attempts.read('user', ['a', 'b', 'c'], NOW);
      assert.deepEqual(
        read.map(({ count }) => count),
        [countedOn(a), countedOn(b), countedOn(c)],
      );
      assert.deepEqual([countedOn(a) <= 9, countedOn(b) <= 5], [true, true]);
    },

    'give each of several users their own': async ({ attempts }) => {
      const outcomes = await parallel(100, (n) => attempts.count(`user${n % 4}`, [counter('a', 3)], NOW));
      assert.equal(counted(outcomes).length, 12);
    },

    'lose no attempt and no refund that come at once': async ({ attempts }) => {
      await parallel(20, () => attempts.count('user', [counter('a', null)], NOW));
      await Promise.all([
        parallel(30, () => attempts.count('user', [counter('a', null)], NOW)),
        parallel(20, () => attempts.reset('user', { clear: [], refund: ['a'] })),
      ]);
      assert.equal((await attempts.read('user', ['a'], NOW))[0]?.count, 30);
    },

    'keep a counter that starts again while a clean-up finds it over': async ({ attempts }) => {
      await attempts.count('user', [counter('a', null)], NOW - MINUTE);
      await Promise.all([
        attempts.deleteExpired(NOW, 10),
        attempts.count('user', [counter('a', null)], NOW),
        attempts.deleteExpired(NOW, 10),
      ]);
      assert.deepEqual(await attempts.read('user', ['a'], NOW), [{ key: 'a', count: 1, endsAt: NOW + MINUTE }]);
    },
  },
};
