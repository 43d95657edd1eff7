import type { Store, StoreParts } from '../contract/store.js';
import { memoryAttempts } from './attempts.js';
import { memoryChallenges } from './challenges.js';
import { memoryGrants } from './grants.js';
import { memoryPasskeys } from './passkeys.js';
import { memoryRecoveryCodes } from './recovery-codes.js';
import { memorySessions } from './sessions.js';
import { memoryTotp } from './totp.js';

/** Keeps everything in this process: for tests and a first look. It is gone when the process ends. */
export function memoryStore(): Store & StoreParts {
  const passkeys = memoryPasskeys((userId) => totp.has(userId));
  const totp = memoryTotp((userId) => passkeys.has(userId));
  return {
    sessions: memorySessions(),
    challenges: memoryChallenges(),
    grants: memoryGrants(),
    attempts: memoryAttempts(),
    passkeys,
    totp,
    recoveryCodes: memoryRecoveryCodes(),
  };
}
