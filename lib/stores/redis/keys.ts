import type { TokenHash } from '../../internal/token-hash.js';

/*
 * The names of all keys. What stands in braces decides the slot in a cluster: a user's keys lie together, and a
 * session's challenges and grants. No step takes more than one key, though: while a slot is being moved its keys lie on
 * two servers, and a step that saw half of them would, for example, revoke only half of the sessions.
 *
 * A token or an id names no user. Its hint says where to look; it is written before the step that makes it true, and is
 * never believed: the row is read and compared.
 */

/** Stands for an id in the names of keys and in hints: no two are alike, and it holds neither braces nor blanks. */
export function nameOf(id: string): string {
  return encodeURIComponent(id);
}

/** A user's sessions, a hash: rows by their ids, and the not-before time. */
export function sessionsOf(userId: string): string {
  return `stepgate:{user:${nameOf(userId)}}:sessions`;
}

/** In the hash of a user's sessions. No id begins so. */
export const NOT_BEFORE = ':not-before';

export function attemptsOf(userId: string): string {
  return `stepgate:{user:${nameOf(userId)}}:attempts`;
}

/** Whose a key is that names a user. */
export function userOf(key: string): string {
  return decodeURIComponent(/\{user:(.*)\}/.exec(key)?.[1] ?? '');
}

export type SessionPart = 'challenges' | 'grants';

/** Ids of a user's sessions that have such rows, scored by their end. */
export function sessionsWith(part: SessionPart, userId: string): string {
  return `stepgate:{user:${nameOf(userId)}}:sessions-with-${part}`;
}

/** A session's rows of a part, a hash. */
export function rowsOf(part: SessionPart, sessionId: string): string {
  return `stepgate:{session:${nameOf(sessionId)}}:${part}`;
}

/** To the user's and the session's id. */
export function tokenHint(token: TokenHash): string {
  return `stepgate:token:${token}`;
}

/** To the user's id and the absolute end. */
export function idHint(id: string): string {
  return `stepgate:id:${id}`;
}

/** To the session's id: a challenge's id is there once in all sessions. */
export function challengeHint(id: string): string {
  return `stepgate:challenge:${id}`;
}

export function spentMark(hash: TokenHash): string {
  return `stepgate:spent:${hash}`;
}

/** Ids of users with a not-before time, scored by it. */
export const USERS_WITH_NOT_BEFORE = 'stepgate:users-with-not-before';

/** Every session's id begins with one of these, here in the order of their bytes. */
export const SHARDS: readonly string[] = Array.from('-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz');

/** Session ids that begin alike, in the order of their bytes. */
export function idsIn(shard: string): string {
  return `stepgate:ids:${shard}`;
}

/** The same ids, scored by an end of their sessions; where it has slid since, `deleteExpired` corrects it. */
export function endsIn(shard: string): string {
  return `stepgate:ends:${shard}`;
}
