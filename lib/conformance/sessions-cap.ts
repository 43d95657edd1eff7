import type { InsertOutcome, SessionRow } from '../stores/contract/sessions.js';
import { assert } from './assert.js';
import type { Bench, CaseGroup } from './case.js';
import { given, idsOf, insert, present, sessionRow, sortedIds } from './session-rows.js';
import { MINUTE, NOW } from './setting.js';

/** How many there are with the new one, the cap, and how many have to go. */
const MATRIX: readonly (readonly [total: number, cap: number | null, evicted: number])[] = [
  [1, 5, 0],
  [4, 5, 0],
  [5, 5, 0],
  [6, 5, 1],
  [10, 3, 7],
  [1, 1, 0],
  [2, 1, 1],
  [4, 1, 3],
  [7, null, 0],
];

const overRows: readonly SessionRow[] = [
  sessionRow({ id: 'idle', createdAt: NOW - 90 * MINUTE, idleExpiresAt: NOW }),
  sessionRow({ id: 'at the end', createdAt: NOW - 90 * MINUTE, expiresAt: NOW }),
];

function evictedIds(outcome: InsertOutcome): readonly string[] {
  return outcome.outcome === 'inserted' ? sortedIds(outcome.evicted) : assert.fail('refused');
}

function matrixCase(total: number, cap: number | null, evicted: number): (bench: Bench) => Promise<void> {
  return async ({ sessions }) => {
    const rows = Array.from({ length: total }, (_, age) =>
      sessionRow({ id: `age-${age}`, createdAt: NOW - age * MINUTE }),
    );
    const [newcomer, ...others] = rows;
    if (newcomer === undefined) return;
    await given(sessions, ...others);
    const outcome = await insert(sessions, newcomer, { cap });
    assert.deepEqual(evictedIds(outcome), sortedIds(rows.slice(total - evicted)));
    assert.deepEqual(await present(sessions, ...idsOf(rows)), idsOf(rows.slice(0, total - evicted)));
  };
}

export const sessionsCap: CaseGroup = {
  group: 'sessions.insert under a cap',
  part: 'sessions',
  cases: {
    ...Object.fromEntries(
      MATRIX.map(([total, cap, evicted]) => [
        `evicts the ${evicted} oldest where ${total} are to fit under a cap of ${cap ?? 'null'}`,
        matrixCase(total, cap, evicted),
      ]),
    ),

    'says of each evicted session whose it was': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      assert.deepEqual(await insert(sessions, sessionRow({ id: 'b' }), { cap: 1 }), {
        outcome: 'inserted',
        replaced: null,
        evicted: [{ id: 'a', userId: 'user' }],
      });
      assert.equal(await sessions.find(sessionRow({ id: 'a' }).tokenHash), null);
    },

    'takes the oldest by creation, whichever was seen or inserted last': async ({ sessions }) => {
      await given(
        sessions,
        sessionRow({ id: 'younger', createdAt: NOW - 2 * MINUTE, lastSeenAt: NOW - 2 * MINUTE }),
        sessionRow({ id: 'older', createdAt: NOW - 3 * MINUTE, lastSeenAt: NOW }),
      );
      assert.deepEqual(evictedIds(await insert(sessions, sessionRow({ id: 'new' }), { cap: 2 })), ['older']);
    },

    'takes the lowest id in byte order of those created at once': async ({ sessions }) => {
      await given(sessions, ...['b', 'a', 'B', '_'].map((id) => sessionRow({ id, createdAt: NOW - MINUTE })));
      assert.deepEqual(evictedIds(await insert(sessions, sessionRow({ id: 'new' }), { cap: 3 })), ['B', '_']);
    },

    'keeps the newcomer though it is the oldest': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a', createdAt: NOW - MINUTE }));
      const newcomer = sessionRow({ id: 'Z', createdAt: NOW - 9 * MINUTE });
      assert.deepEqual(evictedIds(await insert(sessions, newcomer, { cap: 1 })), ['a']);
      assert.deepEqual(await present(sessions, 'a', 'Z'), ['Z']);
    },

    'counts no session that has expired, and evicts none': async ({ sessions }) => {
      await given(sessions, ...overRows, sessionRow({ id: 'live' }));
      assert.deepEqual(evictedIds(await insert(sessions, sessionRow({ id: 'new' }), { cap: 2 })), []);
      assert.deepEqual(evictedIds(await insert(sessions, sessionRow({ id: 'newer', createdAt: NOW }), { cap: 1 })), [
        'live',
        'new',
      ]);
    },

    'counts a session until 1 ms before either end': async ({ sessions }) => {
      await given(
        sessions,
        sessionRow({ id: 'idle soon', idleExpiresAt: NOW + 1 }),
        sessionRow({ id: 'over soon', expiresAt: NOW + 1 }),
      );
      assert.deepEqual(evictedIds(await insert(sessions, sessionRow({ id: 'new' }), { cap: 1 })), [
        'idle soon',
        'over soon',
      ]);
    },

    'neither counts nor evicts a session of an impersonator': async ({ sessions }) => {
      const impersonator = { userId: 'admin', sessionId: 'of the admin', reason: 'ticket 7' };
      await given(sessions, sessionRow({ id: 'theirs', impersonator }), sessionRow({ id: 'mine' }));
      assert.deepEqual(evictedIds(await insert(sessions, sessionRow({ id: 'new' }), { cap: 2 })), []);
      assert.deepEqual(evictedIds(await insert(sessions, sessionRow({ id: 'newer', createdAt: NOW }), { cap: 1 })), [
        'mine',
        'new',
      ]);
      assert.deepEqual(await present(sessions, 'theirs', 'newer'), ['theirs', 'newer']);
    },

    "leaves other users' sessions alone": async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'theirs', userId: 'user2' }), sessionRow({ id: 'mine' }));
      assert.deepEqual(evictedIds(await insert(sessions, sessionRow({ id: 'new' }), { cap: 1 })), ['mine']);
      assert.deepEqual(await present(sessions, 'theirs', 'mine', 'new'), ['theirs', 'new']);
    },

    'gives the place of the replaced session to the newcomer': async ({ sessions }) => {
      const young = sessionRow({ id: 'young', createdAt: NOW - MINUTE });
      await given(sessions, sessionRow({ id: 'old', createdAt: NOW - 2 * MINUTE }), young);
      const outcome = await insert(sessions, sessionRow({ id: 'new' }), { cap: 2, replaces: young.tokenHash });
      assert.deepEqual(outcome, { outcome: 'inserted', replaced: { id: 'young', userId: 'user' }, evicted: [] });
      assert.deepEqual(await present(sessions, 'old', 'young', 'new'), ['old', 'new']);
    },

    'makes no place by the replaced session of another user': async ({ sessions }) => {
      const theirs = sessionRow({ id: 'theirs', userId: 'user2' });
      await given(sessions, theirs, sessionRow({ id: 'mine' }));
      const outcome = await insert(sessions, sessionRow({ id: 'new' }), { cap: 1, replaces: theirs.tokenHash });
      assert.deepEqual(outcome, {
        outcome: 'inserted',
        replaced: { id: 'theirs', userId: 'user2' },
        evicted: [{ id: 'mine', userId: 'user' }],
      });
    },
  },
};
