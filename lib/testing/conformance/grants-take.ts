import assert from 'node:assert/strict';
import type { CaseGroup } from './case.js';
import { NOW, parallel } from './setting.js';
import { grantRow } from './step-up-rows.js';
import { STRANGE } from './strange.js';

export const grantsTake: CaseGroup = {
  group: 'grants.take',
  part: 'grants',
  cases: {
    'gives a grant once, and says that it is spent from then on': async ({ grants }) => {
      const row = grantRow();
      await grants.insert(row);
      assert.deepEqual(await grants.take('session', 'pay', NOW), { outcome: 'taken', row });
      assert.deepEqual(await grants.take('session', 'pay', NOW), { outcome: 'spent' });
      assert.deepEqual(await grants.take('session', 'pay', row.expiresAt - 1), { outcome: 'spent' });
    },

    'knows of no grant at its end, spent or not': async ({ grants }) => {
      await grants.insert(grantRow({ expiresAt: NOW }));
      assert.deepEqual(await grants.take('session', 'pay', NOW), { outcome: 'none' });
      assert.equal((await grants.take('session', 'pay', NOW - 1)).outcome, 'taken');
      assert.deepEqual(await grants.take('session', 'pay', NOW - 1), { outcome: 'spent' });
      assert.deepEqual(await grants.take('session', 'pay', NOW), { outcome: 'none' });
    },

    'gives one of 50 parallel takes the grant, and says to the others that it is spent': async ({ grants }) => {
      await grants.insert(grantRow());
      const takes = await parallel(50, () => grants.take('session', 'pay', NOW));
      const outcomes = takes.map(({ outcome }) => outcome).toSorted();
      assert.deepEqual(outcomes, [...Array.from({ length: 49 }, () => 'spent'), 'taken']);
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
        ['session', '%'],
      ] as const) {
        const message = `${sessionId} ${actionDigest}`;
        assert.deepEqual(await grants.take(sessionId, actionDigest, NOW), { outcome: 'none' }, message);
      }
      assert.equal((await grants.take('session', 'pay', NOW)).outcome, 'taken');
    },

    'gives none where there never was one': async ({ grants }) => {
      assert.deepEqual(await grants.take('session', 'pay', NOW), { outcome: 'none' });
    },

    'spends one of the grants of a session, or for an action, and no other': async ({ grants }) => {
      const others = [grantRow({ actionDigest: 'rename' }), grantRow({ sessionId: 'session2' })];
      for (const row of [grantRow(), ...others]) await grants.insert(row);
      await grants.take('session', 'pay', NOW);
      for (const row of others) {
        assert.deepEqual(await grants.take(row.sessionId, row.actionDigest, NOW), { outcome: 'taken', row });
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
        assert.deepEqual(await grants.take(row.sessionId, row.actionDigest, NOW), { outcome: 'taken', row });
      }
    },
  },
};
