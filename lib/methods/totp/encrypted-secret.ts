import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Secrets } from '../../internal/keys.js';

const VERSION = 'v1';
const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12; // random, for at most 2^32 secrets (SP 800-38D 8.3)
const TAG_BYTES = 16;
const STORED = /^v1\.([\w-]{8})\.([\w-]{16})\.([\w-]{22})\.([\w-]+)$/;

/**
 * Encrypts a TOTP secret for its row: `v1.<key id>.<iv>.<tag>.<data>`, the last three base64url, by AES-256-GCM with
 * the key of the first of the app's secrets. The tag covers the key id and the user id as well: moved to another user's
 * row it can't be decrypted.
 */
export function encryptSecret(secret: Uint8Array, userId: string, [appSecret]: Secrets): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, appSecret.key('totp secret'), iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(boundTo(appSecret.id, userId));
  const data = Buffer.concat([cipher.update(secret), cipher.final()]);
  const parts = [iv, cipher.getAuthTag(), data].map((part) => part.toString('base64url'));
  return [VERSION, appSecret.id, ...parts].join('.');
}

/** The secret of a row; null when it isn't this user's, was changed, or was made with none of these secrets. */
export function decryptSecret(stored: string, userId: string, appSecrets: Secrets): Uint8Array | null {
  const [, keyId = '', iv = '', tag = '', data = ''] = STORED.exec(stored) ?? [];
  const appSecret = appSecrets.find(({ id }) => id === keyId);
  if (appSecret === undefined) return null;
  const ivBytes = Buffer.from(iv, 'base64url');
  const decipher = createDecipheriv(CIPHER, appSecret.key('totp secret'), ivBytes, { authTagLength: TAG_BYTES });
  decipher.setAAD(boundTo(keyId, userId));
  decipher.setAuthTag(Buffer.from(tag, 'base64url'));
  const secret = decipher.update(Buffer.from(data, 'base64url'));
  try {
    return Buffer.concat([secret, decipher.final()]);
  } catch {
    return null; // the tag doesn't fit
  }
}

/** Whether it was encrypted with the first of the app's secrets. */
export function isCurrent(stored: string, [appSecret]: Secrets): boolean {
  return stored.startsWith(`${VERSION}.${appSecret.id}.`);
}

/** One reading only: neither of the first two has a dot in it. */
function boundTo(keyId: string, userId: string): Buffer {
  return Buffer.from(`${VERSION}.${keyId}.${userId}`);
}
