import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { NOW } from './setting.js';
import { challengeRow, givenChallenges, takeAll } from './step-up-rows.js';
import { STRANGE } from './strange.js';

export const challengesDrop: CaseGroup = {
  group: 'challenges.dropForSession and dropForUser',
  part: 'challenges',
  cases: {
    'delete all of a session, over or not, and none of another': async ({ challenges }) => {
      await givenChallenges(
        challenges,
        challengeRow({ id: 'a' }),
        challengeRow({ id: 'b', purpose: 'action' }),
        challengeRow({ id: 'over', expiresAt: NOW }),
        challengeRow({ id: 'other', sessionId: 'session2' }),
        challengeRow({ id: 'foreign', sessionId: 'user', userId: 'session' }),
      );
      await challenges.dropForSession('session');
      assert.deepEqual(await takeAll(challenges, 'session', ['a', 'b', 'over'], NOW - 1), []);
      assert.deepEqual(await takeAll(challenges, 'session2', ['other']), ['other']);
      assert.deepEqual(await takeAll(challenges, 'user', ['foreign']), ['foreign']);
    },

    'delete all of a user, in whichever session, and none of another user': async ({ challenges }) => {
      await givenChallenges(
        challenges,
        challengeRow({ id: 'a' }),
        challengeRow({ id: 'over', expiresAt: NOW }),
        challengeRow({ id: 'other', sessionId: 'session2' }),
        challengeRow({ id: 'foreign', sessionId: 'user', userId: 'session' }),
      );
      await challenges.dropForUser('user');
      assert.deepEqual(await takeAll(challenges, 'session', ['a', 'over'], NOW - 1), []);
      assert.deepEqual(await takeAll(challenges, 'session2', ['other']), []);
      assert.deepEqual(await takeAll(challenges, 'user', ['foreign']), ['foreign']);
    },

    'do nothing where there is nothing, and let new ones be made': async ({ challenges }) => {
      for (const name of ['session', 'user']) {
        await challenges.dropForSession(name);
        await challenges.dropForUser(name);
      }
      await givenChallenges(challenges, challengeRow({ id: 'a' }));
      assert.deepEqual(await takeAll(challenges, 'session', ['a']), ['a']);
    },

    'tell users apart whose ids look alike': async ({ challenges }) => {
      const rows = STRANGE.map((userId, n) => challengeRow({ id: `challenge-${n}`, userId }));
      await givenChallenges(challenges, ...rows);
      for (const row of rows) {
        assert.deepEqual(await challenges.take('session', row.id, NOW), row);
        await givenChallenges(challenges, row);
        await challenges.dropForUser(row.userId);
        assert.equal(await challenges.take('session', row.id, NOW), null);
      }
    },
  },
};
