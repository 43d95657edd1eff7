import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { MINUTE, NOW, parallel } from './setting.js';
import { grantRow, takeOf } from './step-up-rows.js';
import { STRANGE } from './strange.js';

const NONE = { outcome: 'none' };
const SPENT = { outcome: 'spent', spentAt: NOW };

export const grantsTake: CaseGroup = {
  group: 'grants.take',
  part: 'grants',
  cases: {
    'gives a grant once, and says from then on when it was spent': async ({ grants }) => {
      const row = grantRow();
      await grants.insert(row);
      assert.deepEqual(await grants.take(takeOf()), { outcome: 'taken', row });
      assert.deepEqual(await grants.take(takeOf()), SPENT);
      assert.deepEqual(await grants.take(takeOf({ now: row.expiresAt + 1 })), SPENT);
    },

    'knows of no grant at its end, and marks nothing': async ({ grants }) => {
      const row = grantRow({ expiresAt: NOW });
      await grants.insert(row);
      assert.deepEqual(await grants.take(takeOf()), NONE);
      assert.deepEqual(await grants.take(takeOf({ now: NOW + 1 })), NONE);
      assert.deepEqual(await grants.take(takeOf({ now: NOW - 1 })), { outcome: 'taken', row });
    },

    'knows of no grant that was made further ahead than it lives, and leaves it alone': async ({ grants }) => {
      const row = grantRow({ createdAt: NOW + MINUTE + 1, expiresAt: NOW + 2 * MINUTE + 1 });
      await grants.insert(row);
      assert.deepEqual(await grants.take(takeOf()), NONE);
      assert.deepEqual(await grants.take(takeOf({ now: NOW - MINUTE })), NONE);
      assert.deepEqual(await grants.take(takeOf({ now: NOW + 1 })), { outcome: 'taken', row });
    },

    'gives one of 50 parallel takes the grant, and says to the others that it is spent': async ({ grants }) => {
      await grants.insert(grantRow());
      const takes = await parallel(50, () => grants.take(takeOf()));
      const others = takes.filter(({ outcome }) => outcome !== 'taken');
      assert.deepEqual(
        others,
        Array.from({ length: 49 }, () => SPENT),
      );
    },

    'gives none to another session or for another action, and leaves the grant alone': async ({ grants }) => {
      await grants.insert(grantRow());
      for (const [sessionId, actionDigest] of [
        ['session2', 'pay'],
        ['session', 'Pay'],
        ['session', ''],
        ['', 'pay'],
        ['user', 'pay'],
        ['pay', 'session'],
        ['session', 'action of pay'],
        ['session', '%'],
      ] as const) {
        const message = `${sessionId} ${actionDigest}`;
        assert.deepEqual(await grants.take(takeOf({ sessionId, actionDigest })), NONE, message);
      }
      assert.equal((await grants.take(takeOf())).outcome, 'taken');
    },

    'gives none where there never was one': async ({ grants }) => {
      assert.deepEqual(await grants.take(takeOf()), NONE);
      assert.deepEqual(await grants.take(takeOf()), NONE);
    },

    'spends one of the grants of a session, or for an action, and no other': async ({ grants }) => {
      const others = [grantRow({ actionDigest: 'rename' }), grantRow({ sessionId: 'session2' })];
      for (const row of [grantRow(), ...others]) await grants.insert(row);
      await grants.take(takeOf());
      for (const row of others) {
        const { sessionId, actionDigest } = row;
        assert.deepEqual(await grants.take(takeOf({ sessionId, actionDigest })), { outcome: 'taken', row });
      }
    },

    'tells sessions and actions apart that look alike': async ({ grants }) => {
      const rows = [
        ...STRANGE.flatMap((text) => [grantRow({ sessionId: text }), grantRow({ actionDigest: text })]),
        ...['a|b', 'a b', 'a\tb', 'a,b'].flatMap((text) => [
          grantRow({ sessionId: text, actionDigest: text.slice(2) }),
          grantRow({ sessionId: text.slice(0, 1), actionDigest: text.slice(2) + text.slice(1) }),
        ]),
      ];
      for (const row of rows) await grants.insert(row);
      for (const row of rows) {
        const { sessionId, actionDigest } = row;
        assert.deepEqual(await grants.take(takeOf({ sessionId, actionDigest })), { outcome: 'taken', row });
      }
    },
  },
};
