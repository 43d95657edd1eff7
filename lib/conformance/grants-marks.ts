import type { TakeGrant, TakeGrantOutcome } from '../stores/contract/grants.js';
import { assert } from './assert.js';
import type { Bench, CaseGroup } from './case.js';
import { HOUR, MINUTE, NOW, parallel } from './setting.js';
import { grantRow, takeOf } from './step-up-rows.js';
import { STRANGE } from './strange.js';

const NONE = { outcome: 'none' };
const SPENT = { outcome: 'spent', spentAt: NOW };
const LATER = NOW + 10 * MINUTE;

/** What a take hears by another session and with another digest, so that there is no grant for it. */
async function heard({ grants }: Bench, take: Partial<TakeGrant> = {}): Promise<TakeGrantOutcome> {
  return await grants.take(
    takeOf({ sessionId: 'other session', actionDigest: 'other', action: 'action of pay', ...take }),
  );
}

/** Spends a grant, which marks `action of pay`. */
async function spend({ grants }: Bench, take: Partial<TakeGrant> = {}): Promise<void> {
  await grants.insert(grantRow());
  assert.equal((await grants.take(takeOf(take))).outcome, 'taken');
}

export const grantsMarks: CaseGroup = {
  group: 'grants.take: what was done',
  part: 'grants',
  cases: {
    'is known to another session, and by another digest': async (bench) => {
      await spend(bench);
      assert.deepEqual(await heard(bench), SPENT);
      assert.deepEqual(await heard(bench, { now: LATER }), SPENT);
    },

    'is known until the end that was said, and not at it': async (bench) => {
      await spend(bench, { markedUntil: LATER });
      assert.deepEqual(await heard(bench, { now: LATER - 1, markedUntil: LATER + HOUR }), SPENT);
      assert.deepEqual(await heard(bench, { now: LATER }), NONE);
    },

    'is of one user and one action': async (bench) => {
      await spend(bench);
      for (const userId of ['user2', 'User', '', 'use_', 'session']) {
        assert.deepEqual(await heard(bench, { userId }), NONE, userId);
      }
      for (const action of ['pay', 'Action of pay', '', 'action of %', 'user']) {
        assert.deepEqual(await heard(bench, { action }), NONE, action);
      }
    },

    'gives way to a new grant, which may be spent': async (bench) => {
      await spend(bench);
      const row = grantRow({ createdAt: LATER, expiresAt: LATER + MINUTE });
      await bench.grants.insert(row);
      assert.deepEqual(await bench.grants.take(takeOf({ now: LATER })), { outcome: 'taken', row });
    },

    'was done when it was done last': async (bench) => {
      await spend(bench, { markedUntil: NOW + MINUTE });
      await bench.grants.insert(grantRow({ expiresAt: NOW + HOUR }));
      await bench.grants.take(takeOf({ now: LATER, markedUntil: LATER + MINUTE }));
      assert.deepEqual(await heard(bench, { now: LATER }), { outcome: 'spent', spentAt: LATER });
      assert.deepEqual(await heard(bench, { now: LATER + MINUTE }), NONE);
    },

    'is known beside a grant that has expired, or made too far ahead': async (bench) => {
      await spend(bench);
      await bench.grants.insert(grantRow({ expiresAt: NOW }));
      assert.deepEqual(await bench.grants.take(takeOf()), SPENT);
      await bench.grants.insert(grantRow({ createdAt: NOW + HOUR, expiresAt: NOW + HOUR + MINUTE }));
      assert.deepEqual(await bench.grants.take(takeOf()), SPENT);
    },

    'is not what was looked for in vain': async (bench) => {
      assert.deepEqual(await heard(bench), NONE);
      assert.deepEqual(await heard(bench), NONE);
    },

    'is known after the grants of its session are dropped': async (bench) => {
      await spend(bench);
      await bench.grants.dropForSession('session');
      assert.deepEqual(await heard(bench), SPENT);
    },

    'is known after the grants of its method are dropped, and not after all of its user': async (bench) => {
      await spend(bench);
      await bench.grants.dropForUser('user', 'passkey');
      await bench.grants.dropForUser('user2', null);
      assert.deepEqual(await heard(bench), SPENT);
      await bench.grants.dropForUser('user', null);
      assert.deepEqual(await heard(bench), NONE);
    },

    'tells users and actions apart that look alike': async (bench) => {
      const pairs = [
        ...STRANGE.map((text) => ({ userId: text, action: 'a' })),
        ...STRANGE.map((text) => ({ userId: 'user', action: text })),
        ...['|', ' ', '\t', ':'].flatMap((gap) => [
          { userId: 'u', action: `v${gap}w` },
          { userId: `u${gap}v`, action: 'w' },
        ]),
      ];
      for (const [n, pair] of pairs.entries()) {
        assert.deepEqual(await heard(bench, pair), NONE);
        await bench.grants.insert(grantRow({ userId: pair.userId, expiresAt: NOW + HOUR }));
        await bench.grants.take(takeOf({ ...pair, now: NOW + n }));
        assert.deepEqual(await heard(bench, pair), { outcome: 'spent', spentAt: NOW + n });
      }
    },

    'is heard by each of 50 parallel takes of several sessions that get no grant': async (bench) => {
      for (const n of [0, 1, 2])
        await bench.grants.insert(grantRow({ sessionId: `session ${n}`, actionDigest: `${n}` }));
      const takes = await parallel(50, (n) =>
        bench.grants.take(
          takeOf({ sessionId: `session ${n % 3}`, actionDigest: `${n % 3}`, action: 'a', markedUntil: NOW + HOUR + n }),
        ),
      );
      const taken = takes.flatMap((take) => (take.outcome === 'taken' ? [take.row.sessionId] : []));
      assert.deepEqual(taken.toSorted(), ['session 0', 'session 1', 'session 2']);
      const others = takes.filter(({ outcome }) => outcome !== 'taken');
      assert.deepEqual(
        others,
        Array.from({ length: 47 }, () => SPENT),
      );
    },
  },
};
