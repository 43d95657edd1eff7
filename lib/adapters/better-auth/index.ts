import type { IncomingMessage } from 'node:http';
import { SetupError } from '../../internal/setup-error.js';
import type { ForeignSession, SessionOption } from '../../session/foreign-session.js';

export { type BetterAuthWithPasskeys, betterAuthPasskeys } from './passkeys.js';

/** What stepgate uses of better-auth: its own object has it. */
export interface BetterAuthWithSessions {
  readonly api: {
    getSession(input: {
      readonly headers: Headers;
      readonly query: { readonly disableCookieCache: true; readonly disableRefresh: true };
    }): Promise<BetterAuthSession | null>;
  };
}

interface BetterAuthSession {
  readonly session: {
    readonly token: string;
    readonly userId: string;
    readonly createdAt: Date | string | number;
    /** By its plugin for admins: who acts as the user. */
    readonly impersonatedBy?: string | null | undefined;
  };
}

/**
 * The option `session` of an instance for an app with better-auth. It reads the session from better-auth's database,
 * past the cache in its cookie, and changes nothing there. A session in which an admin acts as the user proves nothing
 * by itself. Throws a `SetupError` for what isn't better-auth's object.
 */
export function betterAuth(auth: BetterAuthWithSessions): SessionOption {
  if (typeof auth?.api?.getSession !== 'function') {
    throw new SetupError('`betterAuth` takes the object of better-auth.', 'Write `betterAuth(auth)`.');
  }
  return {
    async of(req) {
      const query = { disableCookieCache: true, disableRefresh: true } as const;
      const found = await auth.api.getSession({ headers: headersOf(req), query });
      return found === null ? null : sessionOf(found, req);
    },
  };
}

function sessionOf({ session }: BetterAuthSession, { headers }: IncomingMessage): ForeignSession {
  const { token, userId, createdAt, impersonatedBy } = session;
  return {
    id: token,
    userId,
    // By its plugin for bearer tokens. A page that sends such a header has its cookies beside it.
    via: headers.cookie === undefined && headers.authorization !== undefined ? 'bearer' : 'cookie',
    ...(typeof impersonatedBy === 'string' ? {} : { signedInAt: new Date(createdAt).getTime() }),
  };
}

function headersOf({ headers }: IncomingMessage): Headers {
  const list = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    // Of HTTP/2 the names of pseudo-headers are none that `Headers` takes.
    if (value !== undefined && !name.startsWith(':')) list.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return list;
}
