import type { Database } from 'better-sqlite3';
import { type AttemptReads, type AttemptWrites, attemptReads, attemptWrites } from './attempts.js';
import { type ChallengeWrites, challengeWrites } from './challenges.js';
import { type CopyReads, type CopyWrites, copyReads, copyWrites } from './copy.js';
import { type GrantWrites, grantWrites } from './grants.js';
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
import { type TotpReads, type TotpWrites, totpReads, totpWrites } from './totp.js';

/** All that can be asked of a connection, by part and name. Each is a file with statements of its own. */
export interface Reads {
  readonly sessions: SessionReads;
  readonly challenges: object;
  readonly grants: object;
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
    attempts: attemptWrites(db, prefix),
    passkeys: passkeyWrites(db, prefix),
    totp: totpWrites(db, prefix),
    recoveryCodes: recoveryCodeWrites(db, prefix),
    copy: copyWrites(db, prefix),
    realm: realmWrites(db, prefix),
  };
}
