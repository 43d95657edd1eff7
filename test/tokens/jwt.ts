import { createHmac } from 'node:crypto';
import { parseSecrets, type Secret } from '../../lib/internal/keys.js';
import { SECRET } from '../support/instance.js';

/** A JWT taken apart. */
export interface Jwt {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** The session token. */
  readonly jti: string;
  /** The three segments as they are written. */
  readonly parts: readonly [header: string, claims: string, signature: string];
}

/** What a thief of the app's secret would sign with; a forger without it has other keys. */
export const signingKey: Uint8Array = keyOf(SECRET);

function keyOf(secret: string): Uint8Array {
  return secretOf(secret).key('access token');
}

/** The `kid` that tokens of a secret carry. */
export function kidOf(secret: string): string {
  return secretOf(secret).id;
}

export function readJwt(token: string): Jwt {
  const [header = '', claims = '', signature = ''] = token.split('.');
  const content = parsed(claims);
  return { header: parsed(header), claims: content, jti: String(content['jti']), parts: [header, claims, signature] };
}

/** A segment: of JSON, or of the text as it is. */
export function segment(content: unknown): string {
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)).toString('base64url');
}

/** Signs two segments with whatever key and hash: no library would sign half of what a forger sends. */
export function signed(header: string, claims: string, key: Uint8Array | string = signingKey, hash = 'sha256'): string {
  const signature = createHmac(hash, key).update(`${header}.${claims}`).digest('base64url');
  return `${header}.${claims}.${signature}`;
}

function parsed(part: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}

function secretOf(secret: string): Secret {
  return parseSecrets(secret)[0];
}
