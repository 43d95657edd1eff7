import type { Emit } from '../events.js';
import { isPromise, type MaybePromise } from '../internal/maybe-promise.js';
import type { AttemptStore } from '../stores/contract/attempts.js';
import type { ChallengeStore } from '../stores/contract/challenges.js';
import type { GrantStore } from '../stores/contract/grants.js';
import type { PasskeyStore } from '../stores/contract/passkeys.js';
import type { Claimable } from '../stores/contract/realm.js';
import type { RecoveryCodeStore } from '../stores/contract/recovery-codes.js';
import type { SessionStore } from '../stores/contract/sessions.js';
import type { Store } from '../stores/contract/store.js';
import type { TotpStore } from '../stores/contract/totp.js';
import type { Claims } from './realm.js';
import {
  isEndedSession,
  isEndedSessions,
  isInsertOutcome,
  isListOf,
  isReplaceOutcome,
  isSessionRow,
} from './row-checks.js';

/** The store threw, rejected, hung past the timeout or answered with something that isn't in its contract. */
export class DependencyError extends Error {
  override readonly name = 'DependencyError';

  constructor(operation: string, cause: unknown) {
    super(`The store failed at ${operation}.`, { cause });
  }
}

/** Runs something that may fail as a store may: every failure becomes a `DependencyError` and a `dependency.failed` event. */
export type StoreCall = <T>(
  operation: string,
  run: () => MaybePromise<T>,
  isExpected: (answer: T) => boolean,
) => MaybePromise<T>;

export function createStoreCall(timeout: number, emit: Emit): StoreCall {
  const fault = (operation: string, cause: unknown): DependencyError => {
    if (cause instanceof DependencyError) return cause; // it has been told
    emit({ type: 'dependency.failed', operation, error: cause });
    return new DependencyError(operation, cause);
  };
  const garbage = (operation: string): DependencyError =>
    fault(operation, new TypeError('The answer is not in the contract of the store.'));
  return (operation, run, isExpected) => {
    let answer: ReturnType<typeof run>;
    try {
      answer = run();
    } catch (error) {
      throw fault(operation, error);
    }
    if (!isPromise(answer)) {
      if (isExpected(answer)) return answer;
      throw garbage(operation);
    }
    return withTimeout(answer, timeout).then(
      (value) => {
        if (isExpected(value)) return value;
        throw garbage(operation);
      },
      (error: unknown) => {
        throw fault(operation, error);
      },
    );
  };
}

const MAX_TIMER = 2 ** 31 - 1; // a longer one would fire at once

/** Rejects when the promise takes longer than `timeout` milliseconds; what it does later is nobody's concern. */
export function withTimeout<T>(promise: Promise<T>, timeout: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`No answer within ${timeout} ms.`)), Math.min(timeout, MAX_TIMER));
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** A call of one operation, once the part is known to be ours. */
type Run = <T>(operation: string, work: () => MaybePromise<T>, isExpected: (answer: T) => boolean) => MaybePromise<T>;

/**
 * The same store, with every operation watched by `call`, and none made before the store is known to belong to this
 * kit. It lacks `copy`: the kit copies nothing. An operation is looked up when it is called, so that a store may be
 * patched, and called on its part, so that it may use `this`.
 */
export function createCheckedStore(store: Store, claims: Claims, call: StoreCall): Store {
  const runOn =
    (part: Claimable): Run =>
    (operation, work, isExpected) => {
      if (claims.isOurs(part)) return call(operation, work, isExpected);
      return call(
        operation,
        async () => {
          await claims.claim(part);
          return work();
        },
        isExpected,
      );
    };
  const { challenges, grants, attempts, passkeys, totp, recoveryCodes } = store;
  return {
    sessions: checkedSessions(store.sessions, runOn(store.sessions)),
    ...(challenges && { challenges: checkedChallenges(challenges, runOn(challenges)) }),
    ...(grants && { grants: checkedGrants(grants, runOn(grants)) }),
    ...(attempts && { attempts: checkedAttempts(attempts, runOn(attempts)) }),
    ...(passkeys && { passkeys: checkedPasskeys(passkeys, runOn(passkeys)) }),
    ...(totp && { totp: checkedTotp(totp, runOn(totp)) }),
    ...(recoveryCodes && { recoveryCodes: checkedRecoveryCodes(recoveryCodes, runOn(recoveryCodes)) }),
  };
}

function checkedSessions(part: SessionStore, run: Run): SessionStore {
  return {
    claim: (realm) => part.claim(realm),
    insert: async (insert) => run('sessions.insert', () => part.insert(insert), isInsertOutcome),
    find: (hash) =>
      // A row that was found by mistake would let its user in with somebody else's token.
      run(
        'sessions.find',
        () => part.find(hash),
        (row) => row === null || (isSessionRow(row) && (row.tokenHash === hash || row.previousTokenHash === hash)),
      ),
    get: (id) =>
      run(
        'sessions.get',
        () => part.get(id),
        (row) => row === null || (isSessionRow(row) && row.id === id),
      ),
    listForUser: (list) =>
      run(
        'sessions.listForUser',
        () => part.listForUser(list),
        (rows) => isListOf(rows, (row) => isSessionRow(row) && row.userId === list.userId),
      ),
    list: (list) =>
      run(
        'sessions.list',
        () => part.list(list),
        (rows) => isListOf(rows, isSessionRow),
      ),
    revoke: async (id, userId) =>
      run(
        'sessions.revoke',
        () => part.revoke(id, userId),
        (ended) => ended === null || isEndedSession(ended),
      ),
    revokeAllForUser: async (userId, except, notBefore) =>
      run('sessions.revokeAllForUser', () => part.revokeAllForUser(userId, except, notBefore), isEndedSessions),
    touch: async (touches, now) => run('sessions.touch', () => part.touch(touches, now), isAnything),
    change: async (id, change, now) =>
      run(
        'sessions.change',
        () => part.change(id, change, now),
        (row) => row === null || (isSessionRow(row) && row.id === id),
      ),
    changeAllOfUser: async (userId, change, now) =>
      run('sessions.changeAllOfUser', () => part.changeAllOfUser(userId, change, now), isAnything),
    replaceCredentials: async (id, change, now) =>
      run('sessions.replaceCredentials', () => part.replaceCredentials(id, change, now), isReplaceOutcome),
    deleteExpired: async (now, notBefore, limit) =>
      run('sessions.deleteExpired', () => part.deleteExpired(now, notBefore, limit), Number.isInteger),
  };
}

function checkedChallenges(part: ChallengeStore, run: Run): ChallengeStore {
  return {
    claim: (realm) => part.claim(realm),
    insert: async (row, max) => run('challenges.insert', () => part.insert(row, max), isAnything),
    take: async (sessionId, id, now) => run('challenges.take', () => part.take(sessionId, id, now), isObjectOrNull),
    dropForSession: async (id) => run('challenges.dropForSession', () => part.dropForSession(id), isAnything),
    dropForUser: async (userId) => run('challenges.dropForUser', () => part.dropForUser(userId), isAnything),
    spend: async (hash, expiresAt, now) => run('challenges.spend', () => part.spend(hash, expiresAt, now), isBoolean),
    deleteExpired: async (now, limit) =>
      run('challenges.deleteExpired', () => part.deleteExpired(now, limit), Number.isInteger),
  };
}

function checkedGrants(part: GrantStore, run: Run): GrantStore {
  return {
    claim: (realm) => part.claim(realm),
    insert: async (row) => run('grants.insert', () => part.insert(row), isAnything),
    take: async (take) => run('grants.take', () => part.take(take), isOutcome),
    dropForChallenge: async (sessionId, id) =>
      run('grants.dropForChallenge', () => part.dropForChallenge(sessionId, id), isAnything),
    dropForSession: async (id) => run('grants.dropForSession', () => part.dropForSession(id), isAnything),
    dropForUser: async (userId, method) =>
      run('grants.dropForUser', () => part.dropForUser(userId, method), isAnything),
    deleteExpired: async (now, limit) =>
      run('grants.deleteExpired', () => part.deleteExpired(now, limit), Number.isInteger),
  };
}

function checkedAttempts(part: AttemptStore, run: Run): AttemptStore {
  return {
    claim: (realm) => part.claim(realm),
    read: (userId, keys, now) => run('attempts.read', () => part.read(userId, keys, now), Array.isArray),
    count: async (userId, counters, now) => run('attempts.count', () => part.count(userId, counters, now), isOutcome),
    reset: async (userId, reset) => run('attempts.reset', () => part.reset(userId, reset), isAnything),
    dropForUser: async (userId) => run('attempts.dropForUser', () => part.dropForUser(userId), isAnything),
    deleteExpired: async (now, limit) =>
      run('attempts.deleteExpired', () => part.deleteExpired(now, limit), Number.isInteger),
  };
}

function checkedPasskeys(part: PasskeyStore, run: Run): PasskeyStore {
  return {
    claim: (realm) => part.claim(realm),
    insert: async (row, options) =>
      run(
        'passkeys.insert',
        () => part.insert(row, options),
        (answer) => typeof answer === 'string',
      ),
    find: (userId, id) => run('passkeys.find', () => part.find(userId, id), isObjectOrNull),
    findById: (id) => run('passkeys.findById', () => part.findById(id), isObjectOrNull),
    listForUser: (userId) => run('passkeys.listForUser', () => part.listForUser(userId), Array.isArray),
    use: async (use) => run('passkeys.use', () => part.use(use), isBoolean),
    rename: async (userId, id, label) => run('passkeys.rename', () => part.rename(userId, id, label), isObjectOrNull),
    remove: async (userId, id) => run('passkeys.remove', () => part.remove(userId, id), isBoolean),
    dropForUser: async (userId) => run('passkeys.dropForUser', () => part.dropForUser(userId), isAnything),
  };
}

function checkedTotp(part: TotpStore, run: Run): TotpStore {
  return {
    claim: (realm) => part.claim(realm),
    find: (userId) => run('totp.find', () => part.find(userId), isObjectOrNull),
    begin: async (row) => run('totp.begin', () => part.begin(row), isBoolean),
    put: async (row) => run('totp.put', () => part.put(row), isAnything),
    confirm: async (confirm) => run('totp.confirm', () => part.confirm(confirm), isBoolean),
    useStep: async (use) => run('totp.useStep', () => part.useStep(use), isBoolean),
    remove: async (userId) => run('totp.remove', () => part.remove(userId), isBoolean),
  };
}

function checkedRecoveryCodes(part: RecoveryCodeStore, run: Run): RecoveryCodeStore {
  return {
    claim: (realm) => part.claim(realm),
    replace: async (userId, hashes, now) =>
      run('recoveryCodes.replace', () => part.replace(userId, hashes, now), isAnything),
    take: async (userId, hash) => run('recoveryCodes.take', () => part.take(userId, hash), isBoolean),
    count: (userId) => run('recoveryCodes.count', () => part.count(userId), isObjectOrNull),
    dropForUser: async (userId) => run('recoveryCodes.dropForUser', () => part.dropForUser(userId), isAnything),
  };
}

function isObjectOrNull(answer: object | null): boolean {
  return typeof answer === 'object';
}

function isOutcome(answer: { readonly outcome: string }): boolean {
  return typeof answer?.outcome === 'string';
}

function isBoolean(answer: boolean): boolean {
  return typeof answer === 'boolean';
}

/** For operations that answer nothing. */
function isAnything(): boolean {
  return true;
}
