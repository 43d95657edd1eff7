import type { Services } from '../services.js';
import { anonymous } from './authenticate.js';
import type { SignOut } from './sign-out.js';

/**
 * Ends what was proved for the session that the app says the request belongs to, and where the app says how, the session
 * itself. Rejects with a `Refusal` when the store fails, or what the app says is none; the cookie is kept then.
 */
export function createForeignSignOut({
  foreignSessions,
  keeper,
  challenges,
  cookies,
  states,
  wwwAuthenticate,
}: Pick<
  Services,
  'foreignSessions' | 'keeper' | 'challenges' | 'cookies' | 'states' | 'wwwAuthenticate'
>): SignOut | null {
  if (foreignSessions === null) return null;
  return async function signOut(req, res) {
    const row = await foreignSessions.of(req);
    if (row !== null) {
      await keeper.dropProofs({ row });
      await challenges.dropForSession(row.id);
      await foreignSessions.end(req);
    }
    cookies.clear(res);
    states.set(req, anonymous(wwwAuthenticate.sessionRequired));
  };
}
