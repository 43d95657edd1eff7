import type { IncomingMessage, ServerResponse } from 'node:http';
import { publicSession, type Sessions } from '../session/sessions.js';
import type { CallerOf } from './caller.js';
import { assertUnsent, type Deliver } from './deliver.js';
import { Refusal } from './refusal.js';
import { type RequestStates, sessionAuth } from './request-auth.js';
import type { SignedIn } from './sign-in.js';

/**
 * For after a change of password, e-mail or the like: the user's other sessions end, this one gets new tokens that
 * the old ones don't lead to, its proofs go, and sign-ins that began before are refused. Rejects with a `Refusal` for
 * nobody, for a session token that has been replaced, and when the store fails; with a `SetupError`, having changed
 * nothing, once the headers were sent.
 */
export type CredentialsChanged = (req: IncomingMessage, res: ServerResponse) => Promise<SignedIn>;

export interface CredentialsChangedDeps {
  readonly managerOf: CallerOf;
  readonly sessions: Sessions;
  readonly states: RequestStates;
  readonly deliver: Deliver;
  /** Drops what step-up keeps for a session. */
  readonly dropStepUp: (sessionId: string) => Promise<void>;
  readonly invalidToken: string;
}

export function createCredentialsChanged(deps: CredentialsChangedDeps): CredentialsChanged {
  const { managerOf, sessions, states, deliver, dropStepUp, invalidToken } = deps;
  return async function credentialsChanged(req, res) {
    assertUnsent(res, 'credentialsChanged');
    const caller = await managerOf(req);
    // First, so that a store which fails half-way leaves the session with the tokens that its client has.
    await dropStepUp(caller.row.id);
    const changed = await sessions.credentialsChanged(caller.row);
    if (changed === null) throw new Refusal('session_invalid', { headers: { 'WWW-Authenticate': invalidToken } });
    const { row, token } = changed;
    const body = deliver(res, changed);
    states.set(req, { outcome: 'session', auth: sessionAuth(row, true), row, token, current: true });
    return { session: publicSession(row), body };
  };
}
