import { derivedKey } from './blake3.js';
import { SetupError } from './setup-error.js';

/** What a key is for. One secret never serves two purposes: each has a key of its own. */
export type KeyPurpose = 'access token' | 'refresh tag' | 'rotation' | 'session token';

export interface Key {
  /** Tells which secret made it; says nothing about the secret. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** The keys of one purpose, in the order of the `secret` option: the first makes, all verify. */
export type Keys = readonly [Key, ...Key[]];

export const MIN_SECRET_BYTES = 32;

/** Takes the `secret` option and gives the keys of a purpose. Throws a `SetupError` for a missing or short secret. */
export function createKeyring(option: unknown): (purpose: KeyPurpose) => Keys {
  const secrets = (Array.isArray(option) ? option : [option]).map(secretBytes);
  const [first, ...rest] = secrets;
  if (first === undefined) throw missing();
  return (purpose) => [keyOf(first, purpose), ...rest.map((secret) => keyOf(secret, purpose))];
}

function keyOf(secret: Uint8Array, purpose: KeyPurpose): Key {
  const id = Buffer.from(derivedKey(secret, 'stepgate v1 key id')).toString('base64url').slice(0, 8);
  return { id, bytes: derivedKey(secret, `stepgate v1 ${purpose}`) };
}

function secretBytes(secret: unknown): Uint8Array {
  if (secret === undefined || secret === '') throw missing();
  const bytes = typeof secret === 'string' ? new TextEncoder().encode(secret) : new Uint8Array();
  if (bytes.length >= MIN_SECRET_BYTES) return bytes;
  throw new SetupError(
    `\`secret\` must be a string of at least ${MIN_SECRET_BYTES} bytes.`,
    'Make one with `openssl rand -base64 32` and keep it outside the code.',
  );
}

function missing(): SetupError {
  return new SetupError(
    '`secret` is missing.',
    'Set it from the environment, for example `secret: process.env.STEPGATE_SECRET`, to at least 32 random bytes (`openssl rand -base64 32`).',
  );
}
