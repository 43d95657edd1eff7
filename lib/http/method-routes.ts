import type { IncomingMessage } from 'node:http';
import type { FailedReason } from '../events.js';
import type { Method, MethodContext, MethodOutcome } from '../methods/method.js';
import type { Services } from '../services.js';
import type { ChallengeRow } from '../stores/contract/challenges.js';
import type { Delivery, SessionRow } from '../stores/contract/sessions.js';
import { Refusal } from './refusal.js';
import type { RouteTable } from './router.js';
import { notVerified, stepUpFailed } from './step-up-refusal.js';

/** A method that has routes of its own, for enrolling in it and the like: they stand beside the instance's. */
export interface RoutedMethod<Name extends string = string> extends Method<Name> {
  /** Their paths begin below the router's mount; their handlers are guarded by what they ask of the services. */
  readonly routes?: (services: MethodRouteServices) => RouteTable;
}

/** What a method's routes are lent. Whoever is refused by one of these gets stepgate's own answer. */
export interface MethodRouteServices
  extends Pick<Services, 'clock' | 'emit' | 'cookies' | 'signIn' | 'signInChallenges' | 'methodServices'> {
  /** How a session travels when the client doesn't say. */
  readonly defaultDelivery: Delivery;
  /** The other methods' names, strongest first. */
  readonly others: readonly string[];
  readonly contextFor: (userId: string) => MethodContext;
  /** The session of the signed-in caller. Rejects with a `Refusal` for nobody and for API keys. */
  readonly requireCaller: (req: IncomingMessage) => Promise<SessionRow>;
  /** The same for a caller who has shown enough to change their methods. `onlyIfNone`: they have none yet. */
  readonly requireEnrolment: (
    req: IncomingMessage,
  ) => Promise<{ readonly row: SessionRow; readonly onlyIfNone: boolean }>;
  /** A challenge that enrols in this method, for this session. */
  readonly issueChallenge: (row: SessionRow) => Promise<ChallengeRow>;
  /** Takes it for good, whatever comes of it; rejects with a `Refusal` when there is none such. */
  readonly takeChallenge: (row: SessionRow, id: string) => Promise<ChallengeRow>;
  /** Counts an attempt, and then looks at the answer, as a step-up does; rejects with a `Refusal` when it fails. */
  readonly attempt: (row: SessionRow, check: () => Promise<MethodOutcome>) => Promise<void>;
  /** Tells that an answer failed, and gives the `Refusal` for it. */
  readonly failed: (row: SessionRow, reason: FailedReason) => Refusal;
  /** After the user has got a credential. */
  readonly enrolled: (row: SessionRow, after: AfterChange) => Promise<void>;
  /** After a credential was deleted, or wasn't there: what was proved with the method goes in any case. */
  readonly removed: (row: SessionRow, after: AfterChange & { readonly wasThere: boolean }) => Promise<void>;
  /** After a credential took the place of another: what was proved with the old one goes, in all of the user's sessions. */
  readonly replaced: (row: SessionRow) => Promise<void>;
  readonly revokeOthers: (row: SessionRow) => Promise<void>;
}

export interface AfterChange {
  /** Whether the user's other sessions end. */
  readonly revokeOthers: boolean;
  /** Which credential it was, where the method has several of a user. */
  readonly credentialId?: string;
}

type Needed = Pick<
  Services,
  | 'settings'
  | 'clock'
  | 'emit'
  | 'cookies'
  | 'signIn'
  | 'signInChallenges'
  | 'methodServices'
  | 'methods'
  | 'requireCaller'
  | 'requireEnrolment'
  | 'challenges'
  | 'verify'
  | 'attempts'
  | 'keeper'
>;

/** The routes of all methods that have some. Where the app keeps its sessions itself, none of them signs in. */
export function methodRoutes(methods: readonly RoutedMethod[], services: Needed): readonly RouteTable[] {
  const tables = methods.map((method) => method.routes?.(routeServices(method, services)) ?? {});
  return services.settings.session === null ? tables : tables.map(withoutSignIn);
}

function withoutSignIn(table: RouteTable): RouteTable {
  return Object.fromEntries(Object.entries(table).filter(([path]) => !path.startsWith('/sign-in/')));
}

function routeServices(method: Method, services: Needed): MethodRouteServices {
  const { methods, challenges, verify, attempts, keeper, clock, emit } = services;
  const { cookies, signIn, signInChallenges, methodServices } = services;
  const { name } = method;

  function aboutOf({ userId, id: sessionId }: SessionRow): { userId: string; sessionId: string; method: string } {
    return { userId, sessionId, method: name };
  }

  function failed(row: SessionRow, reason: FailedReason): Refusal {
    emit({ type: 'step-up.failed', ...aboutOf(row), reason });
    return stepUpFailed({ reason: reason === 'no-challenge' ? 'challenge' : 'response' });
  }

  /** What was guessed at the old one must not bar the next (SP 800-63B-4 3.2.2: disabled until bound anew). */
  async function unlock({ userId }: SessionRow): Promise<void> {
    if (method.guessable) await attempts.unlock(userId, name);
  }

  async function revokeOthers({ id, userId }: SessionRow): Promise<void> {
    await keeper.revokeAllForUser(userId, id, 'user');
  }

  return {
    clock,
    emit,
    cookies,
    signIn,
    signInChallenges,
    methodServices,
    defaultDelivery: services.settings.delivery,
    others: methods.names.filter((other) => other !== name),
    contextFor: (userId) => methods.contextFor(userId),
    requireCaller: async (req) => (await services.requireCaller(req)).row,
    async requireEnrolment(req) {
      const { caller, onlyIfNone } = await services.requireEnrolment(req);
      return { row: caller.row, onlyIfNone };
    },
    issueChallenge: (row) => challenges.issue(row, { purpose: 'enrolment', methods: [name] }),
    async takeChallenge(row, id) {
      const challenge = await challenges.take(row, id, { purposes: ['enrolment'], method: name });
      if (challenge === null) throw failed(row, 'no-challenge');
      return challenge;
    },
    async attempt(row, check) {
      const outcome = await verify.attempt(row, method, check);
      if (outcome.outcome !== 'verified') throw notVerified(outcome, clock);
    },
    failed,
    async enrolled(row, { revokeOthers: endsOthers, ...credential }) {
      emit({ type: 'method.enrolled', ...aboutOf(row), ...credential });
      if (endsOthers) await revokeOthers(row);
    },
    async removed(row, { revokeOthers: endsOthers, wasThere, ...credential }) {
      await methods.forget(row.userId, name);
      if (!wasThere) throw new Refusal('not_found');
      await unlock(row);
      emit({ type: 'method.removed', ...aboutOf(row), ...credential });
      if (endsOthers) await revokeOthers(row);
    },
    async replaced(row) {
      await methods.forget(row.userId, name);
      await unlock(row);
    },
    revokeOthers,
  };
}
