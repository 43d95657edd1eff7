import type { AttemptCounter, AttemptStore } from '../stores/contract/attempts.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { MINUTE, NOW } from './setting.js';

const COUNTERS: readonly AttemptCounter[] = ['a', 'b', 'c'].map((key) => ({ key, limit: null, window: MINUTE }));

async function countsOf(attempts: AttemptStore, userId = 'user'): Promise<Readonly<Record<string, number>>> {
  const read = await attempts.read(userId, ['a', 'b', 'c'], NOW);
  return Object.fromEntries(read.map(({ key, count }) => [key, count]));
}

async function given(attempts: AttemptStore, userId = 'user'): Promise<void> {
  for (let n = 0; n < 3; n++) await attempts.count(userId, COUNTERS, NOW);
}

export const attemptsReset: CaseGroup = {
  group: 'attempts.reset',
  part: 'attempts',
  cases: {
    'deletes what is to be cleared and takes one attempt back from what is to be refunded': async ({ attempts }) => {
      await given(attempts);
      await attempts.reset('user', { clear: ['a'], refund: ['b'] });
      assert.deepEqual(await countsOf(attempts), { b: 2, c: 3 });
      await attempts.reset('user', { clear: [], refund: [] });
      assert.deepEqual(await countsOf(attempts), { b: 2, c: 3 });
      await attempts.reset('user', { clear: ['a', 'b', 'c'], refund: [] });
      assert.deepEqual(await countsOf(attempts), {});
    },

    'lets a cleared counter start again with a new window': async ({ attempts }) => {
      await given(attempts);
      await attempts.reset('user', { clear: ['a'], refund: [] });
      const counted = await attempts.count('user', [{ key: 'a', limit: 1, window: MINUTE }], NOW + 5);
      const endsAt = NOW + 5 + MINUTE;
      assert.deepEqual(counted, { outcome: 'counted', counts: [{ key: 'a', count: 1, endsAt }] });
    },

    'lets one more attempt through a limit by a refund, and leaves the window': async ({ attempts }) => {
      const counter = { key: 'a', limit: 3, window: MINUTE };
      await given(attempts);
      assert.equal((await attempts.count('user', [counter], NOW)).outcome, 'refused');
      await attempts.reset('user', { clear: [], refund: ['a'] });
      const counts = [{ key: 'a', count: 3, endsAt: NOW + MINUTE }];
      assert.deepEqual(await attempts.count('user', [counter], NOW + 9), { outcome: 'counted', counts });
      assert.equal((await attempts.count('user', [counter], NOW + 9)).outcome, 'refused');
    },

    'never takes more attempts back than there were, and leaves the window then, too': async ({ attempts }) => {
      const counter = { key: 'a', limit: null, window: MINUTE };
      await attempts.count('user', [counter], NOW);
      for (let n = 0; n < 4; n++) await attempts.reset('user', { clear: [], refund: ['a'] });
      const counts = [{ key: 'a', count: 1, endsAt: NOW + MINUTE }];
      assert.deepEqual(await attempts.count('user', [counter], NOW + 9), { outcome: 'counted', counts });
    },

    'makes no counter and brings none back': async ({ attempts }) => {
      await attempts.reset('user', { clear: ['a'], refund: ['b'] });
      assert.deepEqual(await countsOf(attempts), {});
      await attempts.count('user', COUNTERS, NOW - MINUTE);
      await attempts.reset('user', { clear: [], refund: ['a'] });
      assert.deepEqual(await countsOf(attempts), {});
      const counted = await attempts.count('user', [{ key: 'a', limit: 1, window: MINUTE }], NOW);
      assert.equal(counted.outcome, 'counted');
    },

    "touches no other user's counters": async ({ attempts }) => {
      for (const userId of ['user', 'User', 'user2']) await given(attempts, userId);
      await attempts.reset('user', { clear: ['a'], refund: ['b'] });
      for (const userId of ['User', 'user2']) assert.deepEqual(await countsOf(attempts, userId), { a: 3, b: 3, c: 3 });
    },

    'takes what was asked though the caller changes it afterwards': async ({ attempts }) => {
      await given(attempts);
      const [clear, refund] = [['a'], ['b']];
      const settled = attempts.reset('user', { clear, refund });
      clear[0] = 'c';
      refund[0] = 'c';
      await settled;
      assert.deepEqual(await countsOf(attempts), { b: 2, c: 3 });
    },
  },
};
