import { BLOCKED_FOR, DENIED_FOR, MAX_PENDING } from '../stores/contract/approval-state.js';
import { approvalRow, approve, askerOf, deny, givenApprovals } from './approval-rows.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { MINUTE, NOW, parallel } from './setting.js';
import { STRANGE } from './strange.js';

const INSERTED = { outcome: 'inserted' };

export const approvalsInsert: CaseGroup = {
  group: 'approvals.insert, get and listPending',
  part: 'approvals',
  cases: {
    'keep what was given': async ({ approvals }) => {
      const rows = [
        approvalRow({ id: 'whole', asker: askerOf({ label: 'TV', ip: '192.0.2.1', userAgent: 'a TV' }) }),
        approvalRow({
          id: 'of-a-key',
          asker: askerOf({ kind: 'api-key', since: null }),
          approver: 'others',
          approvers: ['a', 'b'],
          methods: ['passkey', 'totp'],
          payload: '{"to":"\\u0000","amount":1e21}',
        }),
        ...STRANGE.map((text, n) =>
          approvalRow({
            id: `strange-${n}`,
            asker: askerOf({ id: text, userId: text, label: text }),
            approvers: [text],
            url: text,
            summary: text,
            payload: JSON.stringify(text),
          }),
        ),
      ];
      await givenApprovals(approvals, ...rows);
      for (const row of rows) assert.deepEqual(await approvals.get(row.id), row);
    },

    'keep what was given though the caller changes it afterwards': async ({ approvals }) => {
      const row = { ...approvalRow({ id: 'a' }), approvers: ['user'] };
      const inserted = approvals.insert(row, NOW);
      row.summary = 'another';
      row.approvers.push('mallory');
      await inserted;
      assert.deepEqual(await approvals.get('a'), approvalRow({ id: 'a' }));
    },

    'know of none that was never there': async ({ approvals }) => {
      await givenApprovals(approvals, approvalRow({ id: 'a' }));
      for (const id of ['b', '', 'A', 'row a', '%', 'user']) assert.equal(await approvals.get(id), null);
      for (const user of ['nobody', '', 'use_', '%']) assert.deepEqual(await approvals.listPending(user, NOW), []);
    },

    'fail for an id that is taken, and leave what is there as it is': async ({ approvals }) => {
      await givenApprovals(approvals, approvalRow({ id: 'a' }));
      await assert.rejects(approvals.insert(approvalRow({ id: 'a', summary: 'another' }), NOW));
      assert.equal((await approvals.get('a'))?.summary, 'summary of a');
    },

    'list those that wait for a user, oldest first': async ({ approvals }) => {
      const [first, second, third] = [
        approvalRow({ id: 'c', createdAt: NOW - 3 * MINUTE }),
        approvalRow({ id: 'a', approver: 'others', approvers: ['another', 'user'] }),
        approvalRow({ id: 'b' }),
      ];
      await givenApprovals(approvals, third, second, first, approvalRow({ id: 'd', approvers: ['another'] }));
      assert.deepEqual(await approvals.listPending('user', NOW), [first, second, third]);
    },

    'list none that is decided, over, or made further ahead than it lives': async ({ approvals }) => {
      await givenApprovals(
        approvals,
        approvalRow({ id: 'approved' }),
        approvalRow({ id: 'denied' }),
        approvalRow({ id: 'over', expiresAt: NOW }),
        approvalRow({ id: 'ahead', createdAt: NOW + MINUTE + 1, expiresAt: NOW + 2 * MINUTE + 1 }),
      );
      await approvals.change('approved', approve(), NOW);
      await approvals.change('denied', deny(), NOW);
      assert.deepEqual(await approvals.listPending('user', NOW), []);
    },

    'let no asker have more that wait than may, and put none in the place of another': async ({ approvals }) => {
      const row = (n: number) => approvalRow({ id: `a${n}`, approvers: [`user ${n}`], expiresAt: NOW + MINUTE + n });
      await givenApprovals(approvals, ...Array.from({ length: MAX_PENDING }, (_, n) => row(n)));
      assert.deepEqual(await approvals.insert(row(20), NOW), { outcome: 'full', until: NOW + MINUTE });
      assert.equal(await approvals.get('a20'), null);
      assert.deepEqual(await approvals.insert({ ...row(21), asker: askerOf({ id: 'other' }) }, NOW), INSERTED);
      assert.deepEqual(await approvals.insert({ ...row(22), asker: askerOf({ kind: 'api-key' }) }, NOW), INSERTED);
      assert.deepEqual(await approvals.insert(row(20), NOW + MINUTE), INSERTED);
    },

    'let no approver have more that wait than may, whoever asks and who else could decide': async ({ approvals }) => {
      const row = (n: number) =>
        approvalRow({ id: `a${n}`, asker: askerOf({ id: `s${n}` }), approvers: ['user', `user ${n}`] });
      await givenApprovals(approvals, ...Array.from({ length: MAX_PENDING }, (_, n) => row(n)));
      assert.deepEqual(await approvals.insert(row(20), NOW), { outcome: 'full', until: NOW + MINUTE });
      await approvals.change('a3', approve(), NOW);
      assert.deepEqual(await approvals.insert(row(20), NOW), INSERTED);
    },

    'let in no more than may of 50 parallel inserts': async ({ approvals }) => {
      const answers = await parallel(50, (n) => approvals.insert(approvalRow({ id: `a${n}` }), NOW));
      assert.equal(answers.filter(({ outcome }) => outcome === 'inserted').length, MAX_PENDING);
      assert.equal((await approvals.listPending('user', NOW)).length, MAX_PENDING);
    },

    'refuse an asker the same request for a while after it was denied': async ({ approvals }) => {
      await givenApprovals(approvals, approvalRow({ id: 'a', request: 'pay' }));
      await approvals.change('a', deny(), NOW);
      const again = approvalRow({ id: 'b', request: 'pay' });
      const denied = { outcome: 'denied', until: NOW + DENIED_FOR };
      assert.deepEqual(await approvals.insert(again, NOW), denied);
      assert.deepEqual(await approvals.insert(again, NOW + DENIED_FOR - 1), denied);
      assert.deepEqual(await approvals.insert(approvalRow({ id: 'c', request: 'another' }), NOW), INSERTED);
      assert.deepEqual(await approvals.insert({ ...again, id: 'd', asker: askerOf({ id: 'other' }) }, NOW), INSERTED);
      assert.deepEqual(await approvals.insert(again, NOW + DENIED_FOR), INSERTED);
    },

    'block an asker after three denials, whatever is asked for': async ({ approvals }) => {
      for (const [n, id] of ['a', 'b', 'c'].entries()) {
        await givenApprovals(approvals, approvalRow({ id }));
        await approvals.change(id, deny(), NOW + n);
      }
      const row = approvalRow({ id: 'd', expiresAt: NOW + 2 * BLOCKED_FOR });
      assert.deepEqual(await approvals.insert(row, NOW + 3), { outcome: 'blocked', until: NOW + BLOCKED_FOR });
      assert.deepEqual(await approvals.insert({ ...row, id: 'e', asker: askerOf({ id: 'other' }) }, NOW), INSERTED);
      assert.deepEqual(await approvals.insert(row, NOW + BLOCKED_FOR), INSERTED);
    },
  },
};
