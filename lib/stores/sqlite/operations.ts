import type { Database } from 'better-sqlite3';
import type { Claimable } from '../contract/realm.js';
import { type ApprovalReads, type ApprovalWrites, approvalReads, approvalWrites } from './approvals.js';
import { type CopyReads, type CopyWrites, copyReads, copyWrites } from './copy.js';
import { type PasskeyReads, type PasskeyWrites, passkeyReads, passkeyWrites } from './passkeys.js';
import { type RealmReads, type RealmWrites, realmReads, realmWrites } from './realm.js';
import {
  type RecoveryCodeReads,
  type RecoveryCodeWrites,
  recoveryCodeReads,
  recoveryCodeWrites,
} from './recovery-codes.js';
import { type SessionWrites, sessionWrites } from './session-writes.js';
import { type SessionReads, sessionReads } from './sessions.js';
import {
  type AttemptReads,
  type AttemptWrites,
  attemptReads,
  attemptWrites,
  type ChallengeWrites,
  challengeWrites,
  type GrantWrites,
  grantWrites,
} from './step-up.js';
import { type TotpReads, type TotpWrites, totpReads, totpWrites } from './totp.js';

/** A part's operations as they are on a connection: each answers at once. The claim is no part's, see realm.ts. */
export type Synchronous<Part> = {
  readonly [Name in Exclude<keyof Part, keyof Claimable>]: Part[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Awaited<Result>
    : never;
};

/** All that can be asked of a connection, by part and name. */
export interface Reads {
  readonly sessions: SessionReads;
  readonly challenges: object;
  readonly grants: object;
  readonly approvals: ApprovalReads;
  readonly attempts: AttemptReads;
  readonly passkeys: PasskeyReads;
  readonly totp: TotpReads;
  readonly recoveryCodes: RecoveryCodeReads;
  readonly copy: CopyReads;
  readonly realm: RealmReads;
}

export interface Writes {
  readonly sessions: SessionWrites;
  readonly challenges: ChallengeWrites;
  readonly grants: GrantWrites;
  readonly approvals: ApprovalWrites;
  readonly attempts: AttemptWrites;
  readonly passkeys: PasskeyWrites;
  readonly totp: TotpWrites;
  readonly recoveryCodes: RecoveryCodeWrites;
  readonly copy: CopyWrites;
  readonly realm: RealmWrites;
}

export function prepareReads(db: Database, prefix: string): Reads {
  return {
    sessions: sessionReads(db, prefix),
    challenges: {},
    grants: {},
    approvals: approvalReads(db, prefix),
    attempts: attemptReads(db, prefix),
    passkeys: passkeyReads(db, prefix),
    totp: totpReads(db, prefix),
    recoveryCodes: recoveryCodeReads(db, prefix),
    copy: copyReads(db, prefix),
    realm: realmReads(db, prefix),
  };
}

export function prepareWrites(db: Database, prefix: string): Writes {
  return {
    sessions: sessionWrites(db, prefix),
    challenges: challengeWrites(db, prefix),
    grants: grantWrites(db, prefix),
    approvals: approvalWrites(db, prefix),
    attempts: attemptWrites(db, prefix),
    passkeys: passkeyWrites(db, prefix),
    totp: totpWrites(db, prefix),
    recoveryCodes: recoveryCodeWrites(db, prefix),
    copy: copyWrites(db, prefix),
    realm: realmWrites(db, prefix),
  };
}

/** What the writer thread can be asked. */
export type Operations = { readonly [Part in keyof Writes]: Reads[Part] & Writes[Part] };

export type Args<F> = F extends (...args: infer A) => unknown ? A : never;
export type Result<F> = F extends (...args: never) => infer R ? R : never;
export type Operation<F> = (...args: Args<F>) => Result<F>;

/** Where the tables are. */
export interface Place {
  readonly path: string;
  /** Of their names. */
  readonly prefix: string;
  /** The path of better-sqlite3. */
  readonly driver: string;
}

/** One operation of one part, to be answered by its `id`. */
export interface Job {
  readonly id: number;
  readonly part: keyof Operations;
  readonly operation: string;
  readonly args: readonly unknown[];
  /** By `monotonicNow`. A job that isn't begun by then is dropped. */
  readonly deadline: number;
}

export interface Failure {
  readonly message: string;
  /** As SQLite names it. */
  readonly code?: string;
  /** Of a `SetupError`. */
  readonly help?: string;
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: Failure };

export type ToThread = Job | 'close';
export type FromThread = 'ready' | readonly Answer[];
