import { CLOCK_TOLERANCE } from '../internal/clock.js';
import { refuseUnknownKeys } from '../internal/nearest.js';
import { SetupError } from '../internal/setup-error.js';
import { isStorable, storable } from '../internal/storable.js';
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
  readonly interactive?: boolean;
  /** @default the kit's `delivery` */
  readonly delivery?: Delivery;
  /** A name for the session list; what is beyond 255 characters is cut off. */
  readonly label?: string;
  /** JSON, at most 4 KiB; fixed for the session's life. */
  readonly data?: SessionData;
  /**
   * When the credentials were taken, in epoch milliseconds; by method where they were taken one after the other. Give
   * it when checking them takes time: a sign-in that began before the user's sessions were revoked is refused.
   * @default now
   */
  readonly startedAt?: number | Readonly<Partial<Record<Name, number>>>;
}

/** The options of a sign-in, checked, with defaults in place but for the kit's own delivery. */
export interface CheckedSignIn {
  readonly userId: string;
  readonly methods: readonly string[];
  /** When the credentials of each method were taken. */
  readonly times: Readonly<Record<string, number>>;
  readonly interactive: boolean;
  readonly delivery: Delivery | undefined;
  readonly label: string | null;
  readonly data: SessionData | null;
}

const NAMES = [
  'userId',
  'method',
  'interactive',
  'delivery',
  'label',
  'data',
  'startedAt',
] satisfies (keyof SignInOptions<string>)[];
const MAX_USER_ID = 255;
const MAX_LABEL = 255;
const MAX_DATA_BYTES = 4_096;
export const DELIVERIES: readonly Delivery[] = ['cookie', 'bearer', 'token-cookies'];

/** Throws a `SetupError` that says what to write instead: also for a misspelt `interactive`, which would make a proof. */
export function readSignIn(options: SignInOptions<string>, known: readonly string[], now: number): CheckedSignIn {
  if (typeof options !== 'object' || options === null) {
    throw new SetupError('`signIn` takes an object of options.', 'Write `signIn(req, res, { userId, method })`.');
  }
  refuseUnknownKeys(options, NAMES, 'options');
  const { userId, method, interactive = true, delivery, label, data, startedAt } = options;
  if (typeof userId !== 'string' || userId === '' || userId.length > MAX_USER_ID || !isStorable(userId)) {
    throw new SetupError(
      '`userId` is no user id.',
      `Write a string of 1 to ${MAX_USER_ID} characters, none of them NUL.`,
    );
  }
  const methods = [method].flat();
  if (methods.length === 0 || !methods.every((name) => known.includes(name))) {
    throw new SetupError('`method` names no method of this kit.', `Write one of: ${known.join(', ')}.`);
  }
  if (typeof interactive !== 'boolean') {
    throw new SetupError('`interactive` is no boolean.', 'Write true or false, or leave it out for true.');
  }
  if (delivery !== undefined && !DELIVERIES.includes(delivery)) {
    throw new SetupError('`delivery` is unknown.', `Write one of: ${DELIVERIES.join(', ')}.`);
  }
  if (label !== undefined && typeof label !== 'string') {
    throw new SetupError('`label` is not a string.', 'Leave it out or write a string.');
  }
  const times = timesOf(startedAt, methods, now);
  const kept = label === undefined ? null : storable(label.slice(0, MAX_LABEL));
  return { userId, methods, times, interactive, delivery, label: kept, data: jsonOf(data) };
}

/** A clock may be a little ahead of ours; then the credentials were taken now. */
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
    if (Number.isFinite(at) && at <= now + CLOCK_TOLERANCE) return Math.min(Math.floor(at), now);
    throw new SetupError('`startedAt` is not a past time.', 'Write `Date.now()` as it was when the credentials came.');
  };
  return Object.fromEntries(methods.map((method) => [method, timeOf(method)]));
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
