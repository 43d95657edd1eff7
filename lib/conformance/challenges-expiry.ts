import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { hashOf, MINUTE, NOW, parallel } from './setting.js';
import { challengeRow, givenChallenges, takeAll } from './step-up-rows.js';

export const challengesExpiry: CaseGroup = {
  group: 'challenges.deleteExpired',
  part: 'challenges',
  deletesExpired: true,
  cases: {
    'deletes the challenges that are at their end, and none 1 ms before': async ({ challenges }) => {
      await givenChallenges(
        challenges,
        challengeRow({ id: 'live' }),
        challengeRow({ id: 'soon', expiresAt: NOW + 1 }),
        challengeRow({ id: 'over', expiresAt: NOW }),
        challengeRow({
          id: 'long over',
          createdAt: NOW - 2 * MINUTE,
          expiresAt: NOW - MINUTE,
          sessionId: 'session2',
          userId: 'user2',
        }),
      );
      assert.equal(await challenges.deleteExpired(NOW, 100), 2);
      assert.equal(await challenges.take('session2', 'long over', NOW - MINUTE - 1), null);
      assert.deepEqual(await takeAll(challenges, 'session', ['live', 'soon', 'over'], NOW - 1), ['live', 'soon']);
    },

    'deletes the spent marks that are at their end, and none 1 ms before': async ({ challenges }) => {
      await challenges.spend(hashOf('soon'), NOW + 1, NOW - MINUTE);
      await challenges.spend(hashOf('over'), NOW, NOW - MINUTE);
      assert.equal(await challenges.deleteExpired(NOW, 100), 1);
      assert.equal(await challenges.spend(hashOf('soon'), NOW + 1, NOW), false);
      assert.equal(await challenges.deleteExpired(NOW + 1, 100), 1);
      assert.equal(await challenges.deleteExpired(NOW + 1, 100), 0);
    },

    'deletes no more than the limit of each kind at once, and says how many of both': async ({ challenges }) => {
      const rows = Array.from({ length: 5 }, (_, n) => challengeRow({ id: `challenge-${n}`, expiresAt: NOW - n }));
      await givenChallenges(challenges, challengeRow({ id: 'live' }), ...rows);
      for (let n = 0; n < 7; n++) await challenges.spend(hashOf(`hash ${n}`), NOW - n, NOW - MINUTE);
      const counts: number[] = [];
      for (let n = 0; n < 4; n++) counts.push(await challenges.deleteExpired(NOW, 3));
      assert.deepEqual(counts, [6, 5, 1, 0]);
      assert.deepEqual(await takeAll(challenges, 'session', ['live']), ['live']);
    },

    'counts each once that several clean-ups delete at once': async ({ challenges }) => {
      const rows = Array.from({ length: 10 }, (_, n) => challengeRow({ id: `challenge-${n}`, expiresAt: NOW }));
      await givenChallenges(challenges, ...rows);
      const counts = await parallel(5, () => challenges.deleteExpired(NOW, 3));
      assert.ok(counts.every((count) => count <= 3));
      const ids = rows.map(({ id }) => id);
      const left = (await takeAll(challenges, 'session', ids, NOW - 1)).length;
      assert.equal(
        counts.reduce((sum, count) => sum + count, left),
        10,
      );
    },
  },
};
