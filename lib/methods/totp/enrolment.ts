import { randomBytes } from 'node:crypto';
import type { FailedReason } from '../../events.js';
import { SetupError } from '../../internal/setup-error.js';
import { refuseUnknownKeys } from '../../internal/unknown-keys.js';
import type { TotpStore } from '../../stores/contract/totp.js';
import type { MethodContext, MethodServices } from '../method.js';
import { findStep, fromBase32, keyUri, parseCode, SECRET_BYTES, STRONG_BYTES, toBase32 } from './code.js';
import { decryptSecret, encryptSecret } from './encrypted-secret.js';

/** What the user's authenticator app has to learn. It is shown this once. */
export interface TotpSetup {
  /** Base32, for typing. */
  readonly secret: string;
  /** The `otpauth:` URI, for a QR code. */
  readonly uri: string;
}

export type TotpBeginOutcome = ({ readonly outcome: 'begun' } & TotpSetup) | { readonly outcome: 'unknown-user' };

export interface TotpConfirmation {
  /** What the client sent. */
  readonly code: unknown;
  /** Only as the user's first method of all. */
  readonly onlyIfNone: boolean;
}

export type TotpConfirmOutcome =
  /** `replaced`: the user had another, which is gone. */
  | { readonly outcome: 'confirmed'; readonly replaced: boolean }
  | { readonly outcome: 'failed'; readonly reason: FailedReason };

/** How a user sets up TOTP. Whether this session may do it is the caller's to decide, at both ends. */
export interface TotpEnrolment {
  /** Makes a secret that waits for its first code, in place of one that waits already; a confirmed one stays beside it. */
  begin(context: MethodContext): Promise<TotpBeginOutcome>;
  /** Makes the waiting secret count. Its code is used up by that. */
  confirm(context: MethodContext, confirmation: TotpConfirmation): Promise<TotpConfirmOutcome>;
}

/** `issuer`: what authenticator apps show; null for the host of the instance's. */
export function createTotpEnrolment(issuer: string | null): TotpEnrolment {
  return {
    async begin({ services, userId, now }) {
      const user = await services.findUser(userId);
      if (user === null) return { outcome: 'unknown-user' };
      const secret = randomBytes(SECRET_BYTES);
      const encryptedSecret = encryptSecret(secret, userId, services.secrets);
      const row = { userId, encryptedSecret, createdAt: now, confirmedAt: null, lastStep: null };
      await totpOf(services).begin(row);
      const shown = { issuer: issuer ?? new URL(services.issuer).hostname, label: user.name };
      return { outcome: 'begun', secret: toBase32(secret), uri: keyUri(secret, shown) };
    },

    async confirm({ services, userId, now }, { code: given, onlyIfNone }) {
      const code = parseCode(given);
      if (code === null) return { outcome: 'failed', reason: 'malformed' };
      const row = await totpOf(services).findWaiting(userId);
      if (row === null) return { outcome: 'failed', reason: 'unknown-credential' };
      const { encryptedSecret } = row;
      const secret = decryptSecret(encryptedSecret, userId, services.secrets);
      if (secret === null) return { outcome: 'failed', reason: 'method-error' };
      const step = findStep(secret, code, now);
      if (step === null) return { outcome: 'failed', reason: 'rejected' };
      const { rpID } = services;
      const answer = await totpOf(services).confirm({ userId, encryptedSecret, step, now, onlyIfNone, rpID });
      // Another request was faster: this secret waits no more, or another method came first.
      if (answer === 'refused') return { outcome: 'failed', reason: 'unknown-credential' };
      return { outcome: 'confirmed', replaced: answer === 'replaced' };
    },
  };
}

/** A TOTP that the user has set up with another system: SHA-1, 6 digits, 30 seconds. */
export interface ImportedTotp {
  /** Base32, of 10 to 64 bytes. One under 16 bytes is weaker than RFC 4226 asks for, and makes a warning event. */
  readonly secret: string;
}

/** Moves in a TOTP, in place of any other of the user. Rejects with a `SetupError`. */
export async function importTotp({ services, userId, now }: MethodContext, data: unknown): Promise<void> {
  const secret = fromBase32(parseImport(data).secret);
  if (secret === null) {
    throw new SetupError(
      '`totp.secret` must be a secret.',
      'Write base32 of 10 to 64 bytes; weaker ones have to be enrolled anew.',
    );
  }
  const encryptedSecret = encryptSecret(secret, userId, services.secrets);
  await totpOf(services).put({ userId, encryptedSecret, createdAt: now, confirmedAt: now, lastStep: null });
  if (secret.length < STRONG_BYTES) services.emit({ type: 'totp.weak-secret', userId, bits: 8 * secret.length });
}

function parseImport(data: unknown): Partial<ImportedTotp> {
  if (typeof data !== 'object' || data === null)
    throw new SetupError('The TOTP must be an object.', 'Write `{ secret }`.');
  refuseUnknownKeys(data, ['secret'], 'totp');
  return data;
}

/** The part that `needs` asks for. */
export function totpOf({ store }: MethodServices): TotpStore {
  if (store.totp === undefined) throw new TypeError('The store has no TOTP.');
  return store.totp;
}
