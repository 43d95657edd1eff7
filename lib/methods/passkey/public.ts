// What the routes say and take of a passkey. Nothing here loads @simplewebauthn/server.
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

const MAX_LABEL = 64;

/** The label without the space around it; null for anything but 1 to 64 characters. */
export function readLabel(label: unknown): string | null {
  const trimmed = typeof label === 'string' ? label.trim() : '';
  return trimmed !== '' && trimmed.length <= MAX_LABEL ? trimmed : null;
}
