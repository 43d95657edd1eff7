import type { IncomingMessage } from 'node:http';
import { SetupError } from '../internal/setup-error.js';
import { refuseUnknownKeys } from '../internal/unknown-keys.js';
import type { SessionOption } from '../session/foreign-session.js';

// So that `Express.Request` is there without the types of Express.
declare global {
  namespace Express {
    interface Request {}
  }
}

/** A request with what this app's packages add to it, by their own types. */
type ExpressRequest = IncomingMessage & Express.Request;

export interface ExpressSessionOptions<R extends IncomingMessage = ExpressRequest> {
  /**
   * Who is signed in: `(req) => req.session.userId`, or with passport `(req) => req.user?.id`. A string, so `String(id)`
   * for a number; undefined or null for nobody, as in a visitor's session.
   */
  readonly userId: (req: R) => string | null | undefined;
  /**
   * When the user signed in, in epoch milliseconds, as the log-in has kept it in the session. Without it users set up
   * their first method with a proof of another. @default not known
   */
  readonly signedInAt?: (req: R) => number | null | undefined;
  /** What the user signed in with then: a method of stepgate, `'password'` or `'external'`. @default 'external' */
  readonly method?: (req: R) => string | null | undefined;
  /** Whether `auth.signOut` and `POST {mount}/logout` destroy the session as well. @default false */
  readonly destroy?: boolean;
}

const NAMES = ['userId', 'signedInAt', 'method', 'destroy'] satisfies (keyof ExpressSessionOptions)[];

/** What express-session adds to a request; nothing where its store isn't connected. */
interface WithSession {
  readonly sessionID?: string;
  readonly session?: { destroy(callback: (error: unknown) => void): void } | null;
}

/**
 * The option `session` of an instance for an app with express-session, with any of its stores. Its middleware has to
 * stand before stepgate's guards and router. Throws a `SetupError` for wrong options.
 */
export function expressSession<R extends IncomingMessage = ExpressRequest>(
  options: ExpressSessionOptions<R>,
): SessionOption {
  refuseUnknownKeys(options, NAMES, 'expressSession');
  const { userId: userOf, signedInAt: timeOf, method: methodOf, destroy = false } = options;
  if (typeof userOf !== 'function') {
    throw new SetupError('`expressSession.userId` is missing.', 'Write `userId: (req) => req.session.userId`.');
  }
  for (const [name, value] of Object.entries({ signedInAt: timeOf, method: methodOf })) {
    if (value === undefined || typeof value === 'function') continue;
    throw new SetupError(`\`expressSession.${name}\` must be a function.`, 'Write `(req) => req.session.…`.');
  }
  if (typeof destroy !== 'boolean') {
    throw new SetupError('`expressSession.destroy` must be a boolean.', 'Write true or false, or leave it out.');
  }

  function of(req: IncomingMessage): ReturnType<SessionOption['of']> {
    const request = req as R; // what express-session and the app make of it, and says the app's type
    const { sessionID } = sessionOn(req);
    const userId = userOf(request);
    if (userId === undefined || userId === null) return null;
    const signedInAt = timeOf?.(request) ?? undefined;
    const method = methodOf?.(request) ?? undefined;
    return {
      id: sessionID as string, // stepgate looks at it: a session of another middleware has none
      userId,
      ...(signedInAt === undefined ? {} : { signedInAt }),
      ...(method === undefined ? {} : { method }),
    };
  }

  if (!destroy) return { of };
  return {
    of,
    end: (req) =>
      new Promise<void>((resolve, reject) => {
        const ended = (error: unknown): void => (error ? reject(error) : resolve());
        sessionOn(req).session.destroy(ended);
      }),
  };
}

function sessionOn(req: IncomingMessage): WithSession & { readonly session: NonNullable<WithSession['session']> } {
  const { session, sessionID } = req as WithSession; // Node's own requests have neither
  // While its store is away, express-session lets requests through as if there were no sessions at all.
  if (session === undefined || session === null) {
    throw new SetupError(
      '`req.session` is missing: express-session did not run, or its store is not connected.',
      'Put `app.use(session({ … }))` before the guards and the router of stepgate.',
    );
  }
  return { session, ...(sessionID === undefined ? {} : { sessionID }) };
}
