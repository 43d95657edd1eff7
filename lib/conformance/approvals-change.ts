import { approvalRow, approve, deny, EXPIRE, givenApprovals, spend } from './approval-rows.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { hashOf, MINUTE, NOW } from './setting.js';

const APPROVED = { userId: 'user', sessionId: 'phone', method: 'passkey', at: NOW };

export const approvalsChange: CaseGroup = {
  group: 'approvals.change',
  part: 'approvals',
  cases: {
    'approves what waits, once, and says from when on': async ({ approvals }) => {
      const row = approvalRow({ id: 'a' });
      await givenApprovals(approvals, row);
      const approved = { ...row, status: 'approved' as const, decision: APPROVED, expiresAt: NOW + 5 * MINUTE };
      assert.deepEqual(await approvals.change('a', approve(), NOW), {
        outcome: 'changed',
        row: approved,
        from: 'pending',
      });
      assert.deepEqual(await approvals.get('a'), approved);
      assert.deepEqual(await approvals.change('a', approve(), NOW + 1), { outcome: 'refused', row: approved });
    },

    'denies what waits, and what is approved and unspent': async ({ approvals }) => {
      await givenApprovals(approvals, approvalRow({ id: 'a' }), approvalRow({ id: 'b' }));
      await approvals.change('b', approve(), NOW);
      for (const [id, from] of [
        ['a', 'pending'],
        ['b', 'approved'],
      ] as const) {
        const answer = await approvals.change(id, deny(), NOW + 1);
        assert.equal(answer.outcome, 'changed');
        assert.equal(answer.outcome === 'changed' && answer.from, from);
        const row = await approvals.get(id);
        assert.equal(row?.status, 'denied');
        assert.deepEqual(row?.decision, { userId: 'user', sessionId: 'phone', method: null, at: NOW + 1 });
        for (const change of [approve(), deny(), spend(id), EXPIRE]) {
          assert.deepEqual(await approvals.change(id, change, NOW + 2), { outcome: 'refused', row });
        }
      }
    },

    'withdraws what is approved, and nothing else, without a denial that counts': async ({ approvals }) => {
      const withdraw = { type: 'withdraw' } as const;
      await givenApprovals(approvals, approvalRow({ id: 'a', request: 'pay' }));
      assert.equal((await approvals.change('a', withdraw, NOW)).outcome, 'refused');
      await approvals.change('a', approve(), NOW);
      const answer = await approvals.change('a', withdraw, NOW + 1);
      assert.equal(answer.outcome === 'changed' && answer.from, 'approved');
      assert.deepEqual((await approvals.get('a'))?.decision, APPROVED);
      assert.equal((await approvals.get('a'))?.status, 'denied');
      assert.equal((await approvals.change('a', withdraw, NOW + 1)).outcome, 'refused');
      await givenApprovals(approvals, approvalRow({ id: 'b', request: 'pay' }));
    },

    'spends what is approved, once, until its end': async ({ approvals }) => {
      await givenApprovals(approvals, approvalRow({ id: 'a' }), approvalRow({ id: 'b' }));
      assert.equal((await approvals.change('a', spend('a'), NOW)).outcome, 'refused');
      for (const id of ['a', 'b']) await approvals.change(id, approve(), NOW);
      const last = NOW + 5 * MINUTE - 1;
      const answer = await approvals.change('a', spend('a'), last);
      assert.equal(answer.outcome, 'changed');
      const row = await approvals.get('a');
      assert.equal(row?.status, 'spent');
      assert.equal(row?.spentAt, last);
      assert.deepEqual(await approvals.change('a', spend('a'), last), { outcome: 'refused', row });
      assert.deepEqual(await approvals.change('a', deny(), last), { outcome: 'refused', row });
      assert.equal((await approvals.change('b', spend('b'), last + 1)).outcome, 'refused');
    },

    'spends none with another token or for another action, and leaves it alone': async ({ approvals }) => {
      await givenApprovals(approvals, approvalRow({ id: 'a' }));
      await approvals.change('a', approve(), NOW);
      for (const change of [
        spend('b'),
        spend('a', { tokenHash: hashOf('b token') }),
        spend('a', { actionDigest: '' }),
      ]) {
        assert.equal((await approvals.change('a', change, NOW)).outcome, 'refused');
      }
      assert.equal((await approvals.change('a', spend('a'), NOW)).outcome, 'changed');
    },

    'lets nobody decide who may not': async ({ approvals }) => {
      const row = approvalRow({ id: 'a', approver: 'others', approvers: ['colleague'] });
      await givenApprovals(approvals, row);
      for (const userId of ['user', 'colleague2', 'colleagu', '', 'phone']) {
        assert.deepEqual(await approvals.change('a', approve({ userId }), NOW), { outcome: 'refused', row });
        assert.deepEqual(await approvals.change('a', deny({ userId }), NOW), { outcome: 'refused', row });
      }
      assert.equal((await approvals.change('a', approve({ userId: 'colleague' }), NOW)).outcome, 'changed');
    },

    'decides on nothing at its end, and writes down once that it has expired': async ({ approvals }) => {
      const row = approvalRow({ id: 'a' });
      await givenApprovals(approvals, row);
      assert.deepEqual(await approvals.change('a', EXPIRE, row.expiresAt - 1), { outcome: 'refused', row });
      for (const change of [approve(), deny(), spend('a')]) {
        assert.deepEqual(await approvals.change('a', change, row.expiresAt), { outcome: 'refused', row });
      }
      const expired = { ...row, status: 'expired' as const };
      const answer = await approvals.change('a', EXPIRE, row.expiresAt);
      assert.deepEqual(answer, { outcome: 'changed', row: expired, from: 'pending' });
      assert.deepEqual(await approvals.change('a', EXPIRE, row.expiresAt), { outcome: 'refused', row: expired });
      assert.deepEqual(await approvals.change('a', approve(), NOW), { outcome: 'refused', row: expired });
    },

    'decides on nothing that was made further ahead than it lives': async ({ approvals }) => {
      const row = approvalRow({ id: 'a', createdAt: NOW + MINUTE + 1, expiresAt: NOW + 2 * MINUTE + 1 });
      await givenApprovals(approvals, row);
      assert.deepEqual(await approvals.change('a', approve(), NOW), { outcome: 'refused', row });
      assert.equal((await approvals.change('a', approve(), NOW + 1)).outcome, 'changed');
    },

    'says where there is none': async ({ approvals }) => {
      for (const change of [approve(), deny(), spend('a'), EXPIRE]) {
        assert.deepEqual(await approvals.change('a', change, NOW), { outcome: 'absent' });
      }
    },
  },
};
