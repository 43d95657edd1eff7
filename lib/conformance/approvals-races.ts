import type { ApprovalChange } from '../stores/contract/approval-state.js';
import type { ApprovalStore, ChangeApprovalOutcome } from '../stores/contract/approvals.js';
import { approvalRow, approve, askerOf, deny, EXPIRE, spend } from './approval-rows.js';
import { assert } from './assert.js';
import type { Bench, CaseGroup } from './case.js';
import { MINUTE, NOW, parallel } from './setting.js';

const ROUNDS = 100;

/** Makes changes at once and sees to it that one is made, and that the others hear of exactly what it made. */
async function oneOf(
  approvals: ApprovalStore,
  id: string,
  changes: readonly (readonly [change: ApprovalChange, now: number])[],
): Promise<string> {
  const answers = await parallel(changes.length, async (n): Promise<ChangeApprovalOutcome> => {
    const [change, now] = changes[n] ?? [EXPIRE, NOW];
    return approvals.change(id, change, now);
  });
  const row = await approvals.get(id);
  assert.equal(answers.filter(({ outcome }) => outcome === 'changed').length, 1);
  for (const answer of answers) {
    assert.ok(answer.outcome !== 'absent');
    assert.deepEqual('row' in answer ? answer.row : null, row);
  }
  return row?.status ?? 'absent';
}

/** 100 approvals, each asked for by a session of its own, so that no bound matters. */
function rounds(
  { approvals }: Bench,
  round: (id: string, approvals: ApprovalStore) => Promise<unknown>,
): Promise<readonly unknown[]> {
  return parallel(ROUNDS, async (n) => {
    const row = approvalRow({
      id: `a${n}`,
      asker: askerOf({ id: `s${n}`, userId: `user ${n}` }),
      approvers: [`user ${n}`],
    });
    assert.equal((await approvals.insert(row, NOW)).outcome, 'inserted');
    return round(row.id, approvals);
  });
}

const userOf = (id: string): string => `user ${id.slice(1)}`;

export const approvalsRaces: CaseGroup = {
  group: 'approvals: races',
  part: 'approvals',
  cases: {
    'lets one win of who approves and who approves too, in two sessions': async (bench) => {
      await rounds(bench, async (id, approvals) => {
        const userId = userOf(id);
        const sessions = ['phone', 'laptop', 'tablet'];
        const changes = sessions.map((sessionId) => [approve({ userId, sessionId }), NOW] as const);
        assert.equal(await oneOf(approvals, id, changes), 'approved');
      });
    },

    'lets one win of approving and expiring': async (bench) => {
      await rounds(bench, async (id, approvals) => {
        const status = await oneOf(approvals, id, [
          [approve({ userId: userOf(id) }), NOW + MINUTE - 1],
          [EXPIRE, NOW + MINUTE],
        ]);
        assert.ok(status === 'approved' || status === 'expired', status);
      });
    },

    'lets one spend of several who spend at once': async (bench) => {
      await rounds(bench, async (id, approvals) => {
        await approvals.change(id, approve({ userId: userOf(id) }), NOW);
        const changes = [0, 1, 2, 3].map((n) => [spend(id), NOW + n] as const);
        assert.equal(await oneOf(approvals, id, changes), 'spent');
      });
    },

    'lets one win of spending and taking back': async (bench) => {
      await rounds(bench, async (id, approvals) => {
        const userId = userOf(id);
        await approvals.change(id, approve({ userId }), NOW);
        const status = await oneOf(approvals, id, [
          [spend(id), NOW],
          [deny({ userId }), NOW],
        ]);
        assert.ok(status === 'spent' || status === 'denied', status);
      });
    },

    'ends in denied, or in approved first, where one approves and another denies': async (bench) => {
      await rounds(bench, async (id, approvals) => {
        const userId = userOf(id);
        const [approved, denied] = await Promise.all([
          approvals.change(id, approve({ userId }), NOW),
          approvals.change(id, deny({ userId }), NOW),
        ]);
        assert.equal((await approvals.get(id))?.status, 'denied');
        const from = denied.outcome === 'changed' ? denied.from : '';
        assert.equal(from, approved.outcome === 'changed' ? 'approved' : 'pending');
      });
    },

    'leaves nothing of a user who is forgotten while it is approved or spent': async (bench) => {
      await rounds(bench, async (id, approvals) => {
        const userId = userOf(id);
        const [approved, , spent] = await Promise.all([
          approvals.change(id, approve({ userId }), NOW),
          approvals.dropForUser(userId, null),
          approvals.change(id, spend(id), NOW),
        ]);
        assert.equal(await approvals.get(id), null);
        if (spent.outcome === 'changed') assert.equal(approved.outcome, 'changed');
      });
    },

    'tells of each of several clean-ups and decisions at once what is there': async (bench) => {
      await rounds(bench, async (id, approvals) => {
        const userId = userOf(id);
        const [, dropped] = await Promise.all([
          approvals.change(id, approve({ userId }), NOW),
          approvals.dropForUser(userId, 'passkey'),
        ]);
        assert.equal(dropped, undefined);
        const status = (await approvals.get(id))?.status;
        assert.ok(status === undefined || status === 'approved', status);
      });
    },
  },
};
