import type { MaybePromise } from '../internal/maybe-promise.js';
import type { ApprovalRow, ApprovalStore } from '../stores/contract/approvals.js';
import type { AttemptStore } from '../stores/contract/attempts.js';
import type { ChallengeStore } from '../stores/contract/challenges.js';
import type { GrantStore } from '../stores/contract/grants.js';
import type { PasskeyStore } from '../stores/contract/passkeys.js';
import type { RecoveryCodeStore } from '../stores/contract/recovery-codes.js';
import type { TotpStore } from '../stores/contract/totp.js';

// The parts of a checked store (checked-store.ts) that only some methods and rules need.

/** Runs one operation of a part, once the part is known to be ours, and looks at its answer. */
export type RunOperation = <T>(
  operation: string,
  work: () => MaybePromise<T>,
  isExpected: (answer: T) => boolean,
) => MaybePromise<T>;

export function checkedChallenges(part: ChallengeStore, run: RunOperation): ChallengeStore {
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

export function checkedGrants(part: GrantStore, run: RunOperation): GrantStore {
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

export function checkedApprovals(part: ApprovalStore, run: RunOperation): ApprovalStore {
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

export function checkedAttempts(part: AttemptStore, run: RunOperation): AttemptStore {
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

export function checkedPasskeys(part: PasskeyStore, run: RunOperation): PasskeyStore {
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

export function checkedTotp(part: TotpStore, run: RunOperation): TotpStore {
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

export function checkedRecoveryCodes(part: RecoveryCodeStore, run: RunOperation): RecoveryCodeStore {
  return {
    claim: (realm) => part.claim(realm),
    replace: async (userId, hashes, now) =>
      run('recoveryCodes.replace', () => part.replace(userId, hashes, now), isAnything),
    take: async (userId, hash) => run('recoveryCodes.take', () => part.take(userId, hash), isBoolean),
    count: (userId) => run('recoveryCodes.count', () => part.count(userId), isObjectOrNull),
    dropForUser: async (userId) => run('recoveryCodes.dropForUser', () => part.dropForUser(userId), isAnything),
  };
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

function isText(answer: string): boolean {
  return typeof answer === 'string';
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
