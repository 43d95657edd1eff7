import type { ApprovalStore } from './approvals.js';
import type { AttemptStore } from './attempts.js';
import type { ChallengeStore } from './challenges.js';
import type { GrantStore } from './grants.js';
import type { PasskeyStore } from './passkeys.js';
import type { Migrations } from './realm.js';
import type { RecoveryCodeStore } from './recovery-codes.js';
import type { SessionStore } from './sessions.js';
import type { TotpStore } from './totp.js';

/** The parts that only some methods and rules need. */
export interface StoreParts {
  readonly challenges: ChallengeStore;
  readonly grants: GrantStore;
  readonly approvals: ApprovalStore;
  readonly attempts: AttemptStore;
  readonly passkeys: PasskeyStore;
  readonly totp: TotpStore;
  readonly recoveryCodes: RecoveryCodeStore;
}

/** Where stepgate keeps its rows. A store may lack parts; what needs one says so when it is set up. */
export interface Store extends Partial<StoreParts>, Partial<Migrations> {
  readonly sessions: SessionStore;
  /** Finishes what is under way and lets go of connections and threads that the store opened itself. */
  readonly close?: () => Promise<void>;
}
