import type { Services } from '../services.js';
import { type ApprovalChange, statusAt } from '../stores/contract/approval-state.js';
import type { ApprovalRow, ChangeApprovalOutcome, InsertApprovalOutcome } from '../stores/contract/approvals.js';
import { partOf } from './methods.js';

/** The approvals, each change of one told in an event. */
export interface Approvals {
  /** `ip`: where it was asked for. */
  ask(row: ApprovalRow, from: { readonly ip?: string }): Promise<InsertApprovalOutcome>;
  /** The approval; whoever sees first that its time is over writes that down. */
  get(id: string): Promise<ApprovalRow | null>;
  /** Those that wait for this user, but for what that very session asked for. */
  listPending(userId: string, sessionId: string): Promise<readonly ApprovalRow[]>;
  change(id: string, change: ApprovalChange): Promise<ChangeApprovalOutcome>;
  /** Drops what the user approved with a method that is gone. */
  dropMethod(userId: string, method: string): Promise<void>;
}

export function createApprovals({
  store,
  sessions,
  clock,
  emit,
}: Pick<Services, 'store' | 'sessions' | 'clock' | 'emit'>): Approvals {
  const part = () => partOf(store, 'approvals', 'A rule with an `approver`');

  /** A session's end takes with it what it asked for. */
  async function isOrphan({ asker }: ApprovalRow): Promise<boolean> {
    return asker.kind === 'session' && (await sessions.get(asker.id)) === null;
  }

  function tell(row: ApprovalRow, change: ApprovalChange, wasApproved: boolean): void {
    const about = { approvalId: row.id, userId: row.asker.userId };
    const { decision } = row;
    if (change.type === 'expire') emit({ type: 'approval.expired', ...about });
    if (decision === null) return;
    const by = { ...about, approverId: decision.userId };
    const { sessionId, method } = decision;
    if (change.type === 'approve') emit({ type: 'approval.approved', ...by, sessionId, method: change.method });
    if (change.type === 'spend') emit({ type: 'approval.spent', ...by, method: method ?? '' });
    if (change.type === 'withdraw') emit({ type: 'approval.withdrawn', ...by });
    if (change.type === 'deny') {
      emit(wasApproved ? { type: 'approval.withdrawn', ...by } : { type: 'approval.denied', ...by, sessionId });
    }
  }

  async function change(id: string, asked: ApprovalChange): Promise<ChangeApprovalOutcome> {
    const answer = await part().change(id, asked, clock.now());
    if (answer.outcome === 'changed') tell(answer.row, asked, answer.from === 'approved');
    return answer;
  }

  return {
    async ask(row, from) {
      const answer = await part().insert(row, clock.now());
      if (answer.outcome === 'inserted') {
        const { id: approvalId, asker, approvers: approverIds } = row;
        const who = asker.kind === 'session' ? { sessionId: asker.id } : { keyId: asker.id };
        emit({ type: 'approval.requested', approvalId, userId: asker.userId, ...who, approverIds, ...from });
      }
      return answer;
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
