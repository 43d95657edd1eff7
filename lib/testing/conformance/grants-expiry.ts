import assert from 'node:assert/strict';
import type { CaseGroup } from './case.js';
import { NOW, parallel } from './setting.js';
import { grantRow } from './step-up-rows.js';

export const grantsExpiry: readonly CaseGroup[] = [
  {
    group: 'grants.deleteExpired',
    part: 'grants',
    deletesExpired: true,
    cases: {
      'deletes the grants that are at their end, spent or not, and none 1 ms before': async ({ grants }) => {
        const row = grantRow({ actionDigest: 'soon', expiresAt: NOW + 1 });
        for (const over of ['spent', 'over']) await grants.insert(grantRow({ actionDigest: over, expiresAt: NOW }));
        await grants.insert(row);
        await grants.take('session', 'spent', NOW - 1);
        assert.equal(await grants.deleteExpired(NOW, 100), 2);
        for (const over of ['spent', 'over']) {
          assert.deepEqual(await grants.take('session', over, NOW - 1), { outcome: 'none' });
        }
        assert.deepEqual(await grants.take('session', 'soon', NOW), { outcome: 'taken', row });
      },

      'deletes no more than the limit of those that are over, and says how many': async ({ grants }) => {
        await grants.insert(grantRow());
        for (let n = 0; n < 7; n++) await grants.insert(grantRow({ actionDigest: `action ${n}`, expiresAt: NOW - n }));
        const counts: number[] = [];
        for (let n = 0; n < 4; n++) counts.push(await grants.deleteExpired(NOW, 3));
        assert.deepEqual(counts, [3, 3, 1, 0]);
        assert.equal((await grants.take('session', 'pay', NOW)).outcome, 'taken');
      },

      'counts each grant once that several clean-ups delete at once': async ({ grants }) => {
        for (let n = 0; n < 10; n++) await grants.insert(grantRow({ actionDigest: `action ${n}`, expiresAt: NOW }));
        const counts = await parallel(5, () => grants.deleteExpired(NOW, 3));
        assert.ok(counts.every((count) => count <= 3));
        const rest = await grants.deleteExpired(NOW, 100);
        assert.equal(
          counts.reduce((sum, count) => sum + count, rest),
          10,
        );
      },
    },
  },
  {
    group: 'grants.deleteExpired beside new grants',
    part: 'grants',
    cases: {
      'keeps a new grant in place of one that a clean-up finds over': async ({ grants }) => {
        await grants.insert(grantRow({ expiresAt: NOW }));
        await Promise.all([grants.deleteExpired(NOW, 10), grants.insert(grantRow()), grants.deleteExpired(NOW, 10)]);
        assert.deepEqual(await grants.take('session', 'pay', NOW), { outcome: 'taken', row: grantRow() });
      },
    },
  },
];
