import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { HOUR, NOW, parallel } from './setting.js';
import { grantRow, takeOf } from './step-up-rows.js';

export const grantsExpiry: readonly CaseGroup[] = [
  {
    group: 'grants.deleteExpired',
    part: 'grants',
    deletesExpired: true,
    cases: {
      'deletes the grants that are at their end, and none 1 ms before': async ({ grants }) => {
        const row = grantRow({ actionDigest: 'soon', expiresAt: NOW + 1 });
        for (const over of ['over', 'over too']) await grants.insert(grantRow({ actionDigest: over, expiresAt: NOW }));
        await grants.insert(row);
        assert.equal(await grants.deleteExpired(NOW, 100), 2);
        for (const actionDigest of ['over', 'over too']) {
          assert.deepEqual(await grants.take(takeOf({ actionDigest, now: NOW - 1 })), { outcome: 'none' });
        }
        assert.deepEqual(await grants.take(takeOf({ actionDigest: 'soon' })), { outcome: 'taken', row });
      },

      'deletes the marks that are at their end, and none 1 ms before': async ({ grants }) => {
        for (const actionDigest of ['over', 'soon']) {
          await grants.insert(grantRow({ actionDigest }));
          const markedUntil = actionDigest === 'over' ? NOW + HOUR : NOW + HOUR + 1;
          assert.equal((await grants.take(takeOf({ actionDigest, markedUntil }))).outcome, 'taken');
        }
        assert.equal(await grants.deleteExpired(NOW + HOUR - 1, 100), 0);
        assert.equal(await grants.deleteExpired(NOW + HOUR, 100), 1);
        assert.deepEqual(await grants.take(takeOf({ actionDigest: 'over' })), { outcome: 'none' });
        assert.deepEqual(await grants.take(takeOf({ actionDigest: 'soon' })), { outcome: 'spent', spentAt: NOW });
      },

      'deletes no more than the limit of each kind at once, and says how many of both': async ({ grants }) => {
        for (let n = 0; n < 5; n++) {
          const actionDigest = `spent ${n}`;
          await grants.insert(grantRow({ actionDigest }));
          await grants.take(takeOf({ actionDigest, markedUntil: NOW + n }));
        }
        await grants.insert(grantRow());
        for (let n = 0; n < 7; n++) await grants.insert(grantRow({ actionDigest: `action ${n}`, expiresAt: NOW - n }));
        const counts: number[] = [];
        for (let n = 0; n < 4; n++) counts.push(await grants.deleteExpired(NOW + 5, 3));
        assert.deepEqual(counts, [6, 5, 1, 0]);
        assert.equal((await grants.take(takeOf())).outcome, 'taken');
      },

      'counts each once that several clean-ups delete at once': async ({ grants }) => {
        for (let n = 0; n < 10; n++) {
          await grants.insert(grantRow({ actionDigest: `action ${n}`, expiresAt: NOW + 1 }));
          if (n % 2 === 0) await grants.take(takeOf({ actionDigest: `action ${n}`, markedUntil: NOW + 1 }));
        }
        const counts = await parallel(5, () => grants.deleteExpired(NOW + 1, 2));
        assert.ok(counts.every((count) => count <= 4));
        const rest = await grants.deleteExpired(NOW + 1, 100);
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
        assert.deepEqual(await grants.take(takeOf()), { outcome: 'taken', row: grantRow() });
      },
    },
  },
];
