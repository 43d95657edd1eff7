import type { Secrets } from '../../internal/keys.js';
import { open, type Seal, seal } from '../../internal/sealed.js';

// Bound to its user: moved to another user's row it can't be decrypted.
const sealOf = (userId: string): Seal => ({ purpose: 'totp secret', boundTo: userId });

/** Encrypts a TOTP secret for its row. */
export function encryptSecret(secret: Uint8Array, userId: string, appSecrets: Secrets): string {
  return seal(secret, sealOf(userId), appSecrets);
}

/** The secret of a row; null when it isn't this user's, was changed, or was made with none of these secrets. */
export function decryptSecret(stored: string, userId: string, appSecrets: Secrets): Uint8Array | null {
  return open(stored, sealOf(userId), appSecrets);
}
