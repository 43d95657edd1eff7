import { randomBytes } from 'node:crypto';
import type { RoutedMethod } from '../../http/method-routes.js';
import { isTooYoung } from '../../internal/clock.js';
import type { Secret } from '../../internal/keys.js';
import { andThen } from '../../internal/maybe-promise.js';
import { hashTokenWithKey, type TokenHash } from '../../internal/tokens.js';
import type { RecoveryCodeStore } from '../../stores/contract/recovery-codes.js';
import { onlyMember, parseTypedCode } from '../answer.js';
import type { Method, MethodContext, MethodServices } from '../method.js';
import { recoveryCodeRoutes } from './routes.js';

export interface RecoveryCodeMethod extends RoutedMethod<'recovery-code'> {
  /** Makes the user's codes. They are shown this once; those of an older set are dead. */
  readonly generate: (context: MethodContext) => Promise<readonly string[]>;
  readonly remove: NonNullable<Method['remove']>;
}

const CODES = 10;
/** Of five bits each. ASVS 6.5.2 wants a slow hash under 112 bits; here nobody can search without the key. */
const CHARACTERS = 16;
/** Crockford's base32: no I, L, O and U, so that what is read wrongly can be read as meant. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * Ten codes to keep on paper for the day when everything else is lost, each good for once. They satisfy only rules that
 * name `'recovery-code'`, and the guard of the routes that change a user's methods.
 *
 * A code is shown as `XXXX-XXXX-XXXX-XXXX`, of the digits and the capital letters without I, L, O and U. Of what is
 * typed, at most 64 characters, dashes, spaces and line ends of every kind are left out wherever they are, the digits of
 * all scripts are digits, small letters are capitals, O is 0, and I and L are 1; anything else is malformed.
 *
 * The store keeps a keyed hash of each. Codes stay good for as long as the secret they were made with is in `secret`.
 */
export function recoveryCode(): RecoveryCodeMethod {
  const method: RecoveryCodeMethod = {
    name: 'recovery-code',
    acr: null,
    // RFC 8176: `otp` is a one-time password in RFC 4949's sense, one that is used only once; TOTP is but an example.
    amr: ['otp'],
    guessable: true,
    oneTime: true,
    needs: ['recoveryCodes'],
    field: { member: 'code', label: 'Recovery code', type: 'text', autocomplete: 'off' },
    enrolled: ({ services, userId }) => andThen(codesOf(services).count(userId), (codes) => codes !== null),
    async verify({ services, userId, response, challenge, now }) {
      const code = parseCode(onlyMember(response, 'code'));
      if (code === null) return { outcome: 'failed', reason: 'malformed' };
      const codes = codesOf(services);
      const set = await codes.count(userId);
      if (set === null) return { outcome: 'failed', reason: 'unknown-credential' };
      if (isTooYoung(set.createdAt, { challenge, now }))
        return { outcome: 'failed', reason: 'enrolled-after-challenge' };
      for (const secret of services.secrets) {
        if (await codes.take(userId, hashOf(secret, userId, code))) return { outcome: 'verified' };
      }
      return { outcome: 'failed', reason: 'rejected' };
    },
    async generate({ services, userId, now }) {
      const codes = Array.from({ length: CODES }, newCode);
      const hashes = codes.map((code) => hashOf(services.secrets[0], userId, code));
      await codesOf(services).replace(userId, hashes, now);
      return codes.map((code) => code.replace(/.{4}(?=.)/g, '$&-'));
    },
    async remove({ services, userId }, id) {
      const codes = codesOf(services);
      if (id !== null || (await codes.count(userId)) === null) return false; // a single code has no id
      await codes.dropForUser(userId);
      return true;
    },
    routes: (services) => recoveryCodeRoutes(method, services),
  };
  return method;
}

/** 32 letters divide 256, so that each is as likely as the others. */
function newCode(): string {
  return Array.from(randomBytes(CHARACTERS), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

/** The code that was typed, without what is there for the eye; null for anything that can't be one. */
function parseCode(typed: unknown): string | null {
  const given = parseTypedCode(typed);
  // ASCII first: other scripts have letters whose capitals are these.
  if (given === null || !/^[0-9A-Za-z]*$/.test(given)) return null;
  const code = given.toUpperCase().replace(/O/g, '0').replace(/[IL]/g, '1');
  return code.length === CHARACTERS && !code.includes('U') ? code : null;
}

/** The user is in it, so that a row that is moved to another user is no code of theirs. */
function hashOf(secret: Secret, userId: string, code: string): TokenHash {
  return hashTokenWithKey(secret.key('recovery code'), Buffer.from(`${code}${userId}`));
}

/** The part that `needs` asks for. */
function codesOf({ store }: MethodServices): RecoveryCodeStore {
  if (store.recoveryCodes === undefined) throw new TypeError('The store has no recovery codes.');
  return store.recoveryCodes;
}
