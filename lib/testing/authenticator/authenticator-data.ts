import { createHash } from 'node:crypto';
import type { KeyPair } from './key-pair.js';
import type { ResponseVariant } from './variants.js';

/** The bits of the flags (WebAuthn Level 3, 6.1). */
const UP = 0x01;
const UV = 0x04;
const BE = 0x08;
const BS = 0x10;
const AT = 0x40;

interface AuthenticatorData {
  readonly rpId: string;
  readonly synced: boolean;
  readonly counter: number;
  /** Null in an assertion. */
  readonly attested: Uint8Array | null;
}

/** WebAuthn Level 3, 6.1: 32 bytes for the RP, one of flags, four of the counter, and the attested credential. */
export function authenticatorData(good: AuthenticatorData, variant: ResponseVariant): Buffer {
  const { rpId = good.rpId, counter = good.counter, userPresent = true, userVerified = true } = variant;
  const { backupEligible = good.synced, backedUp = good.synced } = variant;
  const flags =
    (userPresent ? UP : 0) |
    (userVerified ? UV : 0) |
    (backupEligible ? BE : 0) |
    (backedUp ? BS : 0) |
    (good.attested ? AT : 0);
  const flagsAndCounter = Buffer.alloc(5);
  flagsAndCounter.writeUInt8(flags);
  flagsAndCounter.writeUInt32BE(counter, 1);
  return Buffer.concat([sha256(Buffer.from(rpId)), flagsAndCounter, good.attested ?? Buffer.alloc(0)]);
}

/** WebAuthn Level 3, 6.5.1. The AAGUID is zero: the authenticator doesn't say what it is. */
export function attestedCredential(id: string, keyPair: KeyPair): Uint8Array {
  const rawId = Buffer.from(id, 'base64url');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(rawId.length);
  return Buffer.concat([Buffer.alloc(16), length, rawId, keyPair.cose]);
}

export function sha256(message: Uint8Array): Uint8Array {
  return createHash('sha256').update(message).digest();
}
