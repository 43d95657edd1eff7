import { approvalRow, approve, askerOf, givenApprovals, spend } from './approval-rows.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { HOUR, NOW, parallel } from './setting.js';

export const approvalsExpiry: readonly CaseGroup[] = [
  {
    group: 'approvals.deleteExpired',
    part: 'approvals',
    deletesExpired: true,
    cases: {
      'deletes those of which nothing need be known any more, and none 1 ms before': async ({ approvals }) => {
        await givenApprovals(
          approvals,
          approvalRow({ id: 'over', keptUntil: NOW + HOUR }),
          approvalRow({ id: 'spent', keptUntil: NOW + HOUR }),
          approvalRow({ id: 'soon', keptUntil: NOW + HOUR + 1 }),
        );
        await approvals.change('spent', approve(), NOW);
        await approvals.change('spent', spend('spent'), NOW);
        assert.equal(await approvals.deleteExpired(NOW + HOUR - 1, 100), 0);
        assert.equal(await approvals.deleteExpired(NOW + HOUR, 100), 2);
        assert.equal(await approvals.get('over'), null);
        assert.ok((await approvals.get('soon')) !== null);
      },

      'deletes no more than the limit at once, and counts each once': async ({ approvals }) => {
        for (let n = 0; n < 10; n++) {
          await givenApprovals(
            approvals,
            approvalRow({ id: `a${n}`, asker: askerOf({ id: `s${n}` }), keptUntil: NOW + 1 }),
          );
        }
        const counts = await parallel(3, () => approvals.deleteExpired(NOW + 1, 2));
        assert.ok(counts.every((count) => count <= 2));
        const rest = await approvals.deleteExpired(NOW + 1, 100);
        assert.equal(
          counts.reduce((sum, count) => sum + count, rest),
          10,
        );
      },
    },
  },
];
