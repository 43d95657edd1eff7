import type { ChallengeRow } from '../stores/contract/challenges.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { NOW, parallel } from './setting.js';
import { challengeRow, givenChallenges, takeAll } from './step-up-rows.js';
import { STRANGE } from './strange.js';

const ROWS: Readonly<Record<string, readonly ChallengeRow[]>> = {
  'a challenge of each purpose': (['step-up', 'verify-only', 'enrolment', 'action'] as const).map((purpose) =>
    challengeRow({ id: purpose, purpose }),
  ),
  'the digest of an action': [challengeRow({ id: 'a', purpose: 'action', actionDigest: 'digest' })],
  'the order and the repeats of the methods': [
    challengeRow({ id: 'a', methods: ['totp', 'passkey', 'totp'] }),
    challengeRow({ id: 'b', methods: ['"', ',', "it's", ''] }),
    challengeRow({ id: 'c', methods: [] }),
  ],
  'user ids and methods of any characters': STRANGE.map((text, n) =>
    challengeRow({ id: `challenge-${n}`, userId: text, methods: [text] }),
  ),
  'generations, the first and one of billions': [
    challengeRow({ id: 'a', generation: 0 }),
    challengeRow({ id: 'b', generation: Number.MAX_SAFE_INTEGER }),
  ],
  'a long value': [challengeRow({ id: 'a', value: '_-'.repeat(2048) })],
  'the earliest and the latest time there is': [challengeRow({ id: 'a', createdAt: 0, expiresAt: 8.64e15 })],
};

function idsFrom(start: number, end: number): readonly string[] {
  return Array.from({ length: end - start }, (_, n) => `challenge-${start + n}`);
}

export const challengesInsert: CaseGroup = {
  group: 'challenges.insert',
  part: 'challenges',
  cases: {
    ...Object.fromEntries(
      Object.entries(ROWS).map(([what, rows]) => [
        `keeps ${what}`,
        async ({ challenges }) => {
          await givenChallenges(challenges, ...rows);
          for (const row of rows) assert.deepEqual(await challenges.take(row.sessionId, row.id, NOW), row);
        },
      ]),
    ),

    'keeps as many as a session may have, and lets the oldest go for one more': async ({ challenges }) => {
      for (const [n, id] of ['c', 'a', 'd', 'b'].entries()) {
        await challenges.insert(challengeRow({ id, createdAt: NOW + n }), 3);
      }
      assert.deepEqual(await takeAll(challenges, 'session', ['a', 'b', 'c', 'd']), ['a', 'b', 'd']);
    },

    'lets the oldest go by its time, whichever was inserted first': async ({ challenges }) => {
      for (const [id, createdAt] of [
        ['new', NOW],
        ['oldest', NOW - 9],
        ['old', NOW - 5],
        ['newest', NOW + 1],
      ] as const) {
        await challenges.insert(challengeRow({ id, createdAt }), 3);
      }
      assert.deepEqual(await takeAll(challenges, 'session', ['oldest', 'old', 'new', 'newest']), [
        'old',
        'new',
        'newest',
      ]);
    },

    'lets those of one time go by id in byte order': async ({ challenges }) => {
      const ids = ['-', '0', 'B', '_', 'a', 'b'];
      await givenChallenges(challenges, ...ids.map((id) => challengeRow({ id })));
      await challenges.insert(challengeRow({ id: 'c' }), 3);
      assert.deepEqual(await takeAll(challenges, 'session', [...ids, 'c']), ['a', 'b', 'c']);
    },

    'lets as many go as are too many': async ({ challenges }) => {
      await givenChallenges(challenges, ...idsFrom(0, 6).map((id, n) => challengeRow({ id, createdAt: NOW + n })));
      await challenges.insert(challengeRow({ id: 'last', createdAt: NOW + 6 }), 1);
      assert.deepEqual(await takeAll(challenges, 'session', [...idsFrom(0, 6), 'last']), ['last']);
    },

    'counts the challenges that have expired, too': async ({ challenges }) => {
      await challenges.insert(challengeRow({ id: 'over', createdAt: NOW - 2, expiresAt: NOW }), 2);
      await challenges.insert(challengeRow({ id: 'live', createdAt: NOW - 3 }), 2);
      await challenges.insert(challengeRow({ id: 'new', createdAt: NOW + 1 }), 2);
      assert.deepEqual(await takeAll(challenges, 'session', ['live', 'over', 'new'], NOW - 1), ['over', 'new']);
    },

    "lets no other session's challenge go, be it of the same user": async ({ challenges }) => {
      await givenChallenges(
        challenges,
        challengeRow({ id: 'other', sessionId: 'session2', createdAt: 0 }),
        challengeRow({ id: 'foreign', sessionId: 'session3', userId: 'user2', createdAt: 0 }),
      );
      for (const id of ['a', 'b']) await challenges.insert(challengeRow({ id }), 1);
      assert.deepEqual(await takeAll(challenges, 'session', ['a', 'b']), ['b']);
      assert.deepEqual(await takeAll(challenges, 'session2', ['other']), ['other']);
      assert.deepEqual(await takeAll(challenges, 'session3', ['foreign']), ['foreign']);
    },

    'keeps exactly the 5 newest of 50 parallel inserts under a cap of 5': async ({ challenges }) => {
      await parallel(50, (n) => challenges.insert(challengeRow({ id: `challenge-${n}`, createdAt: NOW + n }), 5));
      assert.deepEqual(await takeAll(challenges, 'session', idsFrom(0, 50)), idsFrom(45, 50));
    },

    'keeps the cap of each of several sessions under parallel inserts': async ({ challenges }) => {
      await parallel(40, (n) =>
        challenges.insert(challengeRow({ id: `challenge-${n}`, sessionId: `session${n % 4}` }), 2),
      );
      for (const n of [0, 1, 2, 3]) {
        assert.equal((await takeAll(challenges, `session${n}`, idsFrom(0, 40))).length, 2);
      }
    },

    'rejects an id that is taken, and leaves its challenge as it is': async ({ challenges }) => {
      const row = challengeRow({ id: 'a' });
      await givenChallenges(challenges, row);
      const second = challengeRow({ id: 'a', sessionId: 'session2', userId: 'user2', value: 'other', createdAt: NOW });
      await assert.rejects(async () => challenges.insert(second, 5));
      assert.equal(await challenges.take('session2', 'a', NOW), null);
      assert.deepEqual(await challenges.take('session', 'a', NOW), row);
    },

    'keeps what it was given though the caller changes it afterwards': async ({ challenges }) => {
      const methods = ['passkey'];
      const row = { ...challengeRow({ id: 'a' }), methods };
      const inserted = challenges.insert(row, 5);
      methods[0] = 'pin';
      row.sessionId = 'session2';
      await inserted;
      assert.deepEqual(await challenges.take('session', 'a', NOW), challengeRow({ id: 'a' }));
    },
  },
};
