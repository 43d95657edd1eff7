import type { MaybePromise } from '../../internal/maybe-promise.js';
import type { TokenHash } from '../../internal/tokens.js';
import type { ApprovalChange } from './approval-state.js';
import type { Claimable } from './realm.js';

/** What asks for an approval. */
export interface Asker {
  readonly kind: 'session' | 'api-key';
  /** Of the session or of the key. */
  readonly id: string;
  /** Whose session or key it is. */
  readonly userId: string;
  readonly label: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** When its session began; null for a key. */
  readonly since: number | null;
}

export type ApprovalStatus = 'pending' | 'approved' | 'denied' | 'expired' | 'spent';

/** What somebody said to it. */
export interface Decision {
  readonly userId: string;
  readonly sessionId: string;
  /** What they proved presence with; null for a denial. */
  readonly method: string | null;
  readonly at: number;
}

/** One request that somebody else has to approve. All that an approver is shown of it is what was stored when it was asked for. */
export interface ApprovalRow {
  readonly id: string;
  /** Of what the asker alone has. */
  readonly tokenHash: TokenHash;
  readonly asker: Asker;
  /** `'user'`: the asker's own user, in another session. */
  readonly approver: 'user' | 'others';
  /** Who may decide. */
  readonly approvers: readonly string[];
  /** The methods that may answer for it. */
  readonly methods: readonly string[];
  /** The digest of what is asked for, by which it is known when it is asked for again. */
  readonly request: string;
  /** The digest of exactly this approval: the request, who asks, with which token. */
  readonly actionDigest: string;
  readonly httpMethod: string;
  readonly url: string;
  readonly summary: string;
  /** What `bind` gave, as JSON. */
  readonly payload: string;
  readonly createdAt: number;
  /** Until when it may be decided; once approved, until when it may be spent. */
  readonly expiresAt: number;
  /** Until when it is known what became of it. It never changes. */
  readonly keptUntil: number;
  readonly status: ApprovalStatus;
  readonly decision: Decision | null;
  readonly spentAt: number | null;
}

export type InsertApprovalOutcome =
  | { readonly outcome: 'inserted' }
  /** Too many wait, of this asker or for one of these approvers. `until`: when the next of them has expired. */
  | { readonly outcome: 'full'; readonly until: number }
  /** The asker has been denied the same request. */
  | { readonly outcome: 'denied'; readonly until: number }
  /** The asker has been denied too often. */
  | { readonly outcome: 'blocked'; readonly until: number };

export type ChangeApprovalOutcome =
  /** `from`: what it was before. */
  | { readonly outcome: 'changed'; readonly row: ApprovalRow; readonly from: ApprovalStatus }
  /** It is in no state for that; nothing was written. */
  | { readonly outcome: 'refused'; readonly row: ApprovalRow }
  | { readonly outcome: 'absent' };

/** As in `SessionStore`: atomic, durable when answered, `now` is an argument, absent is a value. */
export interface ApprovalStore extends Claimable {
  /**
   * Inserts an approval where `admitted` (approval-state.ts) lets it in, in one step: of any number of parallel inserts
   * no more get in than there may be. An id that is taken is a failure of the store.
   */
  insert(row: ApprovalRow, now: number): Promise<InsertApprovalOutcome>;
  /** The approval with this id, whatever became of it; null once nothing is known of it. */
  get(id: string): MaybePromise<ApprovalRow | null>;
  /** Those that wait for this user at `now`, oldest first, then by id. */
  listPending(userId: string, now: number): MaybePromise<readonly ApprovalRow[]>;
  /**
   * Puts `approvalChanged` (approval-state.ts) in place of the row, in one step: of any number of parallel changes that
   * exclude each other one is made, and the others hear what it made of the row.
   */
  change(id: string, change: ApprovalChange, now: number): Promise<ChangeApprovalOutcome>;
  /** Of this user and session: those that it asked for, and those approved in it that are unspent. */
  dropForSession(userId: string, sessionId: string): Promise<void>;
  /**
   * With a method those that the user approved with it and that are unspent; without one all that name the user, as who
   * asked or may decide.
   */
  dropForUser(userId: string, method: string | null): Promise<void>;
  /** Deletes at most `limit` of which nothing need be known any more at `now`. Says how many went. */
  deleteExpired(now: number, limit: number): Promise<number>;
}
