import type { FailedReason } from '../events.js';
import type { Clock } from '../internal/clock.js';
import { SetupError } from '../internal/setup-error.js';
import type { Method, MethodContext, MethodKit, MethodOutcome, VerifyContext } from '../methods/method.js';
import { StoreFault, withTimeout } from '../session/safe-store.js';
import type { Store } from '../stores/contract/store.js';

/** The configured methods, strongest first, run so that whatever one does is an answer. */
export interface Methods {
  readonly names: readonly string[];
  get(name: string): Method | undefined;
  /** What is handed to a method for a user. */
  contextFor(userId: string): MethodContext;
  /** Which of these methods the user can pass, in the same order. A method that can't tell counts as a store failure. */
  enrolled(names: readonly string[], userId: string): Promise<readonly string[]>;
  /** The options of a ceremony; null for a method without one, `failed` when it throws. */
  begin(method: Method, userId: string, challenge: string): Promise<BeginOutcome>;
  verify(
    method: Method,
    context: Pick<VerifyContext, 'userId' | 'response' | 'challenge'>,
  ): Promise<MethodOutcome | Failed>;
  /** This method and the weaker ones. */
  notStrongerThan(name: string): readonly string[];
}

export type BeginOutcome = { readonly outcome: 'begun'; readonly options: object | null } | Failed;

export interface Failed {
  readonly outcome: 'failed';
  readonly reason: FailedReason;
  /** What the method threw, for the app's own eyes. */
  readonly error?: unknown;
}

export interface MethodsOptions {
  readonly methods: readonly Method[];
  readonly kit: MethodKit;
  readonly clock: Clock;
  /** Whether the app gave the `users` option. */
  readonly hasUsers: boolean;
  /** After how many milliseconds a method that doesn't answer has failed. */
  readonly timeout: number;
}

export function createMethods({ methods, kit, hasUsers, clock, timeout }: MethodsOptions): Methods {
  const byName = new Map(methods.map((method) => [method.name, method]));
  const names = [...byName.keys()];
  if (names.length !== methods.length) {
    throw new SetupError('Two of `methods` have the same name.', 'Give each method once, with a name of its own.');
  }
  for (const method of methods) requireParts(method, kit.store, hasUsers);

  const contextFor = (userId: string): MethodContext => ({ kit, userId, now: clock.now() });

  /** Runs a method's function so that a throw or a hang is an answer, and only a failing store is thrown on. */
  async function run<T>(work: () => T | Promise<T>): Promise<T | Failed> {
    try {
      return await withTimeout(Promise.resolve(work()), timeout);
    } catch (error) {
      if (error instanceof StoreFault) throw error;
      return { outcome: 'failed', reason: 'method-error', error };
    }
  }

  async function isEnrolled(method: Method, userId: string): Promise<boolean> {
    const answer = await run(() => method.enrolled(contextFor(userId)));
    if (typeof answer === 'boolean') return answer;
    // To take it for "no" would open the enrolment guard to a weaker method.
    const operation = `${method.name}.enrolled`;
    const error = answer.error ?? new TypeError('The method could not tell.');
    kit.emit({ type: 'store.failed', operation, error });
    throw new StoreFault(operation, error);
  }

  return {
    names,
    get: (name) => byName.get(name),
    contextFor,
    async enrolled(wanted, userId) {
      const answers = await Promise.all(
        wanted.map(async (name) => {
          const method = byName.get(name);
          return method !== undefined && (await isEnrolled(method, userId));
        }),
      );
      return wanted.filter((_, index) => answers[index]);
    },
    async begin(method, userId, challenge) {
      const { begin } = method;
      if (begin === undefined) return { outcome: 'begun', options: null };
      const answer = await run(async () => ({ options: await begin({ ...contextFor(userId), challenge }) }));
      return 'options' in answer ? { outcome: 'begun', options: answer.options } : answer;
    },
    async verify(method, context) {
      const answer = await run(() => method.verify({ ...contextFor(context.userId), ...context }));
      // Only this one word lets anybody in, whatever a method of the app may answer.
      return answer?.outcome === 'verified' || answer?.outcome === 'failed' ? answer : FAILED;
    },
    notStrongerThan: (name) => names.slice(names.indexOf(name)),
  };
}

const FAILED: Failed = { outcome: 'failed', reason: 'method-error' };

function requireParts(method: Method, store: Store, hasUsers: boolean): void {
  for (const part of method.needs) {
    if (part === 'users' ? hasUsers : store[part] !== undefined) continue;
    throw new SetupError(
      `The method \`${method.name}\` needs \`${part}\`, which is missing.`,
      part === 'users'
        ? 'Write `users: { find: (id) => ... }`.'
        : 'Take a store that has this part, or put one together: `{ ...storeWithIt, sessions }`.',
    );
  }
}
