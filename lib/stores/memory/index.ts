import type { Claimable } from '../contract/realm.js';
import type { Store, StoreParts } from '../contract/store.js';
import { memoryApprovals } from './approvals.js';
import { memoryAttempts } from './attempts.js';
import { memoryChallenges } from './challenges.js';
import { memoryGrants } from './grants.js';
import { memoryPasskeys } from './passkeys.js';
import { memoryRecoveryCodes } from './recovery-codes.js';
import { memorySessions } from './sessions.js';
import { memoryTotp } from './totp.js';

/** Keeps everything in this process: for tests and a first look. It is gone when the process ends. */
export function memoryStore(): Store & StoreParts {
  const claimable = memoryRealm();
  const passkeys = memoryPasskeys(claimable, (userId) => totp.has(userId));
  const totp = memoryTotp(claimable, (userId, rpID) => passkeys.has(userId, rpID));
  return {
    sessions: memorySessions(claimable),
    challenges: memoryChallenges(claimable),
    grants: memoryGrants(claimable),
    approvals: memoryApprovals(claimable),
    attempts: memoryAttempts(claimable),
    passkeys,
    totp,
    recoveryCodes: memoryRecoveryCodes(claimable),
  };
}

function memoryRealm(): Claimable {
  let realm: string | null = null;
  return {
    async claim(asked) {
      realm ??= asked;
      return realm;
    },
  };
}
