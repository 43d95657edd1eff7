import type { TokenHash } from '../../internal/tokens.js';

/*
 * The names of all keys. What stands in braces decides the slot in a cluster: a user's keys lie together, and a
 * session's challenges and grants. No step takes more than one key, though: while a slot is being moved its keys lie on
 * two servers, and a step that saw half of them would, for example, revoke only half of the sessions.
 *
 * A token or an id names no user. Its lookup key says where to look; it is written before the step that makes it true, and is
 * never believed: the row is read and compared.
 */

/** The names of a store, which all begin with its prefix. */
export interface Keys {
  /** The realm of the kit that the store belongs to. */
  readonly realm: string;
  /** A user's sessions, a hash: rows by their ids, and the not-before time. */
  sessionsOf(userId: string): string;
  attemptsOf(userId: string): string;
  /** What a user has spent grants for, a hash: when, and until when that is kept, by the action. */
  spentActionsOf(userId: string): string;
  /** Ids of a user's sessions that have such rows, scored by their end. */
  sessionsWith(part: SessionPart, userId: string): string;
  /** A session's rows of a part, a hash. */
  rowsOf(part: SessionPart, sessionId: string): string;
  /** To the user's and the session's id. */
  tokenLookup(token: TokenHash): string;
  /** To the user's id and the absolute end. */
  idLookup(id: string): string;
  /** To the session's id: a challenge's id is there once in all sessions. */
  challengeLookup(id: string): string;
  spentMark(hash: TokenHash): string;
  /** All approvals, a hash. */
  readonly approvals: string;
  /** Ids of users with a not-before time, scored by it. */
  readonly usersWithNotBefore: string;
  /** Session ids that begin alike, in the order of their bytes. */
  idsIn(shard: string): string;
  /** The same ids, scored by an end of their sessions; where it has slid since, `deleteExpired` corrects it. */
  endsIn(shard: string): string;
}

export type SessionPart = 'challenges' | 'grants';

export function keysOf(prefix: string): Keys {
  const ofUser = (userId: string, name: string): string => `${prefix}:{user:${nameOf(userId)}}:${name}`;
  return {
    realm: `${prefix}:realm`,
    sessionsOf: (userId) => ofUser(userId, 'sessions'),
    attemptsOf: (userId) => ofUser(userId, 'attempts'),
    spentActionsOf: (userId) => ofUser(userId, 'spent-actions'),
    sessionsWith: (part, userId) => ofUser(userId, `sessions-with-${part}`),
    rowsOf: (part, sessionId) => `${prefix}:{session:${nameOf(sessionId)}}:${part}`,
    tokenLookup: (token) => `${prefix}:token:${token}`,
    idLookup: (id) => `${prefix}:id:${id}`,
    challengeLookup: (id) => `${prefix}:challenge:${id}`,
    spentMark: (hash) => `${prefix}:spent:${hash}`,
    approvals: `${prefix}:approvals`,
    usersWithNotBefore: `${prefix}:users-with-not-before`,
    idsIn: (shard) => `${prefix}:ids:${shard}`,
    endsIn: (shard) => `${prefix}:ends:${shard}`,
  };
}

/** Stands for an id in the names of keys and in lookup keys: no two are alike, and it holds neither braces nor blanks. */
export function nameOf(id: string): string {
  return encodeURIComponent(id);
}

/** Whose a key is that names a user. */
export function userOf(key: string): string {
  return decodeURIComponent(/\{user:(.*)\}/.exec(key)?.[1] ?? '');
}

/** In the hash of a user's sessions. No id begins so. */
export const NOT_BEFORE = ':not-before';

/** Every session's id begins with one of these, here in the order of their bytes. */
export const SHARDS: readonly string[] = Array.from('-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz');
