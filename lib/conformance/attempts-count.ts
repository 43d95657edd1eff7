import type { AttemptCounter } from '../stores/contract/attempts.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { MINUTE, NOW } from './setting.js';
import { STRANGE } from './strange.js';

const counter = (key: string, limit: number | null, window: number | null = MINUTE): AttemptCounter => ({
  key,
  limit,
  window,
});

export const attemptsCount: CaseGroup = {
  group: 'attempts.count and read',
  part: 'attempts',
  cases: {
    'count on all counters, and answer in the order of the question': async ({ attempts }) => {
      await attempts.count('user', [counter('b', 9)], NOW);
      assert.deepEqual(await attempts.count('user', [counter('b', 9), counter('a', null, null)], NOW), {
        outcome: 'counted',
        counts: [
          { key: 'b', count: 2, endsAt: NOW + MINUTE },
          { key: 'a', count: 1, endsAt: null },
        ],
      });
      assert.deepEqual(await attempts.read('user', ['a', 'b'], NOW), [
        { key: 'a', count: 1, endsAt: null },
        { key: 'b', count: 2, endsAt: NOW + MINUTE },
      ]);
    },

    'refuse an attempt at the limit of a counter, and count up to it': async ({ attempts }) => {
      for (const count of [1, 2, 3]) {
        const counted = await attempts.count('user', [counter('a', 3)], NOW + count);
        assert.deepEqual(counted, { outcome: 'counted', counts: [{ key: 'a', count, endsAt: NOW + 1 + MINUTE }] });
      }
      for (const now of [NOW, NOW + MINUTE]) {
        assert.deepEqual(await attempts.count('user', [counter('a', 3)], now), {
          outcome: 'refused',
          at: { key: 'a', count: 3, endsAt: NOW + 1 + MINUTE },
        });
      }
    },

    'refuse by the limit that is asked for, whichever was asked for before': async ({ attempts }) => {
      for (let n = 0; n < 4; n++) await attempts.count('user', [counter('a', null)], NOW);
      assert.equal((await attempts.count('user', [counter('a', 5)], NOW)).outcome, 'counted');
      assert.equal((await attempts.count('user', [counter('a', 5)], NOW)).outcome, 'refused');
      assert.equal((await attempts.count('user', [counter('a', 3)], NOW)).outcome, 'refused');
      assert.equal((await attempts.count('user', [counter('a', 6)], NOW)).outcome, 'counted');
    },

    'only count where there is no limit': async ({ attempts }) => {
      for (let n = 0; n < 150; n++) await attempts.count('user', [counter('a', null, null)], NOW);
      assert.deepEqual(await attempts.read('user', ['a'], NOW), [{ key: 'a', count: 150, endsAt: null }]);
    },

    'count on none when one of several is at its limit, wherever it stands': async ({ attempts }) => {
      await attempts.count('user', [counter('full', 1), counter('begun', null)], NOW);
      const [full, begun, fresh] = [counter('full', 1), counter('begun', 9), counter('fresh', 9)];
      for (const counters of [
        [full, begun, fresh],
        [begun, fresh, full],
        [fresh, full, begun],
      ]) {
        assert.deepEqual(await attempts.count('user', counters, NOW + 5), {
          outcome: 'refused',
          at: { key: 'full', count: 1, endsAt: NOW + MINUTE },
        });
      }
      assert.deepEqual(await attempts.read('user', ['full', 'begun', 'fresh'], NOW), [
        { key: 'full', count: 1, endsAt: NOW + MINUTE },
        { key: 'begun', count: 1, endsAt: NOW + MINUTE },
      ]);
    },

    'name the first of several that are at their limit': async ({ attempts }) => {
      const [a, b] = [counter('a', 1), counter('b', 1, null)];
      await attempts.count('user', [a, b], NOW);
      for (const [counters, key] of [
        [[a, b], 'a'],
        [[b, a], 'b'],
      ] as const) {
        const refused = await attempts.count('user', counters, NOW);
        assert.equal(refused.outcome === 'refused' && refused.at.key, key);
      }
    },

    'count nothing for an empty question, and by reading': async ({ attempts }) => {
      assert.deepEqual(await attempts.count('user', [], NOW), { outcome: 'counted', counts: [] });
      assert.deepEqual(await attempts.read('user', [], NOW), []);
      assert.deepEqual(await attempts.read('user', ['a'], NOW), []);
      await attempts.count('user', [counter('a', 2)], NOW);
      for (let n = 0; n < 3; n++) assert.equal((await attempts.read('user', ['a'], NOW)).length, 1);
      assert.equal((await attempts.count('user', [counter('a', 2)], NOW)).outcome, 'counted');
    },

    'read in the order of the keys, and leave out what is absent': async ({ attempts }) => {
      const keys = ['b', 'a', 'c', 'B', '-', '10', '9', '_', 'A', 'C', '0', 'ab'];
      await attempts.count(
        'user',
        [...keys].sort().map((key) => counter(key, null)),
        NOW,
      );
      const read = await attempts.read('user', [...keys, 'x', ''].toReversed(), NOW);
      assert.deepEqual(
        read.map(({ key }) => key),
        keys.toReversed(),
      );
    },

    'tell users and keys apart that look alike': async ({ attempts }) => {
      const pairs = [
        ...STRANGE.map((text) => [text, 'key'] as const),
        ...STRANGE.map((text) => ['user', text] as const),
        ...[' ', ':', '|', '\t'].flatMap((gap) => [['u', `a${gap}k`] as const, [`u${gap}a`, 'k'] as const]),
      ];
      for (const [userId, key] of pairs) {
        const counted = await attempts.count(userId, [counter(key, null)], NOW);
        assert.deepEqual(counted, { outcome: 'counted', counts: [{ key, count: 1, endsAt: NOW + MINUTE }] });
      }
      for (const [userId, key] of pairs) assert.equal((await attempts.read(userId, [key], NOW))[0]?.count, 1);
    },

    'take what was asked though the caller changes it afterwards': async ({ attempts }) => {
      const asked = { ...counter('a', 1) };
      const counters = [asked];
      const counted = attempts.count('user', counters, NOW);
      asked.key = 'b';
      counters.length = 0;
      await counted;
      assert.deepEqual(await attempts.read('user', ['a', 'b'], NOW), [{ key: 'a', count: 1, endsAt: NOW + MINUTE }]);
    },

    'keep the counts though a caller changes an answer': async ({ attempts }) => {
      const counted = await attempts.count('user', [counter('a', 9)], NOW);
      const [read] = await attempts.read('user', ['a'], NOW);
      // An answer may be frozen: then these writes have no effect, and no error either.
      if (counted.outcome === 'counted') Reflect.set(counted.counts[0] ?? {}, 'count', 0);
      Reflect.set(read ?? {}, 'count', 0);
      assert.deepEqual(await attempts.read('user', ['a'], NOW), [{ key: 'a', count: 1, endsAt: NOW + MINUTE }]);
    },
  },
};
