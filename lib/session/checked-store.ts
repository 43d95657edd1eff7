import type { Emit } from '../events.js';
import { isPromise, type MaybePromise } from '../internal/maybe-promise.js';
import type { ApprovalRow, ApprovalStore } from '../stores/contract/approvals.js';
import type { AttemptStore } from '../stores/contract/attempts.js';
import type { ChallengeStore } from '../stores/contract/challenges.js';
import type { GrantStore } from '../stores/contract/grants.js';
import type { PasskeyStore } from '../stores/contract/passkeys.js';
import type { Claimable } from '../stores/contract/realm.js';
import type { RecoveryCodeStore } from '../stores/contract/recovery-codes.js';
import type {
  Delivery,
  EndedSession,
  InsertOutcome,
  ReplaceOutcome,
  SessionRow,
  SessionStore,
} from '../stores/contract/sessions.js';
import type { Store } from '../stores/contract/store.js';
import type { TotpStore } from '../stores/contract/totp.js';
import { claimFor } from './realm.js';

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
    if (cause instanceof DependencyError) return cause; // it has been reported
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

/**
 * The same store, with every operation watched by `call`, and none made before the store is known to belong to this
 * instance. It lacks `copy`: stepgate copies nothing. An operation is looked up when it is called, so that a store may
 * be patched, and called on its part, so that it may use `this`.
 */
export function createCheckedStore(store: Store, realm: string, call: StoreCall): Store {
  const runOn = (part: Claimable): StoreCall => {
    let isOurs = false;
    return (operation, work, isExpected) => {
      if (isOurs) return call(operation, work, isExpected);
      return call(
        operation,
        async () => {
          await claimFor(realm, part);
          isOurs = true;
          return work();
        },
        isExpected,
      );
    };
  };
  const { challenges, grants, approvals, attempts, passkeys, totp, recoveryCodes } = store;
  return {
    sessions: checkedSessions(store.sessions, runOn(store.sessions)),
    ...(challenges && { challenges: checkedChallenges(challenges, runOn(challenges)) }),
    ...(grants && { grants: checkedGrants(grants, runOn(grants)) }),
    ...(approvals && { approvals: checkedApprovals(approvals, runOn(approvals)) }),
    ...(attempts && { attempts: checkedAttempts(attempts, runOn(attempts)) }),
    ...(passkeys && { passkeys: checkedPasskeys(passkeys, runOn(passkeys)) }),
    ...(totp && { totp: checkedTotp(totp, runOn(totp)) }),
    ...(recoveryCodes && { recoveryCodes: checkedRecoveryCodes(recoveryCodes, runOn(recoveryCodes)) }),
  };
}

function checkedSessions(part: SessionStore, run: StoreCall): SessionStore {
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
    change: async (id, change, now, known) =>
      run(
        'sessions.change',
        () => part.change(id, change, now, known),
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

function checkedChallenges(part: ChallengeStore, run: StoreCall): ChallengeStore {
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

function checkedGrants(part: GrantStore, run: StoreCall): GrantStore {
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

function checkedApprovals(part: ApprovalStore, run: StoreCall): ApprovalStore {
  return {
    claim: (realm) => part.claim(realm),
    insert: async (row, now) => run('approvals.insert', () => part.insert(row, now), isOutcome),
    // A row that was found by mistake would let one request pass by what another was approved for.
    get: (id) =>
      run(
        'approvals.get',
        () => part.get(id),
        (row) => row === null || (isApproval(row) && row.id === id),
      ),
    listPending: (userId, now) =>
      run(
        'approvals.listPending',
        () => part.listPending(userId, now),
        (rows) =>
          Array.isArray(rows) && rows.every((row: ApprovalRow) => isApproval(row) && row.approvers.includes(userId)),
      ),
    change: async (id, change, now) =>
      run(
        'approvals.change',
        () => part.change(id, change, now),
        (answer) =>
          isOutcome(answer) && (answer.outcome === 'absent' || (isApproval(answer.row) && answer.row.id === id)),
      ),
    dropForSession: async (userId, sessionId) =>
      run('approvals.dropForSession', () => part.dropForSession(userId, sessionId), isAnything),
    dropForUser: async (userId, method) =>
      run('approvals.dropForUser', () => part.dropForUser(userId, method), isAnything),
    deleteExpired: async (now, limit) =>
      run('approvals.deleteExpired', () => part.deleteExpired(now, limit), Number.isInteger),
  };
}

function checkedAttempts(part: AttemptStore, run: StoreCall): AttemptStore {
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

function checkedPasskeys(part: PasskeyStore, run: StoreCall): PasskeyStore {
  return {
    claim: (realm) => part.claim(realm),
    isKeptElsewhere: part.isKeptElsewhere === true,
    insert: async (row, options) => run('passkeys.insert', () => part.insert(row, options), isText),
    find: (userId, id) => run('passkeys.find', () => part.find(userId, id), isObjectOrNull),
    findById: (id) => run('passkeys.findById', () => part.findById(id), isObjectOrNull),
    listForUser: (userId) => run('passkeys.listForUser', () => part.listForUser(userId), Array.isArray),
    use: async (use) => run('passkeys.use', () => part.use(use), isBoolean),
    rename: async (userId, id, label) => run('passkeys.rename', () => part.rename(userId, id, label), isObjectOrNull),
    remove: async (userId, id) => run('passkeys.remove', () => part.remove(userId, id), isBoolean),
    dropForUser: async (userId) => run('passkeys.dropForUser', () => part.dropForUser(userId), isAnything),
  };
}

function checkedTotp(part: TotpStore, run: StoreCall): TotpStore {
  return {
    claim: (realm) => part.claim(realm),
    find: (userId) => run('totp.find', () => part.find(userId), isObjectOrNull),
    findWaiting: (userId) => run('totp.findWaiting', () => part.findWaiting(userId), isObjectOrNull),
    begin: async (row) => run('totp.begin', () => part.begin(row), isAnything),
    put: async (row) => run('totp.put', () => part.put(row), isAnything),
    confirm: async (confirm) => run('totp.confirm', () => part.confirm(confirm), isText),
    useStep: async (use) => run('totp.useStep', () => part.useStep(use), isBoolean),
    remove: async (userId) => run('totp.remove', () => part.remove(userId), isBoolean),
  };
}

function checkedRecoveryCodes(part: RecoveryCodeStore, run: StoreCall): RecoveryCodeStore {
  return {
    claim: (realm) => part.claim(realm),
    replace: async (userId, hashes, now) =>
      run('recoveryCodes.replace', () => part.replace(userId, hashes, now), isAnything),
    take: async (userId, hash) => run('recoveryCodes.take', () => part.take(userId, hash), isBoolean),
    count: (userId) => run('recoveryCodes.count', () => part.count(userId), isObjectOrNull),
    dropForUser: async (userId) => run('recoveryCodes.dropForUser', () => part.dropForUser(userId), isAnything),
  };
}

// What a store answers is read whole: half a row could pass for a live session, or for somebody else's.

/** A row with everything that the contract puts into it. */
function isSessionRow(row: SessionRow): boolean {
  return (
    typeof row === 'object' &&
    row !== null &&
    isText(row.id) &&
    isText(row.userId) &&
    DELIVERIES.has(row.delivery) &&
    Number.isFinite(row.createdAt) &&
    Number.isFinite(row.authenticatedAt) &&
    Number.isFinite(row.lastSeenAt) &&
    Number.isFinite(row.idleExpiresAt) &&
    Number.isFinite(row.expiresAt) &&
    isTextOrNull(row.userAgent) &&
    isTextOrNull(row.ip) &&
    isTextOrNull(row.label) &&
    isJson(row.data) &&
    isText(row.tokenHash) &&
    isTextOrNull(row.previousTokenHash) &&
    isTextOrNull(row.tokenNonce) &&
    isTextOrNull(row.tokenMethod) &&
    Number.isFinite(row.tokenIssuedAt) &&
    isTimeOrNull(row.tokenConfirmedAt) &&
    isTextOrNull(row.refreshHash) &&
    isTextOrNull(row.parentRefreshHash) &&
    isTextOrNull(row.refreshNonce) &&
    isTimeOrNull(row.refreshedAt) &&
    isTimeOrNull(row.refreshConfirmedAt) &&
    Array.isArray(row.amr) &&
    isTextOrNull(row.acr) &&
    Number.isInteger(row.generation) &&
    isListOf(row.passedMethods, isText) &&
    isTimes(row.signInProofs) &&
    isTimes(row.stepUpProofs) &&
    isTimeOrNull(row.idleLifetime) &&
    typeof row.persistent === 'boolean' &&
    typeof row.restricted === 'boolean' &&
    isImpersonatorOrNull(row.impersonator)
  );
}

/** What decides over the approval; the rest is shown only. */
function isApproval(row: ApprovalRow): boolean {
  return (
    typeof row === 'object' &&
    row !== null &&
    [row.id, row.tokenHash, row.actionDigest, row.status, row.asker?.kind, row.asker?.id, row.asker?.userId].every(
      isText,
    ) &&
    Array.isArray(row.approvers) &&
    [row.createdAt, row.expiresAt].every(Number.isFinite) &&
    typeof row.decision === 'object'
  );
}

function isListOf<T>(list: readonly T[], isItem: (item: T) => boolean): boolean {
  return Array.isArray(list) && (list as readonly T[]).every((item) => isItem(item)); // `isArray` forgets the type
}

function isEndedSession(ended: EndedSession): boolean {
  return typeof ended === 'object' && ended !== null && isText(ended.id) && isText(ended.userId);
}

function isEndedSessions(ended: readonly EndedSession[]): boolean {
  return isListOf(ended, isEndedSession);
}

function isInsertOutcome(answer: InsertOutcome): boolean {
  if (answer?.outcome !== 'inserted') return answer?.outcome === 'refused';
  return (answer.replaced === null || isEndedSession(answer.replaced)) && isEndedSessions(answer.evicted);
}

function isReplaceOutcome(answer: ReplaceOutcome): boolean {
  if (answer?.outcome !== 'replaced') return answer?.outcome === 'lost';
  return isSessionRow(answer.row) && isEndedSessions(answer.ended);
}

const DELIVERIES: ReadonlySet<Delivery> = new Set<Delivery>(['cookie', 'bearer', 'token-cookies']);

function isImpersonatorOrNull(value: SessionRow['impersonator']): boolean {
  if (value === null) return true;
  return typeof value === 'object' && isText(value.userId) && isText(value.sessionId) && isText(value.reason);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

function isTimeOrNull(value: unknown): boolean {
  return value === null || Number.isFinite(value);
}

function isTimes(value: object): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every(Number.isFinite);
}

/** What JSON can't have made; what is deeper in it is the app's own. */
function isJson(value: unknown): boolean {
  return value !== undefined && typeof value !== 'symbol' && typeof value !== 'function' && typeof value !== 'bigint';
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
