import type { ApprovalRow, ApprovalStore } from '../stores/contract/approvals.js';
import { approvalRow, approve, askerOf, givenApprovals } from './approval-rows.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { NOW } from './setting.js';
import { STRANGE } from './strange.js';

const ROWS: readonly ApprovalRow[] = [
  approvalRow({ id: 'waits' }),
  approvalRow({ id: 'approved' }),
  approvalRow({ id: 'of-a-key', asker: askerOf({ kind: 'api-key' }) }),
  approvalRow({ id: 'of-others', asker: askerOf({ userId: 'user2', id: 'session2' }), approvers: ['user', 'user3'] }),
  approvalRow({ id: 'by-totp', asker: askerOf({ userId: 'user2', id: 'session2' }), approvers: ['user'] }),
  approvalRow({ id: 'strangers', asker: askerOf({ userId: 'phone' }), approvers: ['passkey'] }),
];
const IDS = ROWS.map(({ id }) => id);

/** Inserts the rows, approves some, does something, and gives the ids of those that are there then. */
async function left(approvals: ApprovalStore, step: () => Promise<unknown>): Promise<readonly string[]> {
  await givenApprovals(approvals, ...ROWS);
  await approvals.change('approved', approve(), NOW);
  await approvals.change('by-totp', approve({ method: 'totp', sessionId: 'laptop' }), NOW);
  await approvals.change('strangers', approve({ userId: 'passkey', sessionId: 'user' }), NOW);
  await step();
  const found = await Promise.all(IDS.map(async (id) => approvals.get(id)));
  return IDS.filter((_, index) => found[index] !== null);
}

export const approvalsDrop: CaseGroup = {
  group: 'approvals.dropForSession and dropForUser',
  part: 'approvals',
  cases: {
    'delete what a session asked for, and no key of the same name': async ({ approvals }) => {
      const found = await left(approvals, () => approvals.dropForSession('user', 'asking-session'));
      assert.deepEqual(found, ['of-a-key', 'of-others', 'by-totp', 'strangers']);
    },

    'delete what was approved in a session': async ({ approvals }) => {
      const found = await left(approvals, () => approvals.dropForSession('user', 'phone'));
      assert.deepEqual(found, ['waits', 'of-a-key', 'of-others', 'by-totp', 'strangers']);
    },

    'delete what a user approved with one method, and nothing that waits': async ({ approvals }) => {
      const found = await left(approvals, () => approvals.dropForUser('user', 'passkey'));
      assert.deepEqual(found, ['waits', 'of-a-key', 'of-others', 'by-totp', 'strangers']);
    },

    'delete all that names a user': async ({ approvals }) => {
      const found = await left(approvals, () => approvals.dropForUser('user', null));
      assert.deepEqual(found, ['strangers']);
    },

    'leave what was spent, and what was denied, of a method and of the session it was approved in': async ({
      approvals,
    }) => {
      await givenApprovals(approvals, approvalRow({ id: 'a' }), approvalRow({ id: 'b' }));
      for (const id of ['a', 'b']) await approvals.change(id, approve(), NOW);
      const { tokenHash, actionDigest } = approvalRow({ id: 'a' });
      await approvals.change('a', { type: 'spend', tokenHash, actionDigest }, NOW);
      await approvals.change('b', { type: 'deny', userId: 'user', sessionId: 'phone' }, NOW);
      await approvals.dropForUser('user', 'passkey');
      await approvals.dropForSession('user', 'phone');
      assert.equal((await approvals.get('a'))?.status, 'spent');
      assert.equal((await approvals.get('b'))?.status, 'denied');
    },

    'do nothing where there is nothing': async ({ approvals }) => {
      const found = await left(approvals, async () => {
        for (const name of ['nobody', '', 'use_', '%', 'row waits']) {
          await approvals.dropForSession(name, 'phone');
          await approvals.dropForSession('user', name);
          await approvals.dropForUser(name, null);
          await approvals.dropForUser(name, 'passkey');
          await approvals.dropForUser('user', name);
        }
      });
      assert.deepEqual(found, IDS);
    },

    'tell users apart that look alike': async ({ approvals }) => {
      const rows = STRANGE.map((text, n) =>
        approvalRow({ id: `${n}`, asker: askerOf({ userId: text }), approvers: [text] }),
      );
      await givenApprovals(approvals, ...rows);
      for (const [n, text] of STRANGE.entries()) {
        assert.ok((await approvals.get(`${n}`)) !== null, text);
        assert.equal((await approvals.listPending(text, NOW)).length, 1, text);
        await approvals.dropForUser(text, null);
        assert.equal(await approvals.get(`${n}`), null, text);
      }
    },
  },
};
