import type { TokenHash } from '../../internal/tokens.js';

/*
 * The names of all keys. What stands in braces decides the slot in a cluster: a user's keys lie together, and a
 * session's challenges and grants. No step takes more than one key, though: while a slot is being moved its keys lie on
 * two servers, and a step that saw half of them would, for example, revoke only half of the sessions.
 *
 * A token or an id names no user. Its lookup says where to look: a field of a hash that many share, since a key of its own
 * would take three times the room. It is there before the step that makes it true, or comes with it, and is never
 * believed: the row is read and compared.
 */

/** The names of a store, which all begin with its prefix. */
export interface Keys {
  readonly prefix: string;
  /** How the rest is laid out: the number of it. */
  readonly layout: string;
  /** The realm of the instance that the store belongs to. */
  readonly realm: string;
  /** A user's sessions, a hash: rows by the names of their ids, and the not-before time. */
  sessionsOf(userId: string): string;
  attemptsOf(userId: string): string;
  /** What a user has spent grants for, a hash: when, and until when that is kept, by the action. */
  spentActionsOf(userId: string): string;
  /** Ids of a user's sessions that have such rows, scored by their end. */
  sessionsWith(part: SessionPart, userId: string): string;
  /** A session's rows of a part, a hash. */
  rowsOf(part: SessionPart, sessionId: string): string;
  /** Lookups of tokens that begin alike. */
  tokensIn(bucket: string): string;
  /** Lookups of session ids that begin alike. */
  idsIn(bucket: string): string;
  /** To the session's id: a challenge's id is there once in all sessions. */
  challengeLookup(id: string): string;
  spentMark(hash: TokenHash): string;
  /** All approvals, a hash. */
  readonly approvals: string;
  /** Ids of users with a not-before time, scored by it. */
  readonly usersWithNotBefore: string;
}

export type SessionPart = 'challenges' | 'grants';

export function keysOf(prefix: string): Keys {
  const ofUser = (userId: string, name: string): string => `${prefix}:{user:${nameOf(userId)}}${name}`;
  return {
    prefix,
    layout: `${prefix}:layout`,
    realm: `${prefix}:realm`,
    sessionsOf: (userId) => ofUser(userId, ''),
    attemptsOf: (userId) => ofUser(userId, ':attempts'),
    spentActionsOf: (userId) => ofUser(userId, ':spent-actions'),
    sessionsWith: (part, userId) => ofUser(userId, `:sessions-with-${part}`),
    rowsOf: (part, sessionId) => `${prefix}:{session:${nameOf(sessionId)}}:${part}`,
    tokensIn: (bucket) => `${prefix}:tokens:${bucket}`,
    idsIn: (bucket) => `${prefix}:sessions:${bucket}`,
    challengeLookup: (id) => `${prefix}:challenge:${id}`,
    spentMark: (hash) => `${prefix}:spent:${hash}`,
    approvals: `${prefix}:approvals`,
    usersWithNotBefore: `${prefix}:users-with-not-before`,
  };
}

/** Stands for an id in the names of keys and fields, and in lookups: no two are alike, and it holds no braces or blanks. */
export function nameOf(id: string): string {
  return encodeURIComponent(id);
}

export function idOf(name: string): string {
  return decodeURIComponent(name);
}

/** Whose a key is that names a user. */
export function userOf(key: string): string {
  return idOf(/\{user:(.*)\}/.exec(key)?.[1] ?? '');
}

/** In the hash of a user's sessions. No name of an id begins so. */
export const NOT_BEFORE = ':not-before';

/** Where a lookup is. */
export interface Slot {
  readonly bucket: string;
  readonly field: string;
}

/** Of a token 84 bits: enough to tell it from all others, and a lookup that led astray would find another token there. */
export function slotOfToken(token: TokenHash): Slot {
  return { bucket: token.slice(0, 2), field: token.slice(2, 14) };
}

/** Ids of two such characters and more lie by both, and all others by the first. */
export function slotOfName(name: string): Slot {
  const size = /^[\w-]{2}/.test(name) ? 2 : 1;
  return { bucket: name.slice(0, size), field: name.slice(size) };
}

const FIRST: readonly string[] = Array.from('-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz');

/** Every session's id lies in one of these, here in the order of their bytes; and every token. */
export const BUCKETS: readonly string[] = FIRST.flatMap((first) => [first, ...FIRST.map((next) => `${first}${next}`)]);
