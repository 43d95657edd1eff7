import {
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  type VerifiedRegistrationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import type { PasskeyRow } from '../../stores/contract/passkeys.js';
import type { BeginContext, MethodContext } from '../method.js';
import { isSpeltRight, listHere, passkeysOf, userHandle } from './assertion.js';
import { type CborMap, parseCborMap } from './encodings.js';
import type { PasskeySettings } from './options.js';
import { ALGORITHMS, isUsableKey } from './public-key.js';
import { isFrameAllowed, parseRegistration } from './response.js';

/** A user's list of passkeys is looked at, and sent, with every refusal. */
export const MAX_PASSKEYS = 50;

export interface RegistrationAnswer {
  /** What the client sent: any JSON. */
  readonly response: unknown;
  /** What was handed to the browser, base64url; used up by now. */
  readonly challenge: string;
  readonly label: string | null;
  /** Only as the user's first method of all. */
  readonly onlyIfNone: boolean;
}

export type RegistrationOutcome =
  | { readonly outcome: 'enrolled'; readonly row: PasskeyRow }
  /** `already-enrolled`: the credential id is there already, whoever's it is. */
  | {
      readonly outcome: 'failed';
      readonly reason: 'malformed' | 'rejected' | 'already-enrolled' | 'not-first-method' | 'full';
    };

export type RegistrationBeginOutcome =
  /** The browser's options. */
  | { readonly outcome: 'begun'; readonly options: object }
  | { readonly outcome: 'unknown-user' }
  /** The user has as many passkeys as there may be. */
  | { readonly outcome: 'full' };

/** The ceremony of an enrolment. Whether this session may do it is the caller's to decide, at both ends. */
export interface PasskeyRegistration {
  begin(context: BeginContext): Promise<RegistrationBeginOutcome>;
  finish(context: MethodContext, answer: RegistrationAnswer): Promise<RegistrationOutcome>;
}

export function createRegistration(settings: PasskeySettings): PasskeyRegistration {
  return {
    async begin({ services, userId, challenge }) {
      const user = await services.findUser(userId);
      if (user === null) return { outcome: 'unknown-user' };
      const rows = await listHere(services, settings, userId);
      if (rows.length >= MAX_PASSKEYS) return { outcome: 'full' };
      const options = await generateRegistrationOptions({
        rpID: settings.rpID,
        rpName: settings.rpName,
        userID: new Uint8Array(Buffer.from(userHandle(userId, services.secrets[0]), 'base64url')),
        userName: user.name,
        userDisplayName: user.displayName ?? user.name,
        challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
        timeout: settings.timeout,
        attestationType: 'none',
        excludeCredentials: rows.map(({ id, transports }) => ({ id, transports: [...transports] })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        supportedAlgorithmIDs: [...ALGORITHMS],
      });
      return { outcome: 'begun', options };
    },

    async finish({ services, userId, now }, { response: given, challenge, label, onlyIfNone }) {
      const parsed = parseRegistration(given);
      const plain = parsed === null ? null : withoutCertificates(parsed);
      if (plain === null) return { outcome: 'failed', reason: 'malformed' };
      const { response, statement } = plain;
      const isAllowed = isFrameAllowed(response.response.clientDataJSON, settings.allowedTopOrigins);
      if (isAllowed === null) return { outcome: 'failed', reason: 'malformed' };
      const registered = isAllowed ? await verify(settings, response, challenge) : undefined;
      if (registered?.credential.id !== response.id || !isUsable(registered.credential.publicKey, statement)) {
        return { outcome: 'failed', reason: 'rejected' };
      }
      const row: PasskeyRow = {
        id: response.id,
        userId,
        rpID: settings.rpID,
        userHandle: userHandle(userId, services.secrets[0]),
        publicKey: Buffer.from(registered.credential.publicKey).toString('base64url'),
        counter: registered.credential.counter,
        backupEligible: registered.credentialDeviceType === 'multiDevice',
        backedUp: registered.credentialBackedUp,
        transports: response.response.transports ?? [],
        label,
        createdAt: now,
        lastUsedAt: null,
      };
      const inserted = await passkeysOf(services).insert(row, { onlyIfNone, max: MAX_PASSKEYS });
      return inserted === 'inserted' ? { outcome: 'enrolled', row } : { outcome: 'failed', reason: inserted };
    },
  };
}

async function verify(
  { rpID, origins }: PasskeySettings,
  response: RegistrationResponseJSON,
  challenge: string,
): Promise<VerifiedRegistrationResponse['registrationInfo']> {
  try {
    const { registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: [...origins],
      expectedRPID: rpID,
      requireUserVerification: true,
      supportedAlgorithmIDs: [...ALGORITHMS],
    });
    return registrationInfo;
  } catch {
    // The library's message may quote the expected challenge, so it goes nowhere.
    return undefined;
  }
}

/**
 * The response with an attestation of none, or of a self-signature, which browsers leave in. Certificates were not asked
 * for: an attestation that some clients send with them all the same is taken for none, since it proves nothing to who
 * trusts no maker. It must not reach the library: to check it that would fetch revocation lists from addresses that the
 * certificates name. Null for what is no attestation.
 */
function withoutCertificates(
  registration: RegistrationResponseJSON,
): { readonly response: RegistrationResponseJSON; readonly statement: CborMap } | null {
  const { response } = registration;
  const attestation = parseCborMap(Buffer.from(response.attestationObject, 'base64url'));
  const [format, statement, authData] = ['fmt', 'attStmt', 'authData'].map((name) => attestation?.get(name));
  if (typeof format !== 'string' || statement === undefined || !(authData instanceof Uint8Array)) return null;
  const isPlain = (format === 'none' || format === 'packed') && statement instanceof Map && !statement.has('x5c');
  if (isPlain) return { response: registration, statement };
  const attestationObject = attestationOfNone(authData).toString('base64url');
  return { response: { ...registration, response: { ...response, attestationObject } }, statement: new Map() };
}

/** In CBOR: `{ fmt: 'none', attStmt: {}, authData }`. */
function attestationOfNone(authData: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(authData.length);
  const head = ['\xa3', '\x63fmt', '\x64none', '\x67attStmt', '\xa0', '\x68authData', '\x5a'].join('');
  return Buffer.concat([Buffer.from(head, 'latin1'), length, authData]);
}

function isUsable(publicKey: Uint8Array, statement: CborMap): boolean {
  const signature = statement.get('sig');
  return isUsableKey(publicKey) && (!(signature instanceof Uint8Array) || isSpeltRight(signature, publicKey));
}
