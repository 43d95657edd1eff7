import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { isStorable } from '../../internal/arguments.js';

/** For all strings of a response together. One without an attestation chain is under 4 KiB. */
const MAX_CHARACTERS = 16_384;
const MAX_TRANSPORTS = 10;

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads what a browser's `toJSON()` gives for a registration. Only the members that are needed are taken over, and
 * only within bounds: everything behind this parses what it is given. Null for anything else.
 */
export function parseRegistration(given: unknown): RegistrationResponseJSON | null {
  const credential = parseCredential(given);
  if (credential === null) return null;
  const { clientDataJSON, attestationObject, transports } = credential.response;
  if (!isBase64url(clientDataJSON) || !isBase64url(attestationObject)) return null;
  if (!isWithinBounds([credential.id, clientDataJSON, attestationObject])) return null;
  return withResponse(credential.id, { clientDataJSON, attestationObject, transports: parseTransports(transports) });
}

/** The same for an assertion. */
export function parseAssertion(given: unknown): AuthenticationResponseJSON | null {
  const credential = parseCredential(given);
  if (credential === null) return null;
  const { clientDataJSON, authenticatorData, signature, userHandle: handle } = credential.response;
  const userHandle = handle ?? undefined; // null is how the browser says that there is none
  if (!isBase64url(clientDataJSON) || !isBase64url(authenticatorData) || !isBase64url(signature)) return null;
  if (userHandle !== undefined && !isBase64url(userHandle)) return null;
  if (!isWithinBounds([credential.id, clientDataJSON, authenticatorData, signature, userHandle ?? ''])) return null;
  const response = { clientDataJSON, authenticatorData, signature };
  return withResponse(credential.id, userHandle === undefined ? response : { ...response, userHandle });
}

function parseCredential(given: unknown): { readonly id: string; readonly response: Members } | null {
  if (!isObject(given)) return null;
  const { id, rawId, type, response } = given;
  return isCredentialId(id) && rawId === id && type === 'public-key' && isObject(response) ? { id, response } : null;
}

function withResponse<R>(
  id: string,
  response: R,
): { id: string; rawId: string; type: 'public-key'; clientExtensionResults: object; response: R } {
  return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response };
}

function isWithinBounds(strings: readonly string[]): boolean {
  return strings.reduce((sum, { length }) => sum + length, 0) <= MAX_CHARACTERS;
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null;
}

/** Hints for later, of which browsers may invent new ones: at most ten short words, and nothing else that is there. */
export function parseTransports(value: unknown): string[] {
  const transports: readonly unknown[] = Array.isArray(value) ? value : [];
  return transports
    .filter((word): word is string => typeof word === 'string' && /^[\w-]{1,32}$/.test(word))
    .slice(0, MAX_TRANSPORTS);
}

/**
 * Whether the page was where it may be: not in another site's frame, except of those that are listed (WebAuthn Level 3,
 * 7.1 steps 10 and 11, 7.2 steps 13 and 14). The library checks some of it, and only in assertions. Null: not readable.
 */
export function isFrameAllowed(clientDataJSON: string, allowedTopOrigins: readonly string[]): boolean | null {
  let clientData: unknown;
  try {
    clientData = JSON.parse(new TextDecoder().decode(Buffer.from(clientDataJSON, 'base64url'))); // strips a BOM, as asked
  } catch {
    return null;
  }
  if (!isObject(clientData)) return null;
  const { crossOrigin = false, topOrigin } = clientData;
  if (crossOrigin === false && topOrigin === undefined) return true;
  return crossOrigin === true && typeof topOrigin === 'string' && allowedTopOrigins.includes(topOrigin);
}

/** 1,023 bytes in base64url (WebAuthn Level 3, 7.1 step 25). */
const MAX_ID_CHARACTERS = 1_364;

export function isCredentialId(value: unknown): value is string {
  return isBase64url(value) && value.length <= MAX_ID_CHARACTERS;
}

export function isBase64url(value: unknown): value is string {
  return typeof value === 'string' && value.length % 4 !== 1 && /^[\w-]+$/.test(value);
}

const MAX_LABEL = 64;

/** The label without the space around it; null for anything but 1 to 64 characters that can be stored and shown. */
export function parseLabel(label: unknown): string | null {
  const trimmed = typeof label === 'string' ? label.trim() : '';
  const isText = isStorable(trimmed) && !/\p{Cc}/u.test(trimmed);
  return trimmed !== '' && trimmed.length <= MAX_LABEL && isText ? trimmed : null;
}
