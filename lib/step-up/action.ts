import { hash } from '../internal/tokens.js';

/** What is done, whoever's session asks for it and however it is confirmed. */
export interface Action {
  readonly userId: string;
  readonly httpMethod: string;
  /** The raw URL as it was sent, query included. */
  readonly url: string;
  /** From `parsePayload`, or null. */
  readonly payload: unknown;
}

/** Who confirms, and the kind of who asks, with its id: other kinds must never come out alike. */
export type Parties = readonly [approver: 'self' | 'user' | 'others', kind: 'session' | 'api-key', id: string];

/** What a confirmation is for, beside the action: this instance, for this asker, by one of these methods. */
export interface ActionContext {
  readonly realm: string;
  readonly parties: Parties;
  readonly methods: readonly string[];
}

export type ParsePayloadOutcome =
  | { readonly outcome: 'read'; readonly payload: unknown }
  /** `at`: where in the payload. */
  | { readonly outcome: 'incomplete'; readonly at: string; readonly problem: string };

const MAX_DEPTH = 16;

/**
 * A deep-frozen copy of what `bind` gave: nothing that the app still holds can change it. Only what has one canonical
 * form is taken, and one that JSON has, too: null, booleans, finite numbers, well-formed strings, arrays and plain
 * objects of them.
 */
export function parsePayload(value: unknown): ParsePayloadOutcome {
  try {
    return { outcome: 'read', payload: copy(value, 'payload', 0) };
  } catch (error) {
    if (error instanceof Incomplete) return { outcome: 'incomplete', at: error.at, problem: error.message };
    throw error;
  }
}

/** The digest of what is to be confirmed, base64url: equal for equal actions in equal contexts only. */
export function actionDigest(action: Action, { realm, parties, methods }: ActionContext): string {
  const { userId, httpMethod, url, payload } = action;
  return digest(['stepgate action v2', realm, parties, [...methods].sort(), userId, httpMethod, url, payload]);
}

/**
 * The same with the session's generation, under which a grant is kept: what was granted before a refresh is another
 * action's after it.
 */
export function grantDigest(action: string, generation: number): string {
  return digest(['stepgate grant v1', action, generation]);
}

/** What somebody else is asked to approve: the action's digest, and all else that must not change until it is done. */
export interface AskedAction {
  readonly action: string;
  readonly summary: string;
  /** The whole parsed body, from `parsePayload`. */
  readonly body: unknown;
}

/** The digest by which it is known that the same is asked for again. */
export function askedDigest({ action, summary, body }: AskedAction): string {
  return digest(['stepgate asked v1', action, summary, body]);
}

/** The same for one approval alone: the asker's token takes the place of a session's generation. */
export function approvalDigest(asked: string, tokenHash: string): string {
  return digest(['stepgate approval v1', asked, tokenHash]);
}

/** What an approver's challenge is for: this approval, and nothing else. */
export function approvingDigest(id: string, approval: string): string {
  return digest(['stepgate approving v1', id, approval]);
}

/** The digest of the action alone: it tells that this was done before, whatever has changed since. */
export function actionMark({ userId, httpMethod, url, payload }: Action): string {
  return digest(['stepgate done v1', userId, httpMethod, url, payload]);
}

function digest(parts: readonly unknown[]): string {
  return Buffer.from(hash(encode(parts))).toString('base64url');
}

class Incomplete extends Error {
  readonly at: string;

  constructor(at: string, problem: string) {
    super(problem);
    this.at = at;
  }
}

function copy(value: unknown, at: string, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new Incomplete(at, 'is nested too deeply');
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'bigint':
      throw new Incomplete(at, 'is a bigint, which JSON has not (write `String(…)`)');
    case 'number':
      if (Number.isFinite(value)) return value;
      throw new Incomplete(at, `is ${value}`);
    case 'string':
      if (isWellFormed(value)) return value;
      throw new Incomplete(at, 'is not well-formed text');
    case 'object':
      return value === null ? null : Object.freeze(copyObject(value, at, depth));
    case 'undefined':
    case 'function':
    case 'symbol':
      throw new Incomplete(at, value === undefined ? 'is undefined' : `is a ${typeof value}`);
  }
}

function copyObject(value: object, at: string, depth: number): object {
  if (Array.isArray(value)) return Array.from(value, (item, index) => copy(item, `${at}[${index}]`, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    throw new Incomplete(at, 'is not a plain object');
  if (Object.getOwnPropertySymbols(value).length > 0) throw new Incomplete(at, 'has a symbol as a key');
  const entries = Object.entries(value).map(([key, item]) => {
    if (!isWellFormed(key)) throw new Incomplete(at, 'has a key that is not well-formed text');
    return [key, copy(item, `${at}.${key}`, depth + 1)] as const;
  });
  return Object.fromEntries(entries);
}

/** Two lone surrogates would have the same bytes in UTF-8. */
function isWellFormed(text: string): boolean {
  return Buffer.from(text, 'utf8').toString('utf8') === text;
}

/**
 * Canonical and unambiguous: each value begins with its type, whatever has a length says it before, and the keys of an
 * object are in order. So `10` is not `"10"`, and no two values share an encoding.
 */
function encode(value: unknown): Buffer {
  if (typeof value === 'string') return tagged('s', Buffer.from(value, 'utf8'));
  // The shortest form that reads back as the same number; -0 is '0', as it is equal to 0 for everybody else.
  if (typeof value === 'number') return tagged('d', Buffer.from(String(value)));
  if (typeof value === 'boolean') return tagged(value ? 't' : 'f', Buffer.alloc(0));
  if (value === null) return tagged('n', Buffer.alloc(0));
  if (Array.isArray(value)) return tagged('a', Buffer.concat(value.map(encode)));
  const entries = Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1)); // all that `parsePayload` leaves
  return tagged('o', Buffer.concat(entries.flatMap(([key, item]) => [encode(key), encode(item)])));
}

function tagged(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
}
