import { generateKeyPairSync, type JsonWebKey, type KeyPairKeyObjectResult, sign } from 'node:crypto';
import { type Cbor, encodeCbor } from './cbor.js';

export type Algorithm = 'ES256' | 'EdDSA' | 'RS256';

/** The key pair of a credential. */
export interface KeyPair {
  /** The number of the algorithm in COSE. */
  readonly algorithm: number;
  /** The public key as WebAuthn's attested credential data has it. */
  readonly cose: Uint8Array;
  readonly spki: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

interface Kind {
  /** The number of the algorithm in COSE. */
  readonly id: number;
  readonly digest: 'sha256' | null;
  generate(): KeyPairKeyObjectResult;
  /** The key type in COSE, and the parameters of a key after it and the algorithm (RFC 9053, 7; RFC 8230, 4). */
  readonly type: number;
  parameters(jwk: JsonWebKey): readonly (readonly [number, Cbor])[];
}

const KINDS: Readonly<Record<Algorithm, Kind>> = {
  ES256: {
    id: -7,
    digest: 'sha256',
    generate: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    type: 2,
    parameters: ({ x, y }) => [
      [-1, 1],
      [-2, bytes(x)],
      [-3, bytes(y)],
    ],
  },
  EdDSA: {
    id: -8,
    digest: null,
    generate: () => generateKeyPairSync('ed25519'),
    type: 1,
    parameters: ({ x }) => [
      [-1, 6],
      [-2, bytes(x)],
    ],
  },
  RS256: {
    id: -257,
    digest: 'sha256',
    generate: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    type: 3,
    parameters: ({ n, e }) => [
      [-1, bytes(n)],
      [-2, bytes(e)],
    ],
  },
};

/** Makes a key pair for the first of the offered COSE algorithms that is among `algorithms`; null when none is. */
export function createKeyPair(offered: readonly number[], algorithms: readonly Algorithm[]): KeyPair | null {
  const kinds = algorithms.map((name) => KINDS[name]);
  const kind = offered.map((id) => kinds.find((candidate) => candidate.id === id)).find((found) => found !== undefined);
  if (kind === undefined) return null;
  const { publicKey, privateKey } = kind.generate();
  return {
    algorithm: kind.id,
    cose: encodeCbor(new Map([[1, kind.type], [3, kind.id], ...kind.parameters(publicKey.export({ format: 'jwk' }))])),
    spki: publicKey.export({ format: 'der', type: 'spki' }),
    sign: (message) => sign(kind.digest, message, privateKey),
  };
}

function bytes(member: string | undefined): Uint8Array {
  return Buffer.from(member ?? '', 'base64url');
}
