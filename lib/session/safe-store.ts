import type { Emit } from '../events.js';
import { isPromise, type MaybePromise } from '../internal/maybe-promise.js';
import type { SessionRow } from '../stores/contract/sessions.js';
import type { Store, StoreParts } from '../stores/contract/store.js';

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
  return (operation, run, isExpected) => {
    const checked = <T>(answer: T, expected: (answer: T) => boolean): T => {
      if (expected(answer)) return answer;
      throw fault(operation, new TypeError('The answer is not in the contract of the store.'));
    };
    let answer: ReturnType<typeof run>;
    try {
      answer = run();
    } catch (error) {
      throw fault(operation, error);
    }
    if (!isPromise(answer)) return checked(answer, isExpected);
    return withTimeout(answer, timeout).then(
      (value) => checked(value, isExpected),
      (error: unknown) => {
        throw fault(operation, error);
      },
    );
  };
}

/** Rejects when the promise takes longer than `timeout` milliseconds; what it does later is nobody's concern. */
export function withTimeout<T>(promise: Promise<T>, timeout: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`No answer within ${timeout} ms.`)), timeout);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

type Answers<Part> = {
  readonly [K in keyof Part]: Part[K] extends (...args: never[]) => infer R ? (answer: Awaited<R>) => boolean : never;
};

/** What each operation may answer: enough to tell an answer from garbage, without reading it all. */
const ANSWERS: { readonly [P in keyof (StoreParts & Pick<Store, 'sessions'>)]: Answers<(StoreParts & Store)[P]> } = {
  sessions: {
    insert: isOutcome,
    find: isSessionRowOrNull,
    get: isSessionRowOrNull,
    listForUser: Array.isArray,
    list: Array.isArray,
    revoke: isObjectOrNull,
    revokeAllForUser: Array.isArray,
    touch: isAnything,
    rotateRefresh: isBoolean,
    recordStepUp: isOutcome,
    dropProofs: isBoolean,
    replaceCredentials: isOutcome,
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
    const check = isExpected as (answer: unknown) => boolean; // `ANSWERS` pairs each check with its operation
    return [name, (...args: readonly unknown[]) => call(`${part}.${name}`, () => run(args), check)] as const;
  });
  return Object.fromEntries(safe);
}

type Operations = Readonly<Record<string, ((...args: readonly unknown[]) => unknown) | undefined>>;

function isSessionRowOrNull(row: SessionRow | null): boolean {
  return (
    row === null ||
    (typeof row === 'object' &&
      typeof row.id === 'string' &&
      typeof row.userId === 'string' &&
      typeof row.tokenHash === 'string' &&
      Number.isFinite(row.expiresAt) &&
      Number.isFinite(row.idleExpiresAt))
  );
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
