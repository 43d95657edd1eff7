import { HOTP, Secret, TOTP } from 'otpauth';
import { equal } from '../../internal/tokens.js';
import { parseTypedCode } from '../answer.js';

/** What every authenticator app understands (RFC 6238 1.2, RFC 4226 5.3). */
const CODES = { algorithm: 'SHA1', digits: 6 } as const;
const PERIOD = 30;
/** The steps around the present one, for clocks and networks that lag (RFC 6238 5.2: at most one). */
const WINDOW = [-1, 0, 1] as const;

export const SECRET_BYTES = 20; // as long as the HMAC (RFC 4226 4 R6)
export const STRONG_BYTES = 16; // RFC 4226 4 R6: at least 128 bits
const MIN_IMPORTED_BYTES = 10; // 80 bits, as apps have shown them for years
const MAX_IMPORTED_BYTES = 64; // the block of SHA-1; beyond it HMAC would hash the key first

/** The six digits that were typed; null for anything else. */
export function parseCode(typed: unknown): string | null {
  const code = parseTypedCode(typed);
  return code !== null && /^[0-9]{6}$/.test(code) ? code : null;
}

/**
 * The time step that this is the code of, around `now`; null for none. If it is the code of several, the latest, so that
 * none of them is left for another time. Looks at all of them in any case: how long it takes tells nothing.
 */
export function findStep(secret: Uint8Array, code: string, now: number): number | null {
  const present = TOTP.counter({ period: PERIOD, timestamp: now });
  const key = toSecret(secret);
  let found: number | null = null;
  for (const offset of WINDOW) {
    const counter = present + offset;
    const expected = HOTP.generate({ ...CODES, secret: key, counter });
    if (equal(Buffer.from(expected), Buffer.from(code))) found = counter;
  }
  return found;
}

/**
 * The latest step that a code can have been accepted for by now, on any machine whose clock is about right. One that is
 * noted as later isn't believed: a clock was ahead, and its owner would be refused until the time has caught up. Ten steps
 * are five minutes. A machine so far ahead would let a used code pass again, and one that was ahead by less keeps the
 * owner waiting no longer than that.
 */
export function latestStep(now: number): number {
  return TOTP.counter({ period: PERIOD, timestamp: now }) + 10;
}

export function toBase32(secret: Uint8Array): string {
  return toSecret(secret).base32;
}

/** The bytes of a secret of another system, 10 to 64; null for anything that isn't their base32. */
export function fromBase32(text: unknown): Uint8Array | null {
  if (typeof text !== 'string' || text.length > 2 * MAX_IMPORTED_BYTES || !/^[A-Z2-7]+=*$/i.test(text)) return null;
  const { bytes } = Secret.fromBase32(text);
  return bytes.length >= MIN_IMPORTED_BYTES && bytes.length <= MAX_IMPORTED_BYTES ? bytes : null;
}

/** The `otpauth:` URI that authenticator apps read from a QR code. */
export function keyUri(secret: Uint8Array, { issuer, label }: { issuer: string; label: string }): string {
  // A lone surrogate in a user's name can't be encoded; through a buffer it becomes U+FFFD.
  const wellFormed = Buffer.from(label).toString();
  return new TOTP({ ...CODES, period: PERIOD, issuer, label: wellFormed, secret: toSecret(secret) }).toString();
}

function toSecret(bytes: Uint8Array): Secret {
  return new Secret({ buffer: new Uint8Array(bytes).buffer }); // a copy: a Buffer may be a part of a larger one
}
