import { parseUserId, storable } from '../internal/arguments.js';
import { type Duration, milliseconds } from '../internal/duration.js';
import { SetupError } from '../internal/setup-error.js';
import { refuseUnknownKeys } from '../internal/unknown-keys.js';
import type { SessionData } from '../stores/contract/session-data.js';
import type { Delivery } from '../stores/contract/sessions.js';

/** What the app's login handler says of a sign-in that it has checked. */
export interface SignInOptions<Name extends string> {
  /** 1 to 255 characters. */
  readonly userId: string;
  /** What the user signed in with: a configured method, `'password'`, or `'external'` for an identity provider. */
  readonly method: Name | readonly Name[];
  /**
   * Whether the user was there and passed the method just now. False (impersonation, moving in) makes no proof.
   * @default true
   */
  readonly interactive?: boolean | undefined;
  /** One of the instance's `deliveries`. @default the instance's `delivery` */
  readonly delivery?: Delivery | undefined;
  /** A name for the session list; what is beyond 255 characters is cut off. */
  readonly label?: string | undefined;
  /** How long the session lives without activity, at most as long as the instance's `idleLifetime`. @default the instance's */
  readonly idleLifetime?: Duration | undefined;
  /** How long the session lives, at most as long as the instance's `absoluteLifetime`. @default the instance's */
  readonly absoluteLifetime?: Duration | undefined;
  /**
   * Whether the cookies outlive the browser: false for a sign-in without "remember me". A browser that restores its last
   * tabs may keep them all the same, so give a shorter lifetime with it.
   * @default true
   */
  readonly persistent?: boolean | undefined;
  /**
   * Whether the session can ask for approvals and nothing else, for a device or a program that isn't the user: guards
   * refuse it unless they say `restricted: true`, and it proves, lists, ends and enrols nothing. It makes no proof.
   * @default false
   */
  readonly restricted?: boolean | undefined;
  /** JSON, at most 4 KiB; fixed for the session's life. */
  readonly data?: SessionData | undefined;
  /**
   * When the credentials were taken, in epoch milliseconds; by method where they were taken one after the other. Give
   * it when checking them takes time: a sign-in that began before the user's sessions were revoked is refused. A time
   * ahead of the instance's clock counts as now: the clock was put back meanwhile.
   * @default now
   */
  readonly startedAt?: number | Readonly<Partial<Record<Name, number>>> | undefined;
}

/** The options of a sign-in, checked, with defaults in place but for stepgate's own delivery. */
export interface ParsedSignIn {
  readonly userId: string;
  readonly methods: readonly string[];
  /** When the credentials of each method were taken. */
  readonly times: Readonly<Record<string, number>>;
  readonly interactive: boolean;
  readonly delivery: Delivery | undefined;
  readonly label: string | null;
  readonly data: SessionData | null;
  /** Milliseconds; null: the instance's. */
  readonly idleLifetime: number | null;
  /** Milliseconds; null: the instance's. */
  readonly absoluteLifetime: number | null;
  readonly persistent: boolean;
  readonly restricted: boolean;
}

const NAMES = [
  'userId',
  'method',
  'interactive',
  'delivery',
  'label',
  'data',
  'startedAt',
  'idleLifetime',
  'absoluteLifetime',
  'persistent',
  'restricted',
] satisfies (keyof SignInOptions<string>)[];
const MAX_LABEL = 255;
const MAX_DATA_BYTES = 4_096;
export const DELIVERIES: readonly Delivery[] = ['cookie', 'bearer', 'token-cookies'];

/** What the options are judged by: the names of methods, the deliveries in use, the time. */
export interface SignInContext {
  readonly known: readonly string[];
  readonly deliveries: ReadonlySet<Delivery>;
  readonly now: number;
  /** The instance's, in milliseconds: a sign-in can only shorten them. */
  readonly lifetimes: Readonly<Record<'idleLifetime' | 'absoluteLifetime', number>>;
}

/** Throws a `SetupError` that says what to write instead: also for a misspelt `interactive`, which would make a proof. */
export function parseSignIn(
  options: SignInOptions<string>,
  { known, deliveries, now, lifetimes }: SignInContext,
): ParsedSignIn {
  if (typeof options !== 'object' || options === null) {
    throw new SetupError('`signIn` takes an object of options.', 'Write `signIn(req, res, { userId, method })`.');
  }
  refuseUnknownKeys(options, NAMES, 'options');
  const {
    method,
    interactive = true,
    persistent = true,
    restricted = false,
    delivery,
    label,
    data,
    startedAt,
  } = options;
  const userId = parseUserId(options.userId);
  const methods = [method].flat();
  if (methods.length === 0 || !methods.every((name) => known.includes(name))) {
    throw new SetupError('`method` must name a method of this instance.', `Write one of: ${known.join(', ')}.`);
  }
  for (const [name, value] of Object.entries({ interactive, persistent, restricted })) {
    if (typeof value === 'boolean') continue;
    throw new SetupError(`\`${name}\` must be a boolean.`, 'Write true or false, or leave it out.');
  }
  const lifetime = (name: 'idleLifetime' | 'absoluteLifetime'): number | null => {
    const given = options[name];
    if (given === undefined) return null;
    const own = milliseconds(given, name);
    if (own <= lifetimes[name]) return own;
    throw new SetupError(
      `\`${name}\` of a sign-in must be at most the instance's, ${lifetimes[name] / 1_000} s.`,
      `Give the instance the longest \`${name}\` that you need, and each sign-in a shorter one.`,
    );
  };
  if (delivery !== undefined && !deliveries.has(delivery)) {
    throw new SetupError(
      '`delivery` must be one that this instance uses.',
      `Write one of: ${[...deliveries].join(', ')}; or list it in the instance's \`deliveries\`.`,
    );
  }
  if (label !== undefined && typeof label !== 'string') {
    throw new SetupError('`label` must be a string.', 'Leave it out or write a string.');
  }
  const times = timesOf(startedAt, methods, now);
  const kept = label === undefined ? null : storable(label.slice(0, MAX_LABEL));
  return {
    userId,
    methods,
    times,
    interactive,
    delivery,
    label: kept,
    data: jsonOf(data),
    idleLifetime: lifetime('idleLifetime'),
    absoluteLifetime: lifetime('absoluteLifetime'),
    persistent,
    restricted,
  };
}

/** A time ahead of ours is of a clock that was, or was put back since: then the credentials were taken now. */
function timesOf(
  startedAt: SignInOptions<string>['startedAt'],
  methods: readonly string[],
  now: number,
): Readonly<Record<string, number>> {
  const byMethod = typeof startedAt === 'object' && startedAt !== null;
  if (byMethod) refuseUnknownKeys(startedAt, methods, 'startedAt');
  const timeOf = (method: string): number => {
    const at = byMethod ? startedAt[method] : startedAt;
    if (at === undefined) return now;
    if (Number.isFinite(at)) return Math.min(Math.floor(at), now);
    throw noTime();
  };
  if (byMethod && Object.keys(startedAt).length === 0) throw noTime(); // a `Date`, for one
  return Object.fromEntries(methods.map((method) => [method, timeOf(method)]));
}

function noTime(): SetupError {
  return new SetupError(
    '`startedAt` must be a time in epoch milliseconds, or one for each method.',
    'Write `Date.now()` as it was when the credentials came.',
  );
}

/** A copy of the data as JSON keeps it: what the app changes later isn't in the session. */
function jsonOf(data: SessionData | undefined): SessionData | null {
  if (data === undefined) return null;
  const text = stringify(data);
  if (text === undefined || Buffer.byteLength(text) > MAX_DATA_BYTES) {
    throw new SetupError(
      '`data` is not small JSON.',
      `Keep at most ${MAX_DATA_BYTES} bytes of plain JSON in a session.`,
    );
  }
  return JSON.parse(text) as SessionData; // what the app's own type gave, through JSON
}

function stringify(data: SessionData): string | undefined {
  try {
    return JSON.stringify(data);
  } catch {
    return undefined; // a cycle or a bigint
  }
}
