import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Services } from '../services.js';
import { publicSession } from '../session/sessions.js';
import { withNewToken } from './authenticate.js';
import { assertUnsent } from './credentials.js';
import { Refusal } from './refusal.js';
import type { SignedIn } from './sign-in.js';

/**
 * For after a change of password, e-mail or the like: the user's other sessions end, this one gets new tokens that
 * the old ones don't lead to, its proofs go, and sign-ins that began before are refused. Rejects with a `Refusal` for
 * nobody, for a session token that has been replaced, and when the store fails; with a `SetupError`, having changed
 * nothing, once the headers were sent.
 */
export type CredentialsChanged = (req: IncomingMessage, res: ServerResponse) => Promise<SignedIn>;

export function createCredentialsChanged({
  store,
  requireCurrentToken,
  challenges,
  sessions,
  states,
  deliver,
  wwwAuthenticate,
}: Pick<
  Services,
  'store' | 'requireCurrentToken' | 'challenges' | 'sessions' | 'states' | 'deliver' | 'wwwAuthenticate'
>): CredentialsChanged {
  return async function credentialsChanged(req, res) {
    assertUnsent(res, 'credentialsChanged');
    const caller = await requireCurrentToken(req);
    // First, so that a store which fails half-way leaves the session with the tokens that its client has.
    await challenges.dropForSession(caller.row.id);
    await store.approvals?.dropForSession(caller.row.userId, caller.row.id);
    const changed = await sessions.credentialsChanged(caller.row);
    if (changed === null)
      throw new Refusal('session_invalid', { headers: { 'WWW-Authenticate': wwwAuthenticate.invalidToken } });
    const { row, token } = changed;
    const body = deliver(res, changed);
    states.set(req, withNewToken({ row, token, proofsId: row.id }));
    return { session: publicSession(row), body };
  };
}
