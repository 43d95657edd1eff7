import type { Secret, Secrets } from '../../internal/keys.js';
import { keyedHash } from '../../internal/tokens.js';
import type { PasskeyRow } from '../../stores/contract/passkeys.js';

/** What authenticators keep for the user: nothing that tells a stranger who it is (WebAuthn Level 3, 14.6.1). */
export function userHandle(userId: string, secret: Secret): string {
  return Buffer.from(keyedHash(secret.key('user handle'), Buffer.from(userId))).toString('base64url');
}

/**
 * Whether the handle is the one of the passkey's user. Besides the one in the row it may be one made with any of the
 * secrets: a secret may have been replaced between the two halves of a registration.
 */
export function isHandleOf(row: PasskeyRow, handle: string, secrets: Secrets): boolean {
  return handle === row.userHandle || secrets.some((secret) => handle === userHandle(row.userId, secret));
}
