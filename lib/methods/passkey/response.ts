import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { isBase64url, isCredentialId } from './public.js';

/** For all strings of a response together. One without an attestation chain is under 4 KiB. */
const MAX_CHARACTERS = 16_384;
const MAX_TRANSPORTS = 10;

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads what a browser's `toJSON()` gives for a registration. Only the members that are needed are taken over, and
 * only within bounds: everything behind this parses what it is given. Null for anything else.
 */
export function parseRegistration(given: unknown): RegistrationResponseJSON | null {
  const credential = readCredential(given);
  if (credential === null) return null;
  const { clientDataJSON, attestationObject, transports } = credential.response;
  if (!isBase64url(clientDataJSON) || !isBase64url(attestationObject)) return null;
  if (!isWithinBounds([credential.id, clientDataJSON, attestationObject])) return null;
  return withResponse(credential.id, { clientDataJSON, attestationObject, transports: parseTransports(transports) });
}

/** The same for an assertion. */
export function parseAssertion(given: unknown): AuthenticationResponseJSON | null {
  const credential = readCredential(given);
  if (credential === null) return null;
  const { clientDataJSON, authenticatorData, signature, userHandle: handle } = credential.response;
  const userHandle = handle ?? undefined; // null is how the browser says that there is none
  if (!isBase64url(clientDataJSON) || !isBase64url(authenticatorData) || !isBase64url(signature)) return null;
  if (userHandle !== undefined && !isBase64url(userHandle)) return null;
  if (!isWithinBounds([credential.id, clientDataJSON, authenticatorData, signature, userHandle ?? ''])) return null;
  const response = { clientDataJSON, authenticatorData, signature };
  return withResponse(credential.id, userHandle === undefined ? response : { ...response, userHandle });
}

function readCredential(given: unknown): { readonly id: string; readonly response: Members } | null {
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
