import { randomBytes } from 'node:crypto';
import { attestedCredential, authenticatorData, sha256 } from './authenticator-data.js';
import { type Cbor, encodeCbor } from './cbor.js';
import { type Algorithm, createKeyPair, type KeyPair } from './key-pair.js';
import type {
  AuthenticationResponseJSON,
  CreationOptionsJSON,
  CredentialJSON,
  RegistrationResponseJSON,
  RequestOptionsJSON,
} from './messages.js';
import type { AuthenticationVariant, RegistrationVariant, ResponseVariant } from './variants.js';

export interface SoftwareAuthenticatorOptions {
  /** The origin of the page that it is used on, such as `'https://app.example'`. */
  readonly origin: string;
  /** The only algorithm it has. @default the first of the offered ones that is ES256, EdDSA or RS256 */
  readonly algorithm?: Algorithm;
  /** Whether its passkeys are synced ones: backed up, and with a counter that stays 0. @default false */
  readonly synced?: boolean;
}

/**
 * A browser with an authenticator for tests, in software: what `navigator.credentials` does, from JSON to JSON, without
 * a user. Failures have the browser's names. It doesn't compare the RP id with the origin, as a browser does.
 */
export interface SoftwareAuthenticator {
  /**
   * Makes a discoverable credential, with attestation `none`. Throws an `InvalidStateError` when it has one of
   * `excludeCredentials`, a `NotSupportedError` when it has none of the algorithms.
   */
  create(options: CreationOptionsJSON, variant?: RegistrationVariant): RegistrationResponseJSON;
  /**
   * Signs with the newest of its credentials for this RP; where some are listed, with the newest of those. Throws a
   * `NotAllowedError` when it has none.
   */
  get(options: RequestOptionsJSON, variant?: AuthenticationVariant): AuthenticationResponseJSON;
}

interface Credential {
  readonly id: string;
  readonly rpId: string;
  readonly userHandle: string;
  readonly keyPair: KeyPair;
  counter: number;
}

/** Makes an authenticator without credentials. */
export function softwareAuthenticator(options: SoftwareAuthenticatorOptions): SoftwareAuthenticator {
  const { origin, algorithm, synced = false } = options;
  const algorithms: readonly Algorithm[] = algorithm === undefined ? ['ES256', 'EdDSA', 'RS256'] : [algorithm];
  const ownRpId = new URL(origin).hostname;
  const credentials: Credential[] = [];

  function clientDataOf(type: string, challenge: string, variant: ResponseVariant): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false, ...variant.clientData }));
  }

  return {
    create({ challenge, rp, user, pubKeyCredParams, excludeCredentials = [] }, variant = {}) {
      if (excludeCredentials.some((excluded) => credentials.some(({ id }) => id === excluded.id))) {
        throw new DOMException('The authenticator has a credential of this user.', 'InvalidStateError');
      }
      const offered = pubKeyCredParams.map(({ alg }) => alg);
      const keyPair = createKeyPair(offered, algorithms);
      if (keyPair === null) throw new DOMException('No algorithm is in common.', 'NotSupportedError');
      const id = variant.credentialId ?? randomBytes(32).toString('base64url');
      const rpId = rp.id ?? ownRpId;
      credentials.push({ id, rpId, userHandle: user.id, keyPair, counter: 0 });

      const clientData = clientDataOf('webauthn.create', challenge, variant);
      const attested = attestedCredential(id, keyPair);
      const authData = authenticatorData({ rpId, synced, counter: 0, attested }, variant);
      const attestation = encodeCbor(
        new Map<string, Cbor>([
          ['fmt', 'none'],
          ['attStmt', new Map()],
          ['authData', authData],
        ]),
      );
      return credentialJson(id, {
        clientDataJSON: base64url(clientData),
        attestationObject: base64url(attestation),
        authenticatorData: base64url(authData),
        transports: ['internal'],
        publicKey: base64url(keyPair.spki),
        publicKeyAlgorithm: keyPair.algorithm,
      });
    },

    get({ challenge, rpId = ownRpId, allowCredentials = [] }, variant = {}) {
      const isMeant = ({ id, rpId: of }: Credential): boolean => {
        if (variant.credentialId !== undefined) return id === variant.credentialId;
        return of === rpId && (allowCredentials.length === 0 || allowCredentials.some((allowed) => allowed.id === id));
      };
      const credential = credentials.findLast(isMeant);
      if (credential === undefined) throw new DOMException('There is no such credential.', 'NotAllowedError');
      if (!synced && variant.counter === undefined) credential.counter += 1;

      const clientData = clientDataOf('webauthn.get', challenge, variant);
      const authData = authenticatorData({ rpId, synced, counter: credential.counter, attested: null }, variant);
      const signature = credential.keyPair.sign(Buffer.concat([authData, sha256(clientData)]));
      const { userHandle = credential.userHandle } = variant;
      return credentialJson(variant.statedId ?? credential.id, {
        clientDataJSON: base64url(clientData),
        authenticatorData: base64url(authData),
        signature: base64url(variant.tamperSignature === true ? tampered(signature) : signature),
        ...(userHandle === null ? {} : { userHandle }),
      });
    },
  };
}

function tampered(signature: Uint8Array): Uint8Array {
  return signature.map((byte, index) => (index === signature.length - 1 ? byte ^ 1 : byte));
}

function credentialJson<R>(id: string, response: R): CredentialJSON<R> {
  return {
    id,
    rawId: id,
    type: 'public-key',
    authenticatorAttachment: 'platform',
    clientExtensionResults: {},
    response,
  };
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
