import type { Services } from '../services.js';
import { type ApprovalChange, BLOCKED_FOR, statusAt } from '../stores/contract/approval-state.js';
import type { ApprovalRow, ChangeApprovalOutcome, InsertApprovalOutcome } from '../stores/contract/approvals.js';
import { partOf } from './methods.js';

/** How long an approval may be spent. Milliseconds. */
export const SPEND_LIFETIME = 300_000;

/** What is asked for; the rest of the row is the same for all. */
export type NewApproval = Omit<
  ApprovalRow,
  'createdAt' | 'expiresAt' | 'keptUntil' | 'status' | 'decision' | 'spentAt'
>;

export type AskOutcome =
  | { readonly outcome: 'inserted'; readonly row: ApprovalRow }
  | Exclude<InsertApprovalOutcome, { readonly outcome: 'inserted' }>;

/** The approvals, each change of one reported in an event. */
export interface Approvals {
  /** `ip`: where it was asked for. */
  ask(asked: NewApproval, from: { readonly ip?: string }): Promise<AskOutcome>;
  /** The approval; whoever sees first that its time has expired writes that down. */
  get(id: string): Promise<ApprovalRow | null>;
  /** Those that wait for this user, but for what that very session asked for. */
  listPending(userId: string, sessionId: string): Promise<readonly ApprovalRow[]>;
  /** A row that refuses says what it is now. */
  change(id: string, change: ApprovalChange): Promise<ChangeApprovalOutcome>;
  /** Drops what the user approved with a method that is gone. */
  dropMethod(userId: string, method: string): Promise<void>;
}

export function createApprovals({
  settings,
  store,
  sessions,
  clock,
  emit,
}: Pick<Services, 'settings' | 'store' | 'sessions' | 'clock' | 'emit'>): Approvals {
  const part = () => partOf(store, 'approvals', 'A rule with an `approver`');

  /** A session's end takes with it what it asked for. */
  async function isOrphan({ asker }: ApprovalRow): Promise<boolean> {
    return asker.kind === 'session' && (await sessions.get(asker.id)) === null;
  }

  function report(row: ApprovalRow, made: ApprovalChange, wasApproved: boolean): void {
    const about = { approvalId: row.id, userId: row.asker.userId };
    const { decision } = row;
    if (made.type === 'expire') emit({ type: 'approval.expired', ...about });
    if (decision === null) return;
    const by = { ...about, approverId: decision.userId };
    const { sessionId, method } = decision;
    if (made.type === 'approve') emit({ type: 'approval.approved', ...by, sessionId, method: made.method });
    if (made.type === 'spend') emit({ type: 'approval.spent', ...by, method: method ?? '' });
    if (made.type === 'withdraw') emit({ type: 'approval.withdrawn', ...by });
    if (made.type === 'deny') {
      emit(wasApproved ? { type: 'approval.withdrawn', ...by } : { type: 'approval.denied', ...by, sessionId });
    }
  }

  async function change(id: string, asked: ApprovalChange): Promise<ChangeApprovalOutcome> {
    const now = clock.now();
    const answer = await part().change(id, asked, now);
    if (answer.outcome === 'changed') report(answer.row, asked, answer.from === 'approved');
    if (answer.outcome !== 'refused' || statusAt(answer.row, now) === answer.row.status) return answer;
    const expired = await change(id, { type: 'expire' });
    return expired.outcome === 'absent' ? expired : { outcome: 'refused', row: expired.row };
  }

  return {
    async ask(asked, from) {
      const now = clock.now();
      const expiresAt = now + settings.approvals.lifetime;
      const row: ApprovalRow = {
        ...asked,
        createdAt: now,
        expiresAt,
        keptUntil: expiresAt + SPEND_LIFETIME + BLOCKED_FOR,
        status: 'pending',
        decision: null,
        spentAt: null,
      };
      const answer = await part().insert(row, now);
      if (answer.outcome !== 'inserted') return answer;
      const { id: approvalId, asker, approvers: approverIds } = row;
      const who = asker.kind === 'session' ? { sessionId: asker.id } : { keyId: asker.id };
      emit({ type: 'approval.requested', approvalId, userId: asker.userId, ...who, approverIds, ...from });
      return { outcome: 'inserted', row };
    },
    async get(id) {
      const row = await part().get(id);
      if (row === null || statusAt(row, clock.now()) === row.status) return row;
      const answer = await change(id, { type: 'expire' });
      return answer.outcome === 'absent' ? null : answer.row;
    },
    async listPending(userId, sessionId) {
      const rows = await part().listPending(userId, clock.now());
      const others = rows.filter(({ asker }) => asker.kind !== 'session' || asker.id !== sessionId);
      const orphans = await Promise.all(others.map(isOrphan));
      return others.filter((_, index) => orphans[index] === false);
    },
    change,
    dropMethod: async (userId, method) => store.approvals?.dropForUser(userId, method),
  };
}
