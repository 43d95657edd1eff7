import { approvalRow, approve, askerOf, deny, EXPIRE, givenApprovals, spend } from './approval-rows.js';
import type { CaseGroup } from './case.js';
import { HOUR, NOW } from './setting.js';
import { assertHolds, assertLacks, assertUnchanged, expiredGroup, stored, storedGroup } from './stored.js';

const approval = approvalRow({
  id: 'approval-a',
  asker: askerOf({ id: 'session-a', userId: 'user-a', label: 'label-a' }),
  approvers: ['approver-a'],
  request: 'request-a',
  actionDigest: 'digest-a',
});
const WORDS = ['approval-a', 'session-a', 'user-a', 'label-a', 'approver-a', 'request-a', 'digest-a'];

export const approvalsStored: readonly CaseGroup[] = [
  storedGroup('approvals', {
    'holds what was said, and nothing of what is dropped': async (bench) => {
      const { approvals } = bench;
      for (const step of [
        () => approvals.dropForSession('user-a', 'session-a'),
        () => approvals.dropForUser('user-a', null),
        () => approvals.dropForUser('approver-a', null),
      ]) {
        await givenApprovals(approvals, approval);
        assertHolds(await stored(bench), [...WORDS, approval.tokenHash, String(approval.keptUntil)]);
        await step();
        assertLacks(await stored(bench), [...WORDS, approval.tokenHash]);
      }
    },

    'stays as it is when a change is refused': async (bench) => {
      const { approvals } = bench;
      await givenApprovals(approvals, approval);
      const by = { userId: 'approver-a' };
      await approvals.change('approval-a', deny(by), NOW);
      await assertUnchanged(bench, async () => {
        for (const change of [approve(by), deny(by), spend('approval-a'), EXPIRE]) {
          await approvals.change('approval-a', change, NOW);
        }
        await approvals.insert({ ...approval, id: 'approval-b' }, NOW);
        await approvals.dropForUser('approver-a', 'passkey');
      });
    },
  }),

  expiredGroup('approvals', {
    'holds nothing of approvals': async (bench) => {
      await givenApprovals(bench.approvals, approval);
      await bench.approvals.deleteExpired(NOW + HOUR, 10);
      assertLacks(await stored(bench), [...WORDS, approval.tokenHash]);
    },
  }),
];
