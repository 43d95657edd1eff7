import { isBeyond } from '../internal/clock.js';
import { open, seal } from '../internal/sealed.js';
import { encode, hash, hashToken, newId } from '../internal/tokens.js';
import type { Services } from '../services.js';
import { partOf } from '../step-up/methods.js';
import type { SessionData } from '../stores/contract/session-data.js';
import type { Delivery } from '../stores/contract/sessions.js';

/** What a first factor has begun, as the app has said it. */
export interface PendingSignIn {
  /** Stands for a session where attempts are counted. */
  readonly id: string;
  readonly userId: string;
  readonly methods: readonly string[];
  /** When each of them was passed. */
  readonly times: Readonly<Record<string, number>>;
  /** The methods that complete it. */
  readonly completedBy: readonly string[];
  readonly delivery: Delivery;
  readonly label: string | null;
  readonly data: SessionData | null;
  readonly idleLifetime: number | null;
  readonly absoluteLifetime: number | null;
  readonly persistent: boolean;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/**
 * Sign-ins that wait for a second factor. Nothing is kept of them until one is used up: so they fill no store, and end
 * no session. The value is encrypted, since what the app says of a sign-in isn't for the client's eyes.
 */
export interface PendingSignIns {
  /** `browser`: the secret of the browser's short-lived cookie, without which it can't be used; null: bound to none. */
  issue(
    signIn: Omit<PendingSignIn, 'id' | 'createdAt' | 'expiresAt'>,
    browser: Uint8Array | null,
  ): { readonly value: string; readonly expiresAt: number };
  /** Null for a forgery, one of another browser, and one that has expired. */
  open(value: unknown, browser: Uint8Array | null): PendingSignIn | null;
  /** Uses it up: true for the first call, false for every other. */
  spend(value: string, signIn: PendingSignIn): Promise<boolean>;
}

const LIFETIME = 5 * 60_000;
const MAX_LENGTH = 32_768;

export function createPendingSignIns({
  store,
  secrets,
  clock,
}: Pick<Services, 'store' | 'secrets' | 'clock'>): PendingSignIns {
  const sealOf = (browser: Uint8Array | null) =>
    ({ purpose: 'pending sign-in', boundTo: browser === null ? '' : encode(hash(browser)) }) as const;

  return {
    issue(signIn, browser) {
      const createdAt = clock.now();
      const expiresAt = createdAt + LIFETIME;
      const { userId, methods, times, completedBy, delivery, label, data } = signIn;
      const { idleLifetime, absoluteLifetime, persistent } = signIn;
      const lives = { idleLifetime, absoluteLifetime, persistent, createdAt, expiresAt };
      const pending: PendingSignIn = {
        id: newId(),
        userId,
        methods,
        times,
        completedBy,
        delivery,
        label,
        data,
        ...lives,
      };
      return { value: seal(Buffer.from(JSON.stringify(pending)), sealOf(browser), secrets), expiresAt };
    },
    open(value, browser) {
      if (typeof value !== 'string' || value.length > MAX_LENGTH) return null;
      // Each is tried: with `bearer` there is no cookie, though the browser may have one of another sign-in.
      const bytes = open(value, sealOf(null), secrets) ?? (browser && open(value, sealOf(browser), secrets));
      if (bytes === null) return null;
      const pending = JSON.parse(Buffer.from(bytes).toString()) as PendingSignIn; // as `issue` wrote it
      const now = clock.now();
      return now >= pending.expiresAt || isBeyond(pending.expiresAt, LIFETIME, now) ? null : pending;
    },
    spend: (value, { expiresAt }) =>
      partOf(store, 'challenges').spend(hashToken(Buffer.from(value)), expiresAt, clock.now()),
  };
}
