import type { AttemptCounter, AttemptStore } from '../stores/contract/attempts.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { MINUTE, NOW } from './setting.js';

const END = NOW + MINUTE;
const COUNTER: AttemptCounter = { key: 'a', limit: 2, window: MINUTE };

async function countOnce(attempts: AttemptStore, now: number, counter: AttemptCounter = COUNTER): Promise<unknown> {
  const counted = await attempts.count('user', [counter], now);
  return counted.outcome === 'counted' ? counted.counts[0] : counted.outcome;
}

export const attemptsWindows: CaseGroup = {
  group: 'attempts: windows',
  part: 'attempts',
  cases: {
    'last from the first attempt, whenever the others come': async ({ attempts }) => {
      assert.deepEqual(await countOnce(attempts, NOW), { key: 'a', count: 1, endsAt: END });
      assert.deepEqual(await countOnce(attempts, END - 1), { key: 'a', count: 2, endsAt: END });
      assert.equal(await countOnce(attempts, END - 1), 'refused');
    },

    'expire exactly at their end: the next attempt starts another': async ({ attempts }) => {
      await countOnce(attempts, NOW);
      await countOnce(attempts, NOW);
      assert.deepEqual(await countOnce(attempts, END), { key: 'a', count: 1, endsAt: END + MINUTE });
      assert.deepEqual(await countOnce(attempts, END + MINUTE - 1), { key: 'a', count: 2, endsAt: END + MINUTE });
    },

    'are left out of a read from their end on': async ({ attempts }) => {
      await attempts.count('user', [COUNTER, { key: 'b', limit: null, window: null }], NOW);
      assert.equal((await attempts.read('user', ['a', 'b'], END - 1)).length, 2);
      for (const now of [END, END + 1]) {
        assert.deepEqual(await attempts.read('user', ['a', 'b'], now), [{ key: 'b', count: 1, endsAt: null }]);
      }
    },

    'are not moved by another length that is asked for later': async ({ attempts }) => {
      await countOnce(attempts, NOW);
      const longer = { ...COUNTER, window: 9 * MINUTE };
      assert.deepEqual(await countOnce(attempts, NOW + 1, longer), { key: 'a', count: 2, endsAt: END });
      assert.deepEqual(await countOnce(attempts, END, longer), { key: 'a', count: 1, endsAt: END + 9 * MINUTE });
    },

    'are not moved by refused attempts': async ({ attempts }) => {
      for (let n = 0; n < 9; n++) await countOnce(attempts, NOW + n);
      assert.deepEqual(await attempts.read('user', ['a'], END - 1), [{ key: 'a', count: 2, endsAt: END }]);
      assert.deepEqual(await countOnce(attempts, END), { key: 'a', count: 1, endsAt: END + MINUTE });
    },

    'stay over where another counter refuses the attempt': async ({ attempts }) => {
      const full = { key: 'full', limit: 1, window: null };
      await attempts.count('user', [COUNTER, full], NOW);
      assert.equal((await attempts.count('user', [COUNTER, full], END)).outcome, 'refused');
      assert.deepEqual(await attempts.read('user', ['a', 'full'], END), [{ key: 'full', count: 1, endsAt: null }]);
      assert.deepEqual(await attempts.read('user', ['a'], END - 1), [{ key: 'a', count: 1, endsAt: END }]);
    },

    'start again where their end is further away than two of them': async ({ attempts }) => {
      await countOnce(attempts, NOW + MINUTE);
      await countOnce(attempts, NOW + MINUTE);
      assert.equal(await countOnce(attempts, NOW), 'refused');
      assert.deepEqual(await countOnce(attempts, NOW - 1), { key: 'a', count: 1, endsAt: END - 1 });
      assert.deepEqual(await countOnce(attempts, NOW), { key: 'a', count: 2, endsAt: END - 1 });
    },

    'start again by the length that is asked for, whichever was asked for before': async ({ attempts }) => {
      await countOnce(attempts, NOW);
      const shorter = { ...COUNTER, limit: 1, window: MINUTE / 2 };
      assert.equal(await countOnce(attempts, NOW, shorter), 'refused');
      const shortest = { ...COUNTER, limit: 1, window: MINUTE / 2 - 1 };
      assert.deepEqual(await countOnce(attempts, NOW, shortest), { key: 'a', count: 1, endsAt: NOW + MINUTE / 2 - 1 });
      assert.deepEqual(await countOnce(attempts, NOW + MINUTE / 2 - 1), {
        key: 'a',
        count: 1,
        endsAt: END + MINUTE / 2 - 1,
      });
    },

    'stay as they are for a counter that is asked for without one': async ({ attempts }) => {
      await countOnce(attempts, NOW + 9 * MINUTE);
      const endless = { ...COUNTER, window: null };
      assert.deepEqual(await countOnce(attempts, NOW, endless), { key: 'a', count: 2, endsAt: END + 9 * MINUTE });
    },

    'start again together with others that go on, or not at all': async ({ attempts }) => {
      await countOnce(attempts, NOW + 9 * MINUTE);
      const endless = { key: 'b', limit: 1, window: null };
      const counts = [
        { key: 'a', count: 1, endsAt: END },
        { key: 'b', count: 1, endsAt: null },
      ];
      assert.deepEqual(await attempts.count('user', [COUNTER, endless], NOW), { outcome: 'counted', counts });
      await attempts.count('user', [{ ...COUNTER, key: 'c' }], NOW + 9 * MINUTE);
      assert.equal((await attempts.count('user', [{ ...COUNTER, key: 'c' }, endless], NOW)).outcome, 'refused');
      const read = await attempts.read('user', ['c'], NOW);
      assert.deepEqual(read, [{ key: 'c', count: 1, endsAt: END + 9 * MINUTE }]);
    },

    'never end for a counter without one': async ({ attempts }) => {
      const counter = { key: 'a', limit: 2, window: null };
      await countOnce(attempts, NOW, counter);
      const later = NOW + 1_000_000 * MINUTE;
      assert.deepEqual(await countOnce(attempts, later, counter), { key: 'a', count: 2, endsAt: null });
      assert.equal(await countOnce(attempts, 8.64e15, counter), 'refused');
      assert.equal(await attempts.deleteExpired(8.64e15, 10), 0);
    },
  },
};
