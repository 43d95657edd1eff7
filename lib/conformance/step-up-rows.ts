import type { ChallengeRow, ChallengeStore } from '../stores/contract/challenges.js';
import type { GrantRow, TakeGrant } from '../stores/contract/grants.js';
import type { PasskeyInsert, PasskeyRow, PasskeyStore, PasskeyUse } from '../stores/contract/passkeys.js';
import type { ConfirmTotp, TotpRow, UseTotpStep } from '../stores/contract/totp.js';
import { assert } from './assert.js';
import { HOUR, MINUTE, NOW } from './setting.js';

/** A live challenge of `session`, which is of `user`. */
export function challengeRow(row: Partial<ChallengeRow> & { readonly id: string }): ChallengeRow {
  return {
    sessionId: 'session',
    userId: 'user',
    purpose: 'step-up',
    methods: ['passkey'],
    value: `value of ${row.id}`,
    actionDigest: null,
    actionMark: null,
    generation: 0,
    createdAt: NOW - MINUTE,
    expiresAt: NOW + MINUTE,
    ...row,
  };
}

/** A live grant of `session`, which is of `user`, for the action `pay`. */
export function grantRow(row: Partial<GrantRow> = {}): GrantRow {
  return {
    sessionId: 'session',
    userId: 'user',
    actionDigest: 'pay',
    challengeId: 'challenge',
    method: 'passkey',
    createdAt: NOW - MINUTE,
    expiresAt: NOW + MINUTE,
    ...row,
  };
}

/** The take of a `grantRow` at `NOW`, which marks the action for an hour. */
export function takeOf(take: Partial<TakeGrant> = {}): TakeGrant {
  const { actionDigest = 'pay' } = take;
  return {
    sessionId: 'session',
    userId: 'user',
    actionDigest,
    action: `action of ${actionDigest}`,
    markedUntil: NOW + HOUR,
    now: NOW,
    ...take,
  };
}

/** A passkey of `user` that was never used, and names no domain. */
export function passkeyRow(row: Partial<PasskeyRow> & { readonly id: string }): PasskeyRow {
  return {
    userId: 'user',
    rpID: null,
    userHandle: 'handle',
    publicKey: `key of ${row.id}`,
    counter: 0,
    backupEligible: false,
    backedUp: false,
    transports: [],
    label: null,
    createdAt: NOW - MINUTE,
    lastUsedAt: null,
    ...row,
  };
}

/** A passkey no field of which is null, empty, zero or false. */
export function usedPasskeyRow(row: Partial<PasskeyRow> & { readonly id: string }): PasskeyRow {
  return passkeyRow({
    rpID: 'app.example',
    counter: 7,
    backupEligible: true,
    backedUp: true,
    transports: ['internal', 'hybrid'],
    label: 'my phone',
    lastUsedAt: NOW - 5,
    ...row,
  });
}

/** The next use of a `usedPasskeyRow` named `a`. */
export const PASSKEY_USE: PasskeyUse = {
  userId: 'user',
  id: 'a',
  counter: 8,
  backedUp: true,
  usedAt: NOW,
  rpID: 'app.example',
  evenIfRegressed: false,
};

/** The TOTP of `user`, waiting for its first code. */
export function waitingTotp(row: Partial<TotpRow> = {}): TotpRow {
  return {
    userId: 'user',
    encryptedSecret: 'secret',
    createdAt: NOW - MINUTE,
    confirmedAt: null,
    lastStep: null,
    ...row,
  };
}

/** The TOTP of `user`, confirmed by the code of step 100. */
export function confirmedTotp(row: Partial<TotpRow> = {}): TotpRow {
  return waitingTotp({ confirmedAt: NOW, lastStep: 100, ...row });
}

/** The step that makes a `confirmedTotp` out of a `waitingTotp`. */
export const CONFIRM: ConfirmTotp = {
  userId: 'user',
  encryptedSecret: 'secret',
  step: 100,
  now: NOW,
  onlyIfNone: false,
  rpID: 'app.example',
};

/** The use of a step of a `confirmedTotp`, on a clock by which any last step may be right. */
export function useOf(step: number): UseTotpStep {
  return { userId: 'user', encryptedSecret: 'secret', renewed: 'secret', step, latest: Number.MAX_SAFE_INTEGER };
}

/** Inserts challenges under no cap that matters. */
export async function givenChallenges(challenges: ChallengeStore, ...rows: readonly ChallengeRow[]): Promise<void> {
  for (const row of rows) await challenges.insert(row, 1000);
}

/** Takes each of these challenges of a session, and gives the ids of those that were there and live at `now`. */
export async function takeAll(
  challenges: ChallengeStore,
  sessionId: string,
  ids: readonly string[],
  now: number = NOW,
): Promise<readonly string[]> {
  const taken = await Promise.all(ids.map((id) => challenges.take(sessionId, id, now)));
  return ids.filter((_id, index) => taken[index] !== null);
}

/** Under a cap that doesn't matter. */
export const ANY: PasskeyInsert = { onlyIfNone: false, max: 1000 };

/** The same, as the first of a user. */
export const FIRST: PasskeyInsert = { ...ANY, onlyIfNone: true };

/** Inserts passkeys that have to be there for a case. */
export async function givenPasskeys(passkeys: PasskeyStore, ...rows: readonly PasskeyRow[]): Promise<void> {
  for (const row of rows) assert.equal(await passkeys.insert(row, ANY), 'inserted');
}

/** How many of the answers are this one. */
export function countOf<T>(answers: readonly T[], answer: T): number {
  return answers.filter((each) => each === answer).length;
}
