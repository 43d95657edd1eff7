import assert from 'node:assert/strict';
import type { MethodContext, MethodOutcome } from '../../lib/methods/method.js';
import { type TotpSetup, totp } from '../../lib/methods/totp/index.js';
import { totpCode } from '../support/totp.js';

export const method = totp();

export const VERIFIED: MethodOutcome = { outcome: 'verified' };
export const WRONG: MethodOutcome = { outcome: 'failed', reason: 'rejected' };
export const REPLAYED: MethodOutcome = { outcome: 'failed', reason: 'replayed' };
export const MALFORMED: MethodOutcome = { outcome: 'failed', reason: 'malformed' };
export const UNKNOWN: MethodOutcome = { outcome: 'failed', reason: 'unknown-credential' };
export const TOO_YOUNG: MethodOutcome = { outcome: 'failed', reason: 'enrolled-after-challenge' };
/** What a row that can't be decrypted gives. */
export const UNREADABLE: MethodOutcome = { outcome: 'failed', reason: 'method-error' };

/** The outcome but for the credential, which the user must have where there is one. */
export async function verify(context: MethodContext, code: unknown): Promise<MethodOutcome> {
  return outcomeOf(context, await method.verify({ ...context, response: { code }, challenge: null }));
}

export async function outcomeOf(context: MethodContext, outcome: MethodOutcome): Promise<MethodOutcome> {
  if (outcome.outcome === 'failed') return outcome;
  const { credential, ...rest } = outcome;
  assert.ok(credential);
  assert.equal(await method.holds(context, credential), true);
  return rest;
}

/** Begins an enrolment that has to succeed. */
export async function begin(context: MethodContext): Promise<TotpSetup> {
  const begun = await method.enrolment.begin(context);
  assert.ok(begun.outcome === 'begun', begun.outcome);
  return begun;
}

/** Sets up Ada's TOTP ten minutes before `context.now`, so that no code of around then is used up; gives the secret. */
export async function enrol(context: MethodContext): Promise<string> {
  const earlier = { ...context, now: context.now - 600_000 };
  const { secret } = await begin(earlier);
  const confirmed = await method.enrolment.confirm(earlier, { code: totpCode(secret, earlier.now), onlyIfNone: true });
  assert.deepEqual(confirmed, { outcome: 'confirmed', replaced: false });
  return secret;
}
