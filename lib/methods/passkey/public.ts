// What the routes say and take of a passkey. Nothing here loads @simplewebauthn/server.
import { isStorable } from '../../internal/arguments.js';
import type { PasskeyRow } from '../../stores/contract/passkeys.js';

/** A passkey as its owner sees it. */
export interface PublicPasskey {
  readonly id: string;
  readonly label: string | null;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  readonly backedUp: boolean;
  readonly transports: readonly string[];
}

export function publicPasskey(row: PasskeyRow): PublicPasskey {
  const { id, label, createdAt, lastUsedAt, backedUp, transports } = row;
  return { id, label, createdAt, lastUsedAt, backedUp, transports };
}

/** 1,023 bytes in base64url (WebAuthn Level 3, 7.1 step 25). */
const MAX_ID_CHARACTERS = 1_364;

export function isCredentialId(value: unknown): value is string {
  return isBase64url(value) && value.length <= MAX_ID_CHARACTERS;
}

export function isBase64url(value: unknown): value is string {
  return typeof value === 'string' && value.length % 4 !== 1 && /^[\w-]+$/.test(value);
}

/** A user's list of passkeys is looked at, and sent, with every refusal. */
export const MAX_PASSKEYS = 50;

const MAX_LABEL = 64;

/** The label without the space around it; null for anything but 1 to 64 characters that can be stored and shown. */
export function parseLabel(label: unknown): string | null {
  const trimmed = typeof label === 'string' ? label.trim() : '';
  const isText = isStorable(trimmed) && !/\p{Cc}/u.test(trimmed);
  return trimmed !== '' && trimmed.length <= MAX_LABEL && isText ? trimmed : null;
}
