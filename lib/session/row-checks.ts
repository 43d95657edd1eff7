import type { Delivery, EndedSession, InsertOutcome, ReplaceOutcome, SessionRow } from '../stores/contract/sessions.js';

// What a store answers is read whole: half a row could pass for a live session, or for somebody else's.

/** A row with everything that the contract puts into it. */
export function isSessionRow(row: SessionRow): boolean {
  return (
    typeof row === 'object' &&
    row !== null &&
    isText(row.id) &&
    isText(row.userId) &&
    DELIVERIES.has(row.delivery) &&
    isTime(row.createdAt) &&
    isTime(row.authenticatedAt) &&
    isTime(row.lastSeenAt) &&
    isTime(row.idleExpiresAt) &&
    isTime(row.expiresAt) &&
    isTextOrNull(row.userAgent) &&
    isTextOrNull(row.ip) &&
    isTextOrNull(row.label) &&
    isJson(row.data) &&
    isText(row.tokenHash) &&
    isTextOrNull(row.previousTokenHash) &&
    isTextOrNull(row.tokenNonce) &&
    isTextOrNull(row.tokenMethod) &&
    isTime(row.tokenIssuedAt) &&
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
    isImpersonatorOrNull(row.impersonator)
  );
}

export function isListOf<T>(list: readonly T[], isItem: (item: T) => boolean): boolean {
  return Array.isArray(list) && (list as readonly T[]).every((item) => isItem(item)); // `isArray` forgets the type
}

export function isEndedSession(ended: EndedSession): boolean {
  return typeof ended === 'object' && ended !== null && isText(ended.id) && isText(ended.userId);
}

export function isEndedSessions(ended: readonly EndedSession[]): boolean {
  return isListOf(ended, isEndedSession);
}

export function isInsertOutcome(answer: InsertOutcome): boolean {
  if (answer?.outcome !== 'inserted') return answer?.outcome === 'refused';
  return (answer.replaced === null || isEndedSession(answer.replaced)) && isEndedSessions(answer.evicted);
}

export function isReplaceOutcome(answer: ReplaceOutcome): boolean {
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

function isTime(value: unknown): boolean {
  return Number.isFinite(value);
}

function isTimeOrNull(value: unknown): boolean {
  return value === null || Number.isFinite(value);
}

function isTimes(value: object): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every(isTime);
}

/** What JSON can't have made; what is deeper in it is the app's own. */
function isJson(value: unknown): boolean {
  return value !== undefined && typeof value !== 'symbol' && typeof value !== 'function' && typeof value !== 'bigint';
}
