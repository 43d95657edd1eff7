import type { MaybePromise } from '../internal/maybe-promise.js';
import { SetupError } from '../internal/setup-error.js';
import { refuseUnknownKeys } from '../internal/unknown-keys.js';
import { onlyMember } from './answer.js';
import type { Method } from './method.js';

export interface PasswordOptions {
  /**
   * Whether this is the user's password: only `true` says so. Hash it slowly (argon2id, scrypt) and off the event loop.
   * The password has 1 to 1,024 characters. A throw, or no answer within twice `storeTimeout`, is a failed attempt.
   */
  readonly verify: (userId: string, password: string) => MaybePromise<boolean>;
  /** Whether the user has a password. @default everybody */
  readonly enrolled?: ((userId: string) => MaybePromise<boolean>) | undefined;
}

/** SP 800-63B-4 3.1.1.2 asks for at least 64; without a limit a client could keep the hash busy. */
const MAX_CHARACTERS = 1_024;

/** The password of the app's own users table. Throws a `SetupError` without `verify`. */
export function password(options: PasswordOptions): Method<'password'> {
  const { verify, enrolled = everybody } = read(options);
  return {
    name: 'password',
    acr: null,
    amr: ['pwd'],
    guessable: true,
    needs: [],
    field: { member: 'password', label: 'Password', type: 'password', autocomplete: 'current-password' },
    enrolled: ({ userId }) => enrolled(userId),
    async verify({ userId, response }) {
      const given = onlyMember(response, 'password');
      if (typeof given !== 'string' || given === '' || given.length > MAX_CHARACTERS) {
        return { outcome: 'failed', reason: 'malformed' };
      }
      const isRight: unknown = await verify(userId, given);
      // In JavaScript a `verify` may give the user it has found, or an error: neither is a yes.
      return isRight === true ? { outcome: 'verified' } : { outcome: 'failed', reason: 'rejected' };
    },
  };
}

function read(options: PasswordOptions): PasswordOptions {
  const given: Partial<PasswordOptions> | undefined = options; // in JavaScript it may be missing
  refuseUnknownKeys(given ?? {}, ['verify', 'enrolled'], 'password');
  for (const name of ['verify', 'enrolled'] as const) {
    const value = given?.[name];
    if (typeof value === 'function' || (name === 'enrolled' && value === undefined)) continue;
    throw new SetupError(
      `\`password.${name}\` must be a function.`,
      'Write `password({ verify: (userId, password) => … })`.',
    );
  }
  return options;
}

function everybody(): boolean {
  return true;
}
