import type { FailedReason } from '../events.js';
import type { MaybePromise } from '../internal/maybe-promise.js';
import { SetupError } from '../internal/setup-error.js';
import type { Method, MethodContext, MethodOutcome, VerifyContext } from '../methods/method.js';
import type { Services } from '../services.js';
import { DependencyError, withTimeout } from '../session/checked-store.js';
import type { SessionRow } from '../stores/contract/sessions.js';
import type { Store, StoreParts } from '../stores/contract/store.js';

/** The configured methods, strongest first, run so that whatever one does is an answer. */
export interface Methods {
  readonly names: readonly string[];
  get(name: string): Method | undefined;
  /** What is handed to a method for a user. */
  contextFor(userId: string): MethodContext;
  /** Which of these methods the user can pass, in the same order. A method that can't tell counts as a store failure. */
  enrolled(names: readonly string[], userId: string): Promise<readonly string[]>;
  /** Whose proofs count, of these methods and those of them that the user can pass now: a one-time method's do as well. */
  stillCounts(names: readonly string[], enrolled: readonly string[]): readonly string[];
  /** The options of a ceremony on this session; null for a method without one, `failed`, with an event, when it throws. */
  begin(method: Method, session: Pick<SessionRow, 'id' | 'userId'>, challenge: string): Promise<BeginOutcome>;
  verify(
    method: Method,
    context: Pick<VerifyContext, 'userId' | 'response' | 'challenge'>,
  ): Promise<MethodOutcome | Failed>;
  /**
   * Whether the user still has the credential that `verify` named; true where the method doesn't say. A method that can't
   * tell counts as a store failure.
   */
  holds(method: Method, userId: string, credential: string | undefined): Promise<boolean>;
  /** What stands for these methods in a header, in their order without repeats. */
  acrsOf(names: readonly string[]): readonly string[];
  /** This method and the weaker ones. */
  notStrongerThan(name: string): readonly string[];
  /**
   * Takes away what was proved with a method that the user has just lost, in all of the user's sessions: its proofs and
   * grants, and whatever challenge is open. Doing it again does no harm, so that a removal which failed half-way is
   * finished by the next.
   */
  forget(userId: string, method: string): Promise<void>;
}

export type BeginOutcome = { readonly outcome: 'begun'; readonly options: object | null } | Failed;

export interface Failed {
  readonly outcome: 'failed';
  readonly reason: FailedReason;
  readonly isNobodys?: boolean;
  /** What the method threw, for the app's own eyes. */
  readonly error?: unknown;
}

export function createMethods({
  settings,
  methodServices: services,
  clock,
}: Pick<Services, 'settings' | 'methodServices' | 'clock'>): Methods {
  const { methods, users } = settings;
  // Longer than a store may take that the method asks: that one has failed then, and not the method.
  const timeout = 2 * settings.storeTimeout;
  const byName = new Map(methods.map((method) => [method.name, method]));
  const names = [...byName.keys()];
  if (names.length !== methods.length) {
    throw new SetupError('Two of `methods` have the same name.', 'Give each method once, with a name of its own.');
  }
  for (const method of methods) {
    requireParts(method, services.store, users !== null);
    requireWord(method);
  }

  const contextFor = (userId: string): MethodContext => ({ services, userId, now: clock.now() });

  /** Runs a method's function so that a throw or a hang is an answer, and only a failing store is thrown on. */
  async function run<T>(work: () => T | Promise<T>): Promise<T | Failed> {
    try {
      return await withTimeout(Promise.resolve(work()), timeout);
    } catch (error) {
      if (error instanceof DependencyError) throw error;
      return { outcome: 'failed', reason: 'method-error', error };
    }
  }

  /** Asks a method something about a user. */
  async function ask(operation: string, question: () => MaybePromise<boolean>): Promise<boolean> {
    const answer = await run(async () => {
      const given: unknown = await question();
      if (typeof given === 'boolean') return given;
      throw new TypeError('The answer is neither true nor false.');
    });
    if (typeof answer === 'boolean') return answer;
    services.emit({ type: 'dependency.failed', operation, error: answer.error });
    throw new DependencyError(operation, answer.error);
  }

  return {
    names,
    get: (name) => byName.get(name),
    contextFor,
    async enrolled(wanted, userId) {
      const answers = await Promise.all(
        wanted.map(async (name) => {
          const method = byName.get(name);
          // To take a failure for "no" would open the enrolment guard to a weaker method.
          return method !== undefined && (await ask(`${name}.enrolled`, () => method.enrolled(contextFor(userId))));
        }),
      );
      return wanted.filter((_, index) => answers[index]);
    },
    stillCounts: (wanted, enrolled) =>
      wanted.filter((name) => enrolled.includes(name) || byName.get(name)?.oneTime === true),
    async begin(method, { id: sessionId, userId }, challenge) {
      if (method.begin === undefined) return { outcome: 'begun', options: null };
      const begun = async (): Promise<unknown> => method.begin?.({ ...contextFor(userId), challenge });
      const answer = await run(async () => ({ options: asJson(await begun()) }));
      if ('options' in answer) return { outcome: 'begun', options: answer.options };
      const { outcome: _, ...why } = answer;
      services.emit({ type: 'step-up.failed', userId, sessionId, method: method.name, ...why });
      return answer;
    },
    verify: (method, context) =>
      run(async () => outcomeOf(await method.verify({ ...contextFor(context.userId), ...context }))),
    async holds(method, userId, credential) {
      const { holds } = method;
      if (holds === undefined || credential === undefined) return true;
      return ask(`${method.name}.holds`, () => holds(contextFor(userId), credential));
    },
    acrsOf: (wanted) => [...new Set(wanted.flatMap((name) => byName.get(name)?.acr ?? []))],
    notStrongerThan: (name) => names.slice(names.indexOf(name)),
    async forget(userId, method) {
      const { sessions, grants, approvals, challenges } = services.store;
      await sessions.changeAllOfUser(userId, { type: 'drop-method', method }, clock.now());
      await grants?.dropForUser(userId, method);
      await approvals?.dropForUser(userId, method);
      await challenges?.dropForUser(userId);
    },
  };
}

/** Only the one word lets anybody in, and only what we know goes on, whatever a method of the app may answer. */
function outcomeOf(answer: Partial<Failed> | MethodOutcome | undefined | null): MethodOutcome {
  if (answer?.outcome === 'verified') {
    const { credential } = answer;
    return typeof credential === 'string' ? { outcome: 'verified', credential } : { outcome: 'verified' };
  }
  if (answer?.outcome === 'failed') {
    return { outcome: 'failed', reason: answer.reason ?? 'rejected', isNobodys: answer.isNobodys === true };
  }
  return { outcome: 'failed', reason: 'method-error' };
}

/** As the client gets it; throws where that is no object. */
function asJson(options: unknown): object {
  const json: unknown = JSON.parse(JSON.stringify(options));
  if (typeof json === 'object' && json !== null) return json;
  throw new TypeError('The options must be an object.');
}

/** No method can do without challenges and attempts. */
function requireParts(method: Method, store: Store, hasUsers: boolean): void {
  for (const part of ['challenges', 'attempts', ...method.needs] as const) {
    if (part !== 'users') partOf(store, part, `The method \`${method.name}\``);
    else if (!hasUsers) {
      throw new SetupError(
        `The method \`${method.name}\` needs \`users\`, which is missing.`,
        'Write `users: { find: (id) => ... }`.',
      );
    }
  }
}

/** RFC 9470 puts the `acr` of several methods into one header, with spaces between. */
function requireWord({ name, acr }: Method): void {
  if (typeof acr !== 'string' || /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(acr)) return;
  throw new SetupError(
    `The \`acr\` ${JSON.stringify(acr)} of the method \`${name}\` can't stand in a header.`,
    "Use printable ASCII without spaces, quotes and backslashes, such as 'phr', or null.",
  );
}

/** The part of the store that `whose` needs. Throws a `SetupError` where it is missing: at set-up, before any request. */
export function partOf<P extends keyof StoreParts>(store: Store, part: P, whose = 'A step-up'): NonNullable<Store[P]> {
  const found = store[part];
  if (found !== undefined) return found;
  throw new SetupError(
    `${whose} needs \`${part}\` in the store, which is missing.`,
    'Take a store that has it, or put one together: `{ ...storeWithIt, sessions }`.',
  );
}

/** For an instance without methods, which can't do what it was asked for. */
export function noMethods(): SetupError {
  return new SetupError(
    '`methods` is empty.',
    'Give stepgate at least one method, for example `[password({ verify })]`.',
  );
}
