import type { IncomingMessage } from 'node:http';
import { parseId, parseUserId } from '../internal/arguments.js';
import { SetupError } from '../internal/setup-error.js';
import { isId } from '../internal/tokens.js';
import { refuseUnknownKeys } from '../internal/unknown-keys.js';
import type { Services } from '../services.js';
import { type HandleParts, isOutdated, parseHandle, writeHandle } from '../session/handle-text.js';
import { publicSession } from '../session/sessions.js';
import { parseRule } from '../step-up/parse-rule.js';
import type { Rule } from '../step-up/rule.js';
import type { Session } from '../stores/contract/sessions.js';
import { refuseImpersonator, refuseRestricted } from './caller.js';
import { Refusal, refusalFrom } from './refusal.js';
import { requireProofs } from './require-fresh-step-up.js';

/** A session by its public id: it can be asked whether it lives, and meets no rule. */
export interface SessionId {
  readonly userId: string;
  readonly sessionId: string;
}

export type HandleOutcome =
  | { readonly outcome: 'live'; readonly session: Session }
  /** The session ended or expired. */
  | { readonly outcome: 'over' }
  /** It lives and doesn't meet the rule: what a guard with this rule would answer. */
  | { readonly outcome: 'refused'; readonly refusal: Refusal };

/** Sessions of what outlives a request: sockets and jobs. */
export interface Handles<Name extends string> {
  /**
   * What to keep of the session that this request brought, to ask for it later with `checkHandle`: opaque, no
   * credential, good in every process of the app. After a guard or `authenticate` of this instance; throws a
   * `SetupError` without one, and a `Refusal` for nobody and for API keys.
   */
  readonly handle: (req: IncomingMessage) => string;
  /**
   * Whether the session still lives, and with a rule whether it meets it. A handle meets a rule only while the session
   * token that it was made from is the current one: a cookie that was copied before a step-up gains nothing by it, and
   * after a step-up the client connects anew. After `credentialsChanged` it has ended. Slides no idle end. Rejects with
   * the `Refusal` `store_unavailable` when the store fails, and with a `SetupError` for what is no handle, for a wrong
   * rule and for one of a single request.
   */
  readonly checkHandle: (handle: string | SessionId, rule?: Rule<Name>) => Promise<HandleOutcome>;
}

export function createHandles(
  services: Pick<Services, 'states' | 'sessions' | 'methods' | 'clock' | 'emit'>,
): Handles<string> {
  const { states, sessions, methods } = services;

  return {
    handle(req) {
      states.current(req); // says what is wrong where there is nobody
      const state = states.get(req);
      if (state?.outcome !== 'session' || state.token === null) throw new Refusal('api_key_refused');
      const { row, token } = state;
      return writeHandle(row, token);
    },

    async checkHandle(given, rule) {
      const { sessionId, userId, made } = parseGiven(given);
      const parsed = rule === undefined ? null : parseRule(rule, methods.names);
      if (parsed?.type === 'action') {
        throw new SetupError('A handle has no request that could be confirmed.', 'Write a rule with `maxAge`.');
      }
      if (parsed !== null && made === null) {
        throw new SetupError('A session id meets no rule.', 'Keep `auth.handle(req)` of the request that began it.');
      }
      const row = isId(sessionId) ? await sessions.get(sessionId) : null;
      if (row === null || row.userId !== userId) return { outcome: 'over' };
      if (made !== null && isOutdated(made, row)) return { outcome: 'over' };
      if (parsed !== null) {
        try {
          refuseRestricted({ row });
          refuseImpersonator({ row });
          await requireProofs(services, { row, byCurrentToken: row.tokenHash === made?.tokenHash }, parsed);
        } catch (error) {
          const refusal = refusalFrom(error);
          if (refusal === null || refusal.code === 'store_unavailable') throw error;
          return { outcome: 'refused', refusal };
        }
      }
      return { outcome: 'live', session: publicSession(row) };
    },
  };
}

/** `made`: null for a bare id. */
type Parsed = SessionId & { readonly made: HandleParts | null };

function parseGiven(given: string | SessionId): Parsed {
  if (typeof given === 'object' && given !== null) {
    refuseUnknownKeys(given, ['userId', 'sessionId'], 'handle');
    const { userId, sessionId } = given;
    return { userId: parseUserId(userId), sessionId: parseId('sessionId', sessionId, 'a session id'), made: null };
  }
  const made = typeof given === 'string' ? parseHandle(given) : null;
  if (made !== null) return { userId: made.userId, sessionId: made.sessionId, made };
  throw new SetupError('`handle` must be one that `auth.handle(req)` gave.', 'Or write `{ userId, sessionId }`.');
}
