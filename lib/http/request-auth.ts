import type { PresentedSession } from '../session/keeper.js';
import type { Session } from '../stores/contract/sessions.js';
import type { Refusal } from './refusal.js';

/** "This session passed `method` at `verifiedAt`" (epoch milliseconds). How long that counts is the guard's business. */
export interface Proof {
  readonly method: string;
  readonly verifiedAt: number;
}

/** A request of a signed-in user. */
export interface SessionAuth {
  readonly via: 'cookie' | 'bearer';
  readonly userId: string;
  readonly session: Session;
  readonly proofs: readonly Proof[];
  /** Who acts as the user here, and why. Absent for the user. */
  readonly impersonator?: { readonly userId: string; readonly reason: string };
  /** What the user has confirmed, after a guard with an action rule: use this in the handler, not the body. */
  readonly action?: ApprovedAction;
}

/** One action, confirmed for this request and spent by it. */
export interface ApprovedAction<Payload = unknown> {
  /** What `bind` gave, deep-frozen; null for a `once` rule. */
  readonly payload: Payload;
  /** What the user proved presence with, or who approved it did. */
  readonly method: string;
  /** Who approved it, where the rule asks for an approver. */
  readonly approverId?: string;
}

/** A request with an API key: it has no session and can prove nothing; it may ask for approvals. */
export interface ApiKeyAuth {
  readonly via: 'api-key';
  readonly userId: string;
  readonly session: null;
  /** What the app's `apiKeys.verify` said of the key. */
  readonly key: unknown;
  /** What `apiKeys.verify` said the key's id is. */
  readonly keyId?: string;
  /** What somebody has approved for it. */
  readonly action?: ApprovedAction;
}

/** What a guard has found out: plain values, safe to serialise. */
export type RequestAuth = SessionAuth | ApiKeyAuth;

/** A session as the request brought it, with what only stepgate may see. */
export interface LiveSession extends PresentedSession {
  readonly auth: SessionAuth;
  /** By its current token; the previous one proves nothing and manages nothing. */
  readonly byCurrentToken: boolean;
}

export type Authentication =
  /** No credential at all; the refusal is for guards that ask for one. */
  | { readonly outcome: 'anonymous'; readonly refusal: Refusal }
  | ({ readonly outcome: 'session' } & LiveSession)
  | { readonly outcome: 'api-key'; readonly auth: ApiKeyAuth }
  /** `stale`: a cookie that names no live session, which an optional guard takes for nobody. */
  | { readonly outcome: 'refused'; readonly refusal: Refusal; readonly stale: boolean };
