import { randomBytes } from 'node:crypto';
import { isBeyond } from '../internal/clock.js';
import { encode, equal, hashToken, keyedHash } from '../internal/tokens.js';
import type { Services } from '../services.js';
import { partOf } from './methods.js';

/** For somebody who hasn't said who they are: nothing is kept of it, so that strangers can't fill the store. */
export interface SignInChallenge {
  readonly id: string;
  /** What the authenticator signs, base64url. */
  readonly value: string;
  readonly expiresAt: number;
}

export interface SignInChallenges {
  /**
   * `browser` is the secret of the browser's short-lived cookie: another browser can't use the challenge. Without any
   * bytes the challenge is bound to none.
   */
  issue(browser: Uint8Array): SignInChallenge;
  /**
   * Uses a challenge up; only that writes. Null for a forgery, one of another browser, one that has expired, and one that
   * was used before.
   */
  spend(id: unknown, browser: Uint8Array): Promise<SignInChallenge | null>;
}

const LIFETIME = 5 * 60_000;
const RANDOM_BYTES = 16;
const TIME_BYTES = 8;
const MAC_BYTES = 16;
const ID = /^[A-Za-z0-9_-]{53}[AQgw]$/; // base64url of 40 bytes, in its one spelling

/** `id` is random ‖ end ‖ MAC; what is signed is derived from the first two. */
export function createSignInChallenges({
  store,
  secrets,
  clock,
}: Pick<Services, 'store' | 'secrets' | 'clock'>): SignInChallenges {
  const keys = secrets.map((secret) => secret.key('sign-in challenge'));

  function open(id: string, browser: Uint8Array): SignInChallenge | null {
    const bytes = Buffer.from(id, 'base64url');
    const body = bytes.subarray(0, RANDOM_BYTES + TIME_BYTES);
    const mac = bytes.subarray(RANDOM_BYTES + TIME_BYTES);
    const key = keys.find((candidate) => equal(mac, macOf(candidate, body, browser)));
    return key === undefined ? null : { id, value: signedValueOf(key, body, browser), expiresAt: endOf(body) };
  }

  return {
    issue(browser) {
      const expiresAt = clock.now() + LIFETIME;
      const end = Buffer.alloc(TIME_BYTES);
      end.writeBigUInt64BE(BigInt(expiresAt));
      const body = Buffer.concat([randomBytes(RANDOM_BYTES), end]);
      const key = secrets[0].key('sign-in challenge');
      const id = encode(Buffer.concat([body, macOf(key, body, browser)]));
      return { id, value: signedValueOf(key, body, browser), expiresAt };
    },
    async spend(id, browser) {
      const challenge = typeof id === 'string' && ID.test(id) ? open(id, browser) : null;
      const now = clock.now();
      if (challenge === null || now >= challenge.expiresAt || isBeyond(challenge.expiresAt, LIFETIME, now)) return null;
      const hash = hashToken(Buffer.from(challenge.id, 'base64url'));
      return (await partOf(store, 'challenges').spend(hash, challenge.expiresAt, now)) ? challenge : null;
    },
  };
}

function macOf(key: Uint8Array, body: Uint8Array, browser: Uint8Array): Uint8Array {
  return keyedHash(key, Buffer.concat([Buffer.from('mac'), body, browser])).subarray(0, MAC_BYTES);
}

function signedValueOf(key: Uint8Array, body: Uint8Array, browser: Uint8Array): string {
  return encode(keyedHash(key, Buffer.concat([Buffer.from('value'), body, browser])));
}

function endOf(body: Buffer): number {
  return Number(body.readBigUInt64BE(RANDOM_BYTES));
}
