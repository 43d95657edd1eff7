import { SetupError } from './setup-error.js';
import { derivedKey } from './tokens.js';

/** What a key is for. One secret never serves two purposes: each has a key of its own. */
export type KeyPurpose =
  | 'access token'
  | 'refresh tag'
  | 'rotation'
  | 'session token'
  | 'step-up'
  | 'foreign session'
  | 'return token'
  | 'pending sign-in'
  | 'sign-in challenge'
  | 'user handle'
  | 'totp secret'
  | 'recovery code';

const MIN_SECRET_BYTES = 32;

/** One of the app's secrets. */
export interface Secret {
  /** Tells which secret made something; says nothing about the secret. */
  readonly id: string;
  /** The key for one purpose, 32 bytes. */
  key(purpose: KeyPurpose): Uint8Array;
}

/** In the order of the `secret` option: the first makes, all verify. */
export type Secrets = readonly [Secret, ...Secret[]];

/**
 * Reads the `secret` option. Throws a `SetupError` for a missing or short one. Only older secrets may be undefined, so
 * that `[process.env.SECRET, process.env.OLD_SECRET]` works between rotations.
 */
export function parseSecrets(option: unknown): Secrets {
  const given = Array.isArray(option) ? (option as readonly unknown[]) : [option]; // `isArray` says any[]
  const [first, ...older] = given;
  return [parseSecret(first), ...older.filter((secret) => secret !== undefined).map(parseSecret)];
}

function parseSecret(secret: unknown): Secret {
  if (secret === undefined || secret === '') throw missing();
  const bytes = typeof secret === 'string' ? new TextEncoder().encode(secret) : new Uint8Array();
  if (bytes.length < MIN_SECRET_BYTES) {
    throw new SetupError(
      `\`secret\` must be a string of at least ${MIN_SECRET_BYTES} bytes.`,
      'Make one with `openssl rand -base64 32` and keep it outside the code.',
    );
  }
  return {
    id: Buffer.from(derivedKey(bytes, 'stepgate v1 key id')).toString('base64url').slice(0, 8),
    key: (purpose) => derivedKey(bytes, `stepgate v1 ${purpose}`),
  };
}

function missing(): SetupError {
  return new SetupError(
    '`secret` is missing.',
    'Set it from the environment, for example `secret: process.env.STEPGATE_SECRET`, to at least 32 random bytes (`openssl rand -base64 32`).',
  );
}
