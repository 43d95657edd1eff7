import type { ApprovalChange } from '../stores/contract/approval-state.js';
import type { ApprovalRow, ApprovalStore, Asker } from '../stores/contract/approvals.js';
import { assert } from './assert.js';
import { HOUR, hashOf, MINUTE, NOW } from './setting.js';

/** A session of `user`. */
export function askerOf(asker: Partial<Asker> = {}): Asker {
  return {
    kind: 'session',
    id: 'asking-session',
    userId: 'user',
    label: null,
    ip: null,
    userAgent: null,
    since: NOW - HOUR,
    ...asker,
  };
}

/** An approval that waits for `user`, asked for by a session of the same user. */
export function approvalRow(row: Partial<ApprovalRow> & { readonly id: string }): ApprovalRow {
  return {
    tokenHash: hashOf(`${row.id} token`),
    asker: askerOf(),
    approver: 'user',
    approvers: ['user'],
    methods: ['passkey'],
    request: `request of ${row.id}`,
    actionDigest: `digest of ${row.id}`,
    httpMethod: 'POST',
    url: '/transfers',
    summary: `summary of ${row.id}`,
    payload: 'null',
    createdAt: NOW - MINUTE,
    expiresAt: NOW + MINUTE,
    keptUntil: NOW + HOUR,
    status: 'pending',
    decision: null,
    spentAt: null,
    ...row,
  };
}

export async function givenApprovals(approvals: ApprovalStore, ...rows: readonly ApprovalRow[]): Promise<void> {
  for (const row of rows) assert.deepEqual(await approvals.insert(row, NOW), { outcome: 'inserted' });
}

type Of<Type extends ApprovalChange['type']> = Extract<ApprovalChange, { readonly type: Type }>;

/** By `user` in the session `phone`, to be spent within five minutes. */
export function approve(change: Partial<Of<'approve'>> = {}): ApprovalChange {
  return {
    type: 'approve',
    userId: 'user',
    sessionId: 'phone',
    method: 'passkey',
    expiresAt: NOW + 5 * MINUTE,
    ...change,
  };
}

export function deny(change: Partial<Of<'deny'>> = {}): ApprovalChange {
  return { type: 'deny', userId: 'user', sessionId: 'phone', ...change };
}

export function spend(id: string, change: Partial<Of<'spend'>> = {}): ApprovalChange {
  return { type: 'spend', tokenHash: hashOf(`${id} token`), actionDigest: `digest of ${id}`, ...change };
}

export const EXPIRE: ApprovalChange = { type: 'expire' };
