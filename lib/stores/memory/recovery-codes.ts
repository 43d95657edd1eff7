import type { TokenHash } from '../../internal/tokens.js';
import type { Claimable } from '../contract/realm.js';
import type { RecoveryCodeStore } from '../contract/recovery-codes.js';
import { memoryCopy } from './copy.js';

export function memoryRecoveryCodes(claimable: Claimable): RecoveryCodeStore {
  const sets = new Map<string, { readonly hashes: Set<TokenHash>; readonly createdAt: number }>();
  return {
    ...claimable,
    async replace(userId, hashes, now) {
      sets.set(userId, { hashes: new Set(hashes), createdAt: now });
    },
    async take(userId, hash) {
      return sets.get(userId)?.hashes.delete(hash) ?? false;
    },
    count(userId) {
      const set = sets.get(userId);
      return set === undefined || set.hashes.size === 0 ? null : { left: set.hashes.size, createdAt: set.createdAt };
    },
    async dropForUser(userId) {
      sets.delete(userId);
    },
    copy: memoryCopy(
      () =>
        [...sets].flatMap(([userId, { hashes, createdAt }]) =>
          hashes.size === 0 ? [] : [{ userId, hashes: [...hashes], createdAt }],
        ),
      ({ userId, hashes, createdAt }) => {
        if ((sets.get(userId)?.hashes.size ?? 0) > 0) return false;
        sets.set(userId, { hashes: new Set(hashes), createdAt });
        return true;
      },
    ),
  };
}
