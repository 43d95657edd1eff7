import { SetupError } from '../../internal/setup-error.js';
import { refuseUnknownKeys } from '../../internal/unknown-keys.js';
import type { MethodContext } from '../method.js';
import { passkeysOf } from './assertion.js';
import type { PasskeySettings } from './options.js';
import { isUsableKey } from './public-key.js';
import { MAX_PASSKEYS } from './registration.js';
import { isBase64url, isCredentialId, isObject, parseLabel, parseTransports } from './response.js';

/** A passkey that the user made with another system, for the same `rpID`. */
export interface ImportedPasskey {
  /** The credential id, base64url. */
  readonly id: string;
  /**
   * The `user.id` that it was registered with, base64url: authenticators give it back, and it is checked. Null where the
   * other system has kept none: such a passkey answers a step-up, where the user is known, and signs nobody in.
   */
  readonly userHandle: string | null;
  /** The COSE key, base64url: ES256, ES384, ES512, EdDSA or RS256. */
  readonly publicKey: string;
  readonly counter: number;
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  readonly transports: readonly string[];
  readonly label?: string;
}

const NAMES = [
  ...(['id', 'userHandle', 'publicKey', 'counter', 'backupEligible', 'backedUp', 'transports', 'label'] as const),
] satisfies (keyof ImportedPasskey)[];

/** Moves in one passkey; one that the user has here already stays as it is. Rejects with a `SetupError`. */
export async function importPasskey(
  { rpID }: PasskeySettings,
  { services, userId, now }: MethodContext,
  data: unknown,
): Promise<void> {
  const passkey = parseImport(data);
  const passkeys = passkeysOf(services);
  const inserted = await passkeys.insert(
    { ...passkey, userId, rpID, label: passkey.label ?? null, createdAt: now, lastUsedAt: null },
    { onlyIfNone: false, max: MAX_PASSKEYS },
  );
  if (inserted === 'inserted' || (await passkeys.find(userId, passkey.id)) !== null) return;
  if (inserted === 'full') {
    throw new SetupError(`The user has ${MAX_PASSKEYS} passkeys, the most there may be.`, 'Remove one first.');
  }
  throw new SetupError(
    'Another user has this passkey.',
    'Import it for the user whose it is, or remove it there first.',
  );
}

function parseImport(data: unknown): ImportedPasskey {
  if (!isObject(data)) throw wrong('The passkey', 'an object with the members of `ImportedPasskey`');
  refuseUnknownKeys(data, NAMES, 'passkey');
  const { id, userHandle, publicKey, counter, backupEligible, backedUp, transports, label } = data;
  if (!isCredentialId(id)) throw wrong('`id`', 'the credential id in base64url');
  if (userHandle !== null && (!isBase64url(userHandle) || userHandle.length > 86)) {
    throw wrong('`userHandle`', 'at most 64 bytes in base64url, or null where it is not known');
  }
  if (!isBase64url(publicKey) || !isUsableKey(Buffer.from(publicKey, 'base64url'))) {
    throw wrong('`publicKey`', 'a COSE key in base64url, for ES256, ES384, ES512, EdDSA or RS256');
  }
  if (!isCounter(counter)) throw wrong('`counter`', 'a whole number from 0 to 4294967295');
  if (typeof backupEligible !== 'boolean') throw wrong('`backupEligible`', 'the BE flag of its registration');
  if (typeof backedUp !== 'boolean' || (backedUp && !backupEligible)) {
    throw wrong('`backedUp`', 'true or false, and false where `backupEligible` is');
  }
  const read = { transports: parseTransports(transports), label: label === undefined ? undefined : parseLabel(label) };
  if (!Array.isArray(transports) || read.transports.length !== transports.length)
    throw wrong('`transports`', "a list such as ['internal', 'hybrid'], or an empty one");
  if (read.label === null) throw wrong('`label`', '1 to 64 characters, none of them a control character, or nothing');
  const row = { id, userHandle, publicKey, counter, backupEligible, backedUp, transports: read.transports };
  return read.label === undefined ? row : { ...row, label: read.label };
}

function isCounter(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffffffff;
}

function wrong(what: string, expected: string): SetupError {
  return new SetupError(`${what} of the passkey to import can't be read.`, `Write ${expected}.`);
}
