import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { KeyPurpose, Secrets } from './keys.js';

const VERSION = 'v1';
const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12; // random, for at most 2^32 texts under one key (SP 800-38D 8.3)
const TAG_BYTES = 16;
const SEALED = /^v1\.([\w-]{8})\.([\w-]{16})\.([\w-]{22})\.([\w-]+)$/;

/** What it is for, and to what it is bound: opened for anything else, it isn't there. */
export interface Seal {
  readonly purpose: KeyPurpose;
  readonly boundTo: string;
}

/**
 * Encrypts with the key of the first of the app's secrets, by AES-256-GCM: `v1.<key id>.<iv>.<tag>.<data>`, the last
 * three base64url. The tag covers the key id and what it is bound to as well.
 */
export function seal(data: Uint8Array, { purpose, boundTo }: Seal, [secret]: Secrets): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, secret.key(purpose), iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(covered(secret.id, boundTo));
  const encrypted = Buffer.concat([cipher.update(data), cipher.final()]);
  const parts = [iv, cipher.getAuthTag(), encrypted].map((part) => part.toString('base64url'));
  return [VERSION, secret.id, ...parts].join('.');
}

/** What was sealed; null when it was bound to something else, was changed, or was made with none of these secrets. */
export function open(sealed: string, { purpose, boundTo }: Seal, secrets: Secrets): Uint8Array | null {
  const [, keyId = '', iv = '', tag = '', data = ''] = SEALED.exec(sealed) ?? [];
  const secret = secrets.find(({ id }) => id === keyId);
  if (secret === undefined) return null;
  const ivBytes = Buffer.from(iv, 'base64url');
  const decipher = createDecipheriv(CIPHER, secret.key(purpose), ivBytes, { authTagLength: TAG_BYTES });
  decipher.setAAD(covered(keyId, boundTo));
  decipher.setAuthTag(Buffer.from(tag, 'base64url'));
  const decrypted = decipher.update(Buffer.from(data, 'base64url'));
  try {
    return Buffer.concat([decrypted, decipher.final()]);
  } catch {
    return null; // the tag doesn't fit
  }
}

/** Whether it was sealed with the first of the app's secrets. */
export function isUnderFirst(sealed: string, [secret]: Secrets): boolean {
  return sealed.startsWith(`${VERSION}.${secret.id}.`);
}

/** One reading only: neither of the first two has a dot in it. */
function covered(keyId: string, boundTo: string): Buffer {
  return Buffer.from(`${VERSION}.${keyId}.${boundTo}`);
}
