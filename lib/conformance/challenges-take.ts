import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { MINUTE, NOW, parallel } from './setting.js';
import { challengeRow, givenChallenges, takeAll } from './step-up-rows.js';
import { STRANGE } from './strange.js';

export const challengesTake: CaseGroup = {
  group: 'challenges.take',
  part: 'challenges',
  cases: {
    'gives a challenge once, and leaves the others': async ({ challenges }) => {
      const row = challengeRow({ id: 'a' });
      await givenChallenges(challenges, row, challengeRow({ id: 'b' }));
      assert.deepEqual(await challenges.take('session', 'a', NOW), row);
      assert.equal(await challenges.take('session', 'a', NOW), null);
      assert.deepEqual(await takeAll(challenges, 'session', ['b']), ['b']);
    },

    'gives one of 50 parallel takes the challenge': async ({ challenges }) => {
      const row = challengeRow({ id: 'a' });
      await givenChallenges(challenges, row);
      const taken = await parallel(50, () => challenges.take('session', 'a', NOW));
      assert.deepEqual(
        taken.filter((each) => each !== null),
        [row],
      );
    },

    'gives null at the end and leaves the challenge alone, and gives it 1 ms before': async ({ challenges }) => {
      const row = challengeRow({ id: 'a', expiresAt: NOW });
      await givenChallenges(challenges, row);
      assert.equal(await challenges.take('session', 'a', NOW), null);
      assert.equal(await challenges.take('session', 'a', NOW + 1), null);
      assert.deepEqual(await challenges.take('session', 'a', NOW - 1), row);
    },

    'gives null for one that was made further ahead than it lives, and leaves it alone': async ({ challenges }) => {
      const row = challengeRow({ id: 'a', createdAt: NOW + MINUTE + 1, expiresAt: NOW + 2 * MINUTE + 1 });
      await givenChallenges(challenges, row);
      assert.equal(await challenges.take('session', 'a', NOW), null);
      assert.equal(await challenges.take('session', 'a', NOW - MINUTE), null);
      assert.deepEqual(await challenges.take('session', 'a', NOW + 1), row);
    },

    'gives null to another session and leaves the challenge alone, be it of the same user': async ({ challenges }) => {
      await givenChallenges(challenges, challengeRow({ id: 'a' }), challengeRow({ id: 'b', sessionId: 'session2' }));
      for (const sessionId of ['session2', 'user', '', 'Session', 'sessio', 'session ']) {
        assert.equal(await challenges.take(sessionId, 'a', NOW), null, sessionId);
      }
      assert.deepEqual(await takeAll(challenges, 'session', ['a']), ['a']);
    },

    'gives the session of 50 parallel takes the challenge that it is for': async ({ challenges }) => {
      await givenChallenges(challenges, challengeRow({ id: 'a' }));
      const taken = await parallel(50, (n) => challenges.take(`session${n === 30 ? '' : n}`, 'a', NOW));
      assert.deepEqual(
        taken.flatMap((each, n) => (each === null ? [] : [n])),
        [30],
      );
    },

    'gives null for an id that there never was': async ({ challenges }) => {
      await givenChallenges(challenges, challengeRow({ id: 'a' }));
      for (const id of ['b', '', 'A', 'session', 'value of a', '%', '_']) {
        assert.equal(await challenges.take('session', id, NOW), null, id);
      }
    },

    'tells ids and sessions apart that look alike': async ({ challenges }) => {
      const rows = STRANGE.flatMap((text, n) => [
        challengeRow({ id: text }),
        challengeRow({ id: `of ${n}`, sessionId: text }),
      ]);
      await givenChallenges(challenges, ...rows);
      for (const { sessionId, id } of rows) {
        assert.equal((await challenges.take(sessionId, id, NOW))?.id, id);
        assert.equal(await challenges.take(sessionId, id, NOW), null);
      }
    },
  },
};
