import { SetupError } from '../internal/setup-error.js';

// RFC 6750, 3: neither a quote nor a backslash, so that nothing has to be escaped.
const TEXT = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/;
const WORD = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Why a step-up guard refuses. */
export type StepUpReason = 'missing' | 'expired' | 'spent';

const DESCRIPTIONS: Readonly<Record<StepUpReason, string>> = {
  missing: 'This request needs a further confirmation',
  expired: 'This request needs a newer confirmation',
  spent: 'This request needs a confirmation of its own',
};

/** The headers that say why a credential is missing or of no use. */
export interface WwwAuthenticate {
  readonly sessionRequired: string;
  readonly invalidToken: string;
}

/** Throws a `SetupError` for a realm that no header can carry. */
export function createWwwAuthenticate(realm: string): WwwAuthenticate {
  return { sessionRequired: noCredentialChallenge(realm), invalidToken: invalidTokenChallenge(realm) };
}

/** For a request without a credential, which gets no error code (RFC 6750, 3.1). Throws a `SetupError` for a realm that no header can carry. */
export function noCredentialChallenge(realm: string): string {
  return bearer([['realm', text(realm, 'realm')]]);
}

/** For a credential that is of no use, whatever the reason. Throws as `noCredentialChallenge` does. */
export function invalidTokenChallenge(realm: string): string {
  return bearer([
    ['realm', text(realm, 'realm')],
    ['error', 'invalid_token'],
    ['error_description', 'The session or access token is invalid, expired or revoked'],
  ]);
}

/**
 * For a live session without the proof that a guard asks for (RFC 9470, 3): the header of each reason, to be made with
 * the guard. `acrValues` come in order of preference, repeats are left out, and without any there is no such parameter;
 * `maxAge` is in milliseconds. Throws a `SetupError` for what no header can carry.
 */
export function stepUpChallenges(acrValues: readonly string[], maxAge: number): Readonly<Record<StepUpReason, string>> {
  const acrs = [...new Set(acrValues.map(word))].join(' ');
  const seconds = maxAge / 1_000;
  if (!Number.isSafeInteger(seconds) || seconds < 0) {
    throw new SetupError('A `maxAge` must be a whole number of seconds.', "Write for example 300 or '5m'.");
  }
  const challenge = (reason: StepUpReason): string =>
    bearer([
      ['error', 'insufficient_user_authentication'],
      ['error_description', DESCRIPTIONS[reason]],
      ...(acrs === '' ? [] : [['acr_values', acrs] as const]),
      ['max_age', String(seconds)],
    ]);
  return { missing: challenge('missing'), expired: challenge('expired'), spent: challenge('spent') };
}

function bearer(params: readonly (readonly [name: string, value: string])[]): string {
  return `Bearer ${params.map(([name, value]) => `${name}="${value}"`).join(', ')}`;
}

function text(value: string, name: string): string {
  if (TEXT.test(value)) return value;
  throw new SetupError(`\`${name}\` can't stand in a header.`, 'Use printable ASCII without quotes and backslashes.');
}

function word(acr: string): string {
  if (WORD.test(acr)) return acr;
  throw new SetupError(
    `The \`acr\` ${JSON.stringify(acr)} can't stand in a header.`,
    "Use printable ASCII without spaces, quotes and backslashes, such as 'phr'.",
  );
}
