import type { Emit } from '../events.js';
import { isPromise, type MaybePromise } from '../internal/maybe-promise.js';
import type { Store, StoreParts } from '../stores/contract/store.js';
import {
  isEndedSession,
  isEndedSessions,
  isInsertOutcome,
  isListOf,
  isReplaceOutcome,
  isSessionRow,
} from './session-answers.js';

/** The store threw, rejected, hung past the timeout or answered with something that isn't in its contract. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';

  constructor(operation: string, cause: unknown) {
    super(`The store failed at ${operation}.`, { cause });
  }
}

/** Runs something that may fail as a store may: every failure becomes a `StoreFault` and a `store.failed` event. */
export type StoreCall = <T>(
  operation: string,
  run: () => MaybePromise<T>,
  isExpected: (answer: T) => boolean,
) => MaybePromise<T>;

export function createStoreCall(timeout: number, emit: Emit): StoreCall {
  const fault = (operation: string, cause: unknown): StoreFault => {
    emit({ type: 'store.failed', operation, error: cause });
    return new StoreFault(operation, cause);
  };
  const garbage = (operation: string): StoreFault =>
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

/** The kit copies nothing. */
type Answers<Part> = {
  readonly [K in Exclude<keyof Part, 'copy'>]: Part[K] extends (...args: infer A) => infer R
    ? (answer: Awaited<R>, ...args: A) => boolean
    : never;
};

/** What each operation may answer to what it was asked. */
const ANSWERS: { readonly [P in keyof (StoreParts & Pick<Store, 'sessions'>)]: Answers<(StoreParts & Store)[P]> } = {
  sessions: {
    insert: isInsertOutcome,
    // A row that was found by mistake would let its user in with somebody else's token.
    find: (row, hash) =>
      row === null || (isSessionRow(row) && (row.tokenHash === hash || row.previousTokenHash === hash)),
    get: (row, id) => row === null || (isSessionRow(row) && row.id === id),
    listForUser: (rows, userId) => isListOf(rows, (row) => isSessionRow(row) && row.userId === userId),
    list: (rows) => isListOf(rows, isSessionRow),
    revoke: (ended) => ended === null || isEndedSession(ended),
    revokeAllForUser: isEndedSessions,
    touch: isAnything,
    rotateRefresh: isBoolean,
    recordStepUp: (answer, { id }) =>
      answer?.outcome === 'recorded' ? isSessionRow(answer.row) && answer.row.id === id : answer?.outcome === 'lost',
    dropProofs: isBoolean,
    replaceCredentials: isReplaceOutcome,
    deleteExpired: Number.isInteger,
  },
  challenges: {
    insert: isAnything,
    take: isObjectOrNull,
    dropForSession: isAnything,
    dropForUser: isAnything,
    spend: isBoolean,
    deleteExpired: Number.isInteger,
  },
  grants: {
    insert: isAnything,
    take: isOutcome,
    dropForSession: isAnything,
    dropForUser: isAnything,
    deleteExpired: Number.isInteger,
  },
  attempts: {
    read: Array.isArray,
    count: isOutcome,
    settle: isAnything,
    dropForUser: isAnything,
    deleteExpired: Number.isInteger,
  },
  passkeys: {
    insert: (answer) => typeof answer === 'string',
    find: isObjectOrNull,
    findById: isObjectOrNull,
    listForUser: Array.isArray,
    use: isBoolean,
    rename: isObjectOrNull,
    remove: isBoolean,
    dropForUser: isAnything,
  },
  totp: {
    find: isObjectOrNull,
    begin: isBoolean,
    put: isAnything,
    confirm: isBoolean,
    useStep: isBoolean,
    remove: isBoolean,
  },
  recoveryCodes: { replace: isAnything, take: isBoolean, count: isObjectOrNull, dropForUser: isAnything },
};

/** The same store, with every operation watched by `call`. */
export function createSafeStore(store: Store, call: StoreCall): Store {
  const safe = Object.entries(ANSWERS).flatMap(([part, answers]) => {
    const operations = store[part as keyof typeof ANSWERS]; // the keys of ANSWERS are the names of the parts
    return operations === undefined ? [] : [[part, safePart(part, operations, answers, call)] as const];
  });
  return Object.fromEntries(safe) as unknown as Store; // part by part what `store` has
}

function safePart(part: string, operations: object, answers: object, call: StoreCall): object {
  const safe = Object.entries(answers).map(([name, isExpected]) => {
    // Looked up when it is called, so that a store may be patched, and called on its part, so that it may use `this`.
    const run = (args: readonly unknown[]): unknown => (operations as Operations)[name]?.(...args);
    const check = isExpected as (answer: unknown, ...args: readonly unknown[]) => boolean; // `ANSWERS` pairs them
    const safely = (...args: readonly unknown[]): unknown =>
      call(
        `${part}.${name}`,
        () => run(args),
        (answer) => check(answer, ...args),
      );
    return [name, safely] as const;
  });
  return Object.fromEntries(safe);
}

type Operations = Readonly<Record<string, ((...args: readonly unknown[]) => unknown) | undefined>>;

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
