import type { RevokedBy } from '../events.js';
import type { SessionRow } from '../stores/contract/sessions.js';

/** A session that a request has shown. */
export interface PresentedSession {
  /** Under the id that clients and events know. */
  readonly row: SessionRow;
  /** What shows its proofs: its session token; for a session of the app's that of its elevation, null without one. */
  readonly token: Uint8Array | null;
  /** The row that keeps its proofs, whose id its grants go by: its own, or that of its elevation; null without one. */
  readonly proofsId: string | null;
}

export interface Step {
  readonly method: string;
  /** False for the confirmation of an action, which proves nothing else. */
  readonly makesProof: boolean;
}

export interface RecordedStep extends PresentedSession {
  readonly token: Uint8Array;
  readonly proofsId: string;
  readonly verifiedAt: number;
  /** Only challenges of this generation lead to grants. */
  readonly answers: number;
}

/**
 * What step-ups and their limits do to a session: to a row of ours (sessions.ts), or to what stands beside a session that
 * the app keeps itself (elevations.ts).
 */
export interface SessionKeeper {
  /** Writes down that the session was just stepped up. Null: its token was replaced by another step, or it has ended. */
  record(session: PresentedSession, step: Step): Promise<RecordedStep | null>;
  /** Takes away all that was proved. */
  dropProofs(session: Pick<PresentedSession, 'row'>): Promise<void>;
  /** After too many failures in a row. */
  endAfterFailures(session: Pick<SessionRow, 'id' | 'userId'>): Promise<void>;
  /** Ends the user's sessions, as far as they are ours; unless one is excepted, what is about to begin as well. */
  revokeAllForUser(userId: string, except: string | null, by: RevokedBy): Promise<number>;
}
