import type { Database } from 'better-sqlite3';
import { type AttemptReads, type AttemptWrites, attemptReads, attemptWrites } from './attempts.js';
import { type ChallengeWrites, challengeWrites } from './challenges.js';
import { type CopyReads, type CopyWrites, copyReads, copyWrites } from './copy.js';
import { type GrantWrites, grantWrites } from './grants.js';
import { type PasskeyReads, type PasskeyWrites, passkeyReads, passkeyWrites } from './passkeys.js';
import {
  type RecoveryCodeReads,
  type RecoveryCodeWrites,
  recoveryCodeReads,
  recoveryCodeWrites,
} from './recovery-codes.js';
import { type SessionReads, type SessionWrites, sessionReads, sessionWrites } from './sessions.js';
import { type TotpReads, type TotpWrites, totpReads, totpWrites } from './totp.js';

/** All that can be asked of a connection, by part and name. Each part is a file with such tables. */
export interface Reads {
  readonly sessions: SessionReads;
  readonly challenges: object;
  readonly grants: object;
  readonly attempts: AttemptReads;
  readonly passkeys: PasskeyReads;
  readonly totp: TotpReads;
  readonly recoveryCodes: RecoveryCodeReads;
  readonly copy: CopyReads;
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
}

export function prepareReads(db: Database): Reads {
  return {
    sessions: sessionReads(db),
    challenges: {},
    grants: {},
    attempts: attemptReads(db),
    passkeys: passkeyReads(db),
    totp: totpReads(db),
    recoveryCodes: recoveryCodeReads(db),
    copy: copyReads(db),
  };
}

export function prepareWrites(db: Database): Writes {
  return {
    sessions: sessionWrites(db),
    challenges: challengeWrites(db),
    grants: grantWrites(db),
    attempts: attemptWrites(db),
    passkeys: passkeyWrites(db),
    totp: totpWrites(db),
    recoveryCodes: recoveryCodeWrites(db),
    copy: copyWrites(db),
  };
}
