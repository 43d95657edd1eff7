import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  verifyAuthenticationResponse,
} from '@simplewebauthn/server';
import { isTooYoung } from '../../internal/clock.js';
import type { Secret, Secrets } from '../../internal/keys.js';
import { keyedHash } from '../../internal/tokens.js';
import type { PasskeyRow, PasskeyStore } from '../../stores/contract/passkeys.js';
import type { BeginContext, MethodContext, MethodOutcome, MethodServices, VerifyContext } from '../method.js';
import { isDerSignature, parseCborMap } from './encodings.js';
import type { PasskeySettings } from './options.js';
import { EC2, KTY, X } from './public-key.js';
import { isFrameAllowed, parseAssertion } from './response.js';

const WRONG: MethodOutcome = { outcome: 'failed', reason: 'rejected' };
const UNKNOWN = { outcome: 'failed', reason: 'unknown-credential' } as const;

/** How a session's user steps up: whose passkey it has to be is known. */
export interface StepUpCeremony {
  enrolled(context: MethodContext): Promise<boolean>;
  /** The browser's options: a signature by one of the user's passkeys. */
  begin(context: BeginContext): Promise<object>;
  verify(context: VerifyContext): Promise<MethodOutcome>;
  /** Whether the user still has this passkey. */
  holds(context: MethodContext, id: string): Promise<boolean>;
}

export function createStepUpCeremony(settings: PasskeySettings): StepUpCeremony {
  return {
    async enrolled({ services, userId }) {
      return (await listHere(services, settings, userId)).length > 0;
    },

    async begin({ services, userId, challenge }) {
      const rows = await listHere(services, settings, userId);
      // An empty list would let the browser offer anybody's passkey.
      if (rows.length === 0) throw new Error('The user has no passkey.');
      return generateAuthenticationOptions({
        rpID: settings.rpID,
        challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
        allowCredentials: rows.map(({ id, transports }) => ({ id, transports: [...transports] })),
        userVerification: 'required',
        timeout: settings.timeout,
      });
    },

    async verify({ services, userId, response: given, challenge, now }) {
      const response = parseAssertion(given);
      if (response === null || challenge === null) return { outcome: 'failed', reason: 'malformed' };
      // Before any signature is checked, so that another user's passkey is as unknown as one that nobody has.
      const row = await passkeysOf(services).find(userId, response.id);
      if (row === null) return { ...UNKNOWN, isNobodys: (await passkeysOf(services).findById(response.id)) === null };
      if (!isHere(row, settings)) return UNKNOWN;
      if (isTooYoung(row.createdAt, { challenge, now })) {
        return { outcome: 'failed', reason: 'enrolled-after-challenge' };
      }
      const { userHandle: handle } = response.response;
      // Whose it is says the session; a passkey of another system may have come without its handle.
      if (handle !== undefined && row.userHandle !== null && !isHandleOf(row, handle, services.secrets)) return WRONG;
      return checkAssertion(services, settings, { response, row, challenge: challenge.value, now });
    },

    async holds({ services, userId }, id) {
      return (await passkeysOf(services).find(userId, id)) !== null;
    },
  };
}

export interface Assertion {
  readonly response: AuthenticationResponseJSON;
  /** The passkey that the response names: looked up by its user wherever that is known. */
  readonly row: PasskeyRow;
  /** What was to be signed, base64url. */
  readonly challenge: string;
  readonly now: number;
}

/** Checks an assertion against its passkey, and notes the use of it. Whose handle came with it is the caller's to check. */
export async function checkAssertion(
  services: MethodServices,
  settings: PasskeySettings,
  { response, row, challenge, now }: Assertion,
): Promise<MethodOutcome> {
  const isAllowed = isFrameAllowed(response.response.clientDataJSON, settings.allowedTopOrigins);
  if (isAllowed === null) return { outcome: 'failed', reason: 'malformed' };
  const signed = isAllowed ? await verifySignature(settings, response, row, challenge) : null;
  if (signed === null) return WRONG;
  // An authenticator can't turn a device-bound passkey into one that is synced (WebAuthn Level 3, 6.1.3).
  if (signed.backupEligible !== row.backupEligible) return { outcome: 'failed', reason: 'backup-eligibility-changed' };

  const { id, userId } = row;
  const verified: MethodOutcome = { outcome: 'verified', credential: id };
  const passkeys = passkeysOf(services);
  const use = { userId, id, counter: signed.counter, backedUp: signed.backedUp, usedAt: now, rpID: settings.rpID };
  // The store compares the counter, so that of parallel assertions with one counter one passes.
  if (await passkeys.use({ ...use, evenIfRegressed: false })) return verified;
  if ((await passkeys.find(userId, id)) === null) return UNKNOWN;
  services.emit({ type: 'passkey.counter-regressed', userId, passkeyId: id });
  if (settings.counter === 'refuse') return { outcome: 'failed', reason: 'counter-regressed' };
  return (await passkeys.use({ ...use, evenIfRegressed: true })) ? verified : UNKNOWN;
}

/** What the authenticator signed; null when anything about it is wrong. */
async function verifySignature(
  { rpID, origins, allowedTopOrigins }: PasskeySettings,
  response: AuthenticationResponseJSON,
  { id, publicKey }: PasskeyRow,
  challenge: string,
): Promise<{ readonly counter: number; readonly backupEligible: boolean; readonly backedUp: boolean } | null> {
  const cose = Buffer.from(publicKey, 'base64url');
  if (!isSpeltRight(Buffer.from(response.response.signature, 'base64url'), cose)) return null;
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: [...origins],
      expectedRPID: rpID,
      expectedTopOrigin: [...allowedTopOrigins],
      requireUserVerification: true,
      // Zero leaves the counter to the store: the library would look at it before the signature, whoever sent it.
      credential: { id, publicKey: new Uint8Array(cose), counter: 0 },
    });
    const { newCounter, credentialDeviceType, credentialBackedUp } = authenticationInfo;
    const backupEligible = credentialDeviceType === 'multiDevice';
    return verified ? { counter: newCounter, backupEligible, backedUp: credentialBackedUp } : null;
  } catch {
    // The library's message may quote the expected challenge, so it goes nowhere.
    return null;
  }
}

/** Whether the signature is spelt as the algorithm of this COSE key spells one: ECDSA has many spellings, DER one. */
export function isSpeltRight(signature: Uint8Array, cose: Uint8Array): boolean {
  const key = parseCborMap(cose);
  const x = key?.get(X);
  return key?.get(KTY) !== EC2 || (x instanceof Uint8Array && isDerSignature(signature, x.length));
}

/** What authenticators keep for the user: nothing that tells a stranger who it is (WebAuthn Level 3, 14.6.1). */
export function userHandle(userId: string, secret: Secret): string {
  return Buffer.from(keyedHash(secret.key('user handle'), Buffer.from(userId))).toString('base64url');
}

/**
 * Whether the handle is the one of the passkey's user. Besides the one in the row it may be one made with any of the
 * secrets: a secret may have been replaced between the two halves of a registration.
 */
export function isHandleOf(row: PasskeyRow, handle: string, secrets: Secrets): boolean {
  return handle === row.userHandle || secrets.some((secret) => handle === userHandle(row.userId, secret));
}

/** The user's passkeys that can be used in this domain: those of another no browser would offer here. */
export async function listHere(
  services: MethodServices,
  settings: Pick<PasskeySettings, 'rpID'>,
  userId: string,
): Promise<readonly PasskeyRow[]> {
  const rows = await passkeysOf(services).listForUser(userId);
  return rows.filter((row) => isHere(row, settings));
}

export function isHere(row: PasskeyRow, { rpID }: Pick<PasskeySettings, 'rpID'>): boolean {
  return row.rpID === null || row.rpID === rpID;
}

/** The part that `needs` asks for. */
export function passkeysOf({ store }: MethodServices): PasskeyStore {
  if (store.passkeys === undefined) throw new TypeError('The store has no passkeys.');
  return store.passkeys;
}
