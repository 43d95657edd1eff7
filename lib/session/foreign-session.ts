import type { IncomingMessage } from 'node:http';
import { parseUserId } from '../internal/arguments.js';
import { andThen, isPromise, type MaybePromise } from '../internal/maybe-promise.js';
import { SetupError } from '../internal/setup-error.js';
import { encode, hashTokenWithKey, ID_BYTES, type TokenHash } from '../internal/tokens.js';
import type { Services } from '../services.js';
import { firstTokens } from '../stores/contract/session-state.js';
import type { SessionRow } from '../stores/contract/sessions.js';
import type { KeptSession } from './proofs-for-tests.js';

/** Who is signed in, by a session that the app keeps itself. */
export interface ForeignSession {
  /**
   * Names the session and nobody else's: unguessable, a new one for each sign-in, the same while it lasts. For example
   * `sid` of a token, never its `jti`. It reaches no answer, event or log.
   */
  readonly id: string;
  /** 1 to 255 characters: `String(user.id)`. */
  readonly userId: string;
  /**
   * How the request brought it. With `'cookie'` unsafe requests of other origins are refused; `'bearer'` is for what no
   * browser sends by itself, and no page may choose it.
   * @default 'cookie'
   */
  readonly via?: 'cookie' | 'bearer';
  /**
   * When the user signed in, in epoch milliseconds; leave it out where that isn't known, and where somebody else acts as
   * the user. It is the proof by which a first method is set up.
   */
  readonly signedInAt?: number;
  /** What the user signed in with then: a configured method, `'password'` or `'external'`. @default 'external' */
  readonly method?: string;
}

/** Says who is signed in by the app's own sessions, in place of ours. */
export interface SessionOption {
  /** Null: nobody. What it throws, and a promise that hangs, is a store failure, and so is what is no session. */
  readonly of: (req: IncomingMessage) => MaybePromise<ForeignSession | null>;
  /** Ends the session of the request: for `auth.signOut` and `POST {mount}/logout`. @default they end the step-ups alone */
  readonly end?: (req: IncomingMessage) => MaybePromise<unknown>;
}

export interface ForeignSessions {
  /** The row that stands for the request's session; no store has it. Null: nobody is signed in. */
  of(req: IncomingMessage): MaybePromise<SessionRow | null>;
  end(req: IncomingMessage): Promise<void>;
}

/** A token of an identity provider has some thousand characters, and may itself be taken for the id. */
const MAX_ID = 8_192;
/** How one can sign in without a method of stepgate. */
const OTHER_SIGN_INS = ['password', 'external'];

type Needed = Pick<Services, 'settings' | 'secrets' | 'call' | 'clock'>;

/** Null for an instance with sessions of its own. */
export function createForeignSessions({
  settings: { session: option, methods, absoluteLifetime },
  secrets,
  call,
  clock,
}: Needed): ForeignSessions | null {
  if (option === null) return null;
  const key = secrets[0].key('foreign session');
  const known = new Set([...methods.map(({ name }) => name), ...OTHER_SIGN_INS]);
  let hasWarned = false;

  function read(given: ForeignSession | null): SessionRow | null {
    if (given === null) return null;
    try {
      return rowOf(parseForeignSession(given, known));
    } catch (error) {
      if (!hasWarned) process.emitWarning(`\`session.of\`: ${String(error)}`, { code: 'STEPGATE_SESSION_OF' });
      hasWarned = true;
      throw error;
    }
  }

  function rowOf({ id, userId, via, signedInAt, method }: ParsedForeignSession): SessionRow {
    const name = hashTokenWithKey(key, Buffer.from(JSON.stringify([id, userId, signedInAt])));
    const publicId = encode(Buffer.from(name, 'base64url').subarray(0, ID_BYTES));
    const now = clock.now();
    const row = keptRow({ id: publicId, userId, delivery: via }, name, now);
    const expiresAt = now + absoluteLifetime;
    const ends = { idleExpiresAt: expiresAt, expiresAt };
    if (signedInAt === null) return { ...row, ...ends };
    const times = { createdAt: signedInAt, authenticatedAt: signedInAt };
    return { ...row, ...ends, ...times, passedMethods: [method], signInProofs: { [method]: signedInAt } };
  }

  return {
    of: (req) =>
      call(
        'session.of',
        () => {
          const given = option.of(req);
          return andThen(isPromise(given) ? Promise.resolve(given) : given, read);
        },
        () => true, // `read` has looked at it
      ),
    async end(req) {
      await call(
        'session.end',
        async () => option.end?.(req),
        () => true,
      );
    },
  };
}

/** The row that stands for a session of which no more is known, and which no store has. `noToken`: the hash of none. */
export function keptRow({ id, userId, delivery }: KeptSession, noToken: TokenHash, now: number): SessionRow {
  return {
    id,
    userId,
    delivery,
    createdAt: 0,
    authenticatedAt: 0,
    lastSeenAt: now,
    idleExpiresAt: now,
    expiresAt: now,
    userAgent: null,
    ip: null,
    label: null,
    data: null,
    tokenHash: noToken,
    ...firstTokens(null, now),
    amr: [],
    acr: null,
    generation: 0,
    passedMethods: [],
    signInProofs: {},
    stepUpProofs: {},
    idleLifetime: null,
    persistent: true,
    restricted: false,
    impersonator: null,
  };
}

interface ParsedForeignSession {
  readonly id: string;
  readonly userId: string;
  readonly via: 'cookie' | 'bearer';
  readonly signedInAt: number | null;
  readonly method: string;
}

/** Throws a `SetupError` that says what to write instead, and nothing of what it was given. */
function parseForeignSession(given: ForeignSession, known: ReadonlySet<string>): ParsedForeignSession {
  if (typeof given !== 'object') {
    throw new SetupError('It must give a session or null.', 'Write `{ id, userId }`, and null for nobody.');
  }
  const { id, userId, via = 'cookie', signedInAt, method = 'external' } = given;
  if (typeof id !== 'string' || id === '' || id.length > MAX_ID) {
    throw new SetupError(
      `\`id\` must be a string of 1 to ${MAX_ID} characters.`,
      'Write what stays the same for one sign-in, for example `req.sessionID`; where there is none, keep a random one.',
    );
  }
  parseUserId(userId);
  if (via !== 'cookie' && via !== 'bearer') {
    throw new SetupError('`via` has an unknown value.', "Write 'cookie' or 'bearer'.");
  }
  if (signedInAt !== undefined && !Number.isSafeInteger(signedInAt)) {
    throw new SetupError('`signedInAt` must be a time in epoch milliseconds.', 'Write for example `date.getTime()`.');
  }
  if (!known.has(method)) {
    throw new SetupError('`method` is unknown.', `Write one of: ${[...known].join(', ')}.`);
  }
  return { id, userId, via, signedInAt: signedInAt ?? null, method };
}
