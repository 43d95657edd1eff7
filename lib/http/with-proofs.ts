import type { IncomingMessage } from 'node:http';
import { andThen, type MaybePromise } from '../internal/maybe-promise.js';
import { decodeToken } from '../internal/tokens.js';
import type { Services } from '../services.js';
import { withNewToken } from './authenticate.js';
import { sentFrom } from './client.js';
import { Refusal } from './refusal.js';
import type { Authentication } from './request-auth.js';

/** Where clients without cookies send what an answer to a step-up gave them as `step_up_token`. */
const HEADER = 'stepgate-step-up';

/**
 * The same with what the session has proved, by the elevation whose token the request brought; a session of ours has its
 * proofs already. Only what asks for proofs reads them, so that an app's other requests cost no more than before.
 */
export type WithProofs = (req: IncomingMessage, state: Authentication) => MaybePromise<Authentication>;

export function createWithProofs({
  foreignSessions,
  elevations,
  cookies,
  wwwAuthenticate,
  emit,
}: Pick<Services, 'foreignSessions' | 'elevations' | 'cookies' | 'wwwAuthenticate' | 'emit'>): WithProofs {
  if (foreignSessions === null) return (_req, state) => state;
  return (req, state) => {
    if (state.outcome !== 'session' || state.proofsId !== null) return state;
    const { row } = state;
    // A page sets headers of its own, and other sites plant cookies: each is looked at only where it belongs.
    const values = row.delivery === 'bearer' ? [req.headers[HEADER]] : cookies.all(req, 'stepUp');
    if (values.length > 1) {
      // One was planted. Whatever is proved next would stand beside it again.
      const { id: sessionId, userId } = row;
      emit({ type: 'session.refused', reason: 'several-credentials', userId, sessionId, ...sentFrom(req) });
      throw new Refusal('session_invalid', { headers: { 'WWW-Authenticate': wwwAuthenticate.invalidToken } });
    }
    const token = decodeToken(values[0]);
    if (token === null) return state;
    return andThen(elevations.find(row, token), (found) => (found === null ? state : withNewToken(found)));
  };
}
