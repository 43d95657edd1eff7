import type { ApprovalRow } from '../stores/contract/approvals.js';
import type { ApprovalDecidedRefusalJson, ApprovalJson, ApprovalRequiredJson, RefusalJson } from '../wire.js';
import { bearer, Refusal } from './refusal.js';
import { endJson } from './router.js';

/** How long an asker waits between two looks. Milliseconds. */
export const POLL_INTERVAL = 5_000;

type Members<T extends RefusalJson> = Omit<T, keyof RefusalJson>;

/** `token`: of the approval, where it is said. */
export function approvalRequired(members: Members<ApprovalRequiredJson>, token?: string): Refusal {
  return new Refusal('approval_required', {
    headers: {
      'WWW-Authenticate': bearer([
        ['error', 'insufficient_user_authentication'],
        ['error_description', 'This request has to be approved'],
      ]),
    },
    members: { ...members },
    ...(token === undefined ? {} : { secretMembers: { approval: { ...members.approval, token } } }),
  });
}

/** It isn't to be decided any more. */
export function alreadyDecided(status: ApprovalRow['status']): Refusal {
  return new Refusal('approval_decided', {
    members: { approval: { status } } satisfies Members<ApprovalDecidedRefusalJson>,
  });
}

/** As its asker gets it. `page`: where people approve. */
export function approvalJson(row: ApprovalRow, page: string | null, now: number): ApprovalJson {
  const { id, summary, expiresAt } = row;
  return {
    id,
    summary,
    ...endJson(expiresAt, now),
    interval: POLL_INTERVAL / 1_000,
    ...(page === null ? {} : { url: pageOf(page, id) }),
  };
}

function pageOf(page: string, id: string): string {
  const url = new URL(page);
  url.searchParams.set('approval', id);
  return url.href;
}
