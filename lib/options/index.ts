import type { StepgateEvent } from '../events.js';
import type { ApiKeysOption } from '../http/authenticate.js';
import type { RoutedMethod } from '../http/method-routes.js';
import type { OnRefusal } from '../http/refusal.js';
import { DELIVERIES } from '../http/sign-in-options.js';
import { type Clock, systemClock } from '../internal/clock.js';
import type { Defined } from '../internal/defined.js';
import { type Duration, milliseconds } from '../internal/duration.js';
import { parseSecrets, type Secrets } from '../internal/keys.js';
import type { MaybePromise } from '../internal/maybe-promise.js';
import { SetupError } from '../internal/setup-error.js';
import { refuseUnknownKeys } from '../internal/unknown-keys.js';
import type { User } from '../methods/method.js';
import type { SessionOption } from '../session/foreign-session.js';
import { createRecords, type Records, type RecordsOption } from '../step-up/records.js';
import type { Delivery } from '../stores/contract/sessions.js';
import type { Store } from '../stores/contract/store.js';
import {
  object,
  oneOf,
  parseApiKeys,
  parseBoolean,
  parseCap,
  parseClock,
  parseCookieName,
  parseDeliveries,
  parseDelivery,
  parseFunction,
  parseInsecureCookies,
  parseIssuer,
  parseMethods,
  parseOrigins,
  parseRequestProperty,
  parseStore,
  parseTouchInterval,
  text,
} from './checks.js';
import { POLICIES, type Policy } from './policies.js';

export type { Policy } from './policies.js';

export interface StepgateOptions<M extends readonly RoutedMethod[] = readonly RoutedMethod[]> {
  /**
   * At least 32 bytes; every key is derived from it. In a list the first makes, all verify, so that a secret can be
   * replaced without ending a session: put the new one first, and take the old one out after `absoluteLifetime`. TOTP
   * secrets are encrypted anew at their use; what is left of them, and recovery codes, are good only while it is there.
   */
  readonly secret: string | undefined | readonly (string | undefined)[];
  /** The app's address, for example `'https://app.example'`: `iss` of access tokens, and its origin is the app's. */
  readonly issuer: string;
  readonly store: Store;
  /** Ways to prove presence, **strongest first**. @default [] */
  readonly methods?: M | undefined;
  /** How the app names its users; some methods need it. */
  readonly users?: UsersOption | undefined;
  /**
   * Who is signed in by sessions that the app keeps itself: `expressSession(…)`, `betterAuth(…)` or your own. stepgate
   * adds step-up to them, and nothing else: it signs nobody in. @default stepgate's own sessions
   */
  readonly session?: SessionOption | undefined;
  /** `aud` of access tokens. @default `issuer` */
  readonly audience?: string | undefined;
  /** How a session travels when `signIn` doesn't say. @default 'cookie' */
  readonly delivery?: Delivery | undefined;
  /**
   * The deliveries in use, `delivery` among them. `signIn` and the routes refuse any other; a cookie or a bearer token of
   * another is not looked at and not cleared. @default all three
   */
  readonly deliveries?: readonly Delivery[] | undefined;
  /**
   * Of the session cookie, without its `__Host-` prefix. With `'staff'` the other cookies are `staff-access`,
   * `staff-refresh` and `staff-sign-in`; with the default `access`, `refresh` and `sign-in`. @default 'session'
   */
  readonly cookieName?: string | undefined;
  /**
   * Sends cookies without `Secure` and without prefix, for http on localhost. Refused for any other issuer.
   * @default false
   */
  readonly insecureCookies?: boolean | undefined;
  /**
   * Other origins whose pages may send unsafe requests with our cookies, each written out: no wildcards. Pages that an
   * app brings along have a scheme of their own: `capacitor://localhost`, `chrome-extension://…`. @default []
   */
  readonly trustedOrigins?: readonly string[] | undefined;
  /** `'strict'` refuses unsafe requests that have neither `Sec-Fetch-Site` nor `Origin`. @default 'standard' */
  readonly csrf?: 'standard' | 'strict' | undefined;
  /** How long a session lives without being seen. @default '7d' */
  readonly idleLifetime?: Duration | undefined;
  /** How long a session lives at most, from the sign-in. @default '30d' */
  readonly absoluteLifetime?: Duration | undefined;
  /** @default '10m' */
  readonly accessTokenLifetime?: Duration | undefined;
  /** How long a refresh token still gives its successor after that was confirmed. 0: not at all. @default '30s' */
  readonly refreshGrace?: Duration | undefined;
  /** How long a replaced session token still works after its successor was confirmed. 0: not at all. @default '10s' */
  readonly tokenOverlap?: Duration | undefined;
  /** How often "last seen" is written for a session. @default the smaller of a minute and a twentieth of the idle lifetime */
  readonly touchInterval?: Duration | undefined;
  /** After how long a store that doesn't answer counts as failed. @default '5s' */
  readonly storeTimeout?: Duration | undefined;
  /** The oldest live sessions of a user end beyond it. @default no limit */
  readonly maxSessionsPerUser?: number | undefined;
  /** What of a client is kept with its session; what is left out is kept. @default both */
  readonly collect?: CollectOption | undefined;
  /** How often expired rows are deleted. @default '1h' */
  readonly cleanupInterval?: Duration | undefined;
  readonly policy?: Policy | undefined;
  /** The app's own API keys. @default none */
  readonly apiKeys?: ApiKeysOption | undefined;
  /**
   * The property of the request that guards set for handlers; `false` for none. `auth.current(req)` gives the same. Its
   * type is that of `import 'stepgate/express'` for `auth`, and the app's own for another. @default 'auth'
   */
  readonly requestProperty?: string | false | undefined;
  /** How approvals by somebody else are asked for, where a rule has an `approver`. */
  readonly approvals?: ApprovalsOption | undefined;
  /** Answers a refusal in place of the guards' problem+json. */
  readonly onRefusal?: OnRefusal | undefined;
  /** Receives everything worth an audit log. @default failures go to `console.error` */
  readonly onEvent?: ((event: StepgateEvent) => unknown) | undefined;
  /** @default the system's */
  readonly clock?: Clock | undefined;
}

export interface UsersOption {
  /** Null: unknown or disabled. A throw is a store failure. */
  readonly find: (userId: string) => MaybePromise<User | null>;
}

export interface ApprovalsOption {
  /** How long an approval may be decided. Once approved it may be spent for five minutes. @default '10m' */
  readonly lifetime?: Duration | undefined;
  /**
   * The app's page to approve on, a path such as `'/approvals'`: what asks is told its address, with the approval's id
   * as `?approval=…`. @default none
   */
  readonly page?: string | undefined;
  /** Signed statements of what was approved. @default none */
  readonly records?: RecordsOption | undefined;
}

export interface CollectOption {
  /** The address, for the session list and the events. @default true */
  readonly ip?: boolean | undefined;
  /** @default true */
  readonly userAgent?: boolean | undefined;
}

/** The options, checked, with times in milliseconds and defaults in place. */
export interface Settings {
  readonly secrets: Secrets;
  readonly issuer: string;
  readonly origin: string;
  readonly store: Store;
  readonly methods: readonly RoutedMethod[];
  readonly users: UsersOption | null;
  /** Null: stepgate's own. */
  readonly session: SessionOption | null;
  readonly audience: string;
  readonly delivery: Delivery;
  readonly deliveries: readonly Delivery[];
  readonly cookieName: string;
  readonly insecureCookies: boolean;
  readonly trustedOrigins: readonly string[];
  readonly csrf: 'standard' | 'strict';
  readonly idleLifetime: number;
  readonly absoluteLifetime: number;
  readonly accessTokenLifetime: number;
  readonly refreshGrace: number;
  readonly tokenOverlap: number;
  /** Whether a request that differs from the confirmed one ends the confirmation. */
  readonly voidsOnMismatch: boolean;
  readonly touchInterval: number;
  readonly storeTimeout: number;
  readonly maxSessionsPerUser: number | null;
  readonly collect: Required<CollectOption>;
  readonly cleanupInterval: number;
  readonly apiKeys: ApiKeysOption | null;
  /** Null for none. */
  readonly requestProperty: string | null;
  /** `page` is a whole URL. */
  readonly approvals: { readonly lifetime: number; readonly page: string | null; readonly records: Records | null };
  readonly onRefusal: OnRefusal | null;
  readonly onEvent: ((event: StepgateEvent) => unknown) | undefined;
  readonly clock: Clock;
}

const NAMES = [
  ...([
    'secret',
    'issuer',
    'store',
    'methods',
    'users',
    'session',
    'audience',
    'delivery',
    'deliveries',
    'cookieName',
    'insecureCookies',
    'trustedOrigins',
  ] as const),
  ...(['csrf', 'idleLifetime', 'absoluteLifetime', 'accessTokenLifetime', 'refreshGrace', 'tokenOverlap'] as const),
  ...([
    'touchInterval',
    'storeTimeout',
    'maxSessionsPerUser',
    'collect',
    'cleanupInterval',
    'policy',
    'apiKeys',
    'approvals',
  ] as const),
  ...(['requestProperty', 'onRefusal', 'onEvent', 'clock'] as const),
] satisfies (keyof StepgateOptions)[];

const DEFAULTS = {
  methods: [],
  delivery: 'cookie',
  deliveries: DELIVERIES,
  cookieName: 'session',
  insecureCookies: false,
  trustedOrigins: [],
  csrf: 'standard',
  idleLifetime: '7d',
  absoluteLifetime: '30d',
  accessTokenLifetime: '10m',
  refreshGrace: '30s',
  tokenOverlap: '10s',
  storeTimeout: '5s',
  cleanupInterval: '1h',
  requestProperty: 'auth',
  clock: systemClock,
} as const satisfies Partial<StepgateOptions>;

const MINUTE = 60_000;

/** Checks the options. Throws a `SetupError` that says what to write instead. */
export function parseOptions(given: StepgateOptions): Settings {
  if (typeof given !== 'object' || given === null) {
    throw new SetupError('`stepgate` takes an object of options.', 'Write `stepgate({ secret, issuer, store })`.');
  }
  refuseUnknownKeys(given, NAMES, 'options');
  // An option that is undefined was left out; null is a mistake, which each check finds.
  const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const policy = given.policy === undefined ? {} : oneOf('policy', given.policy, POLICIES);
  const options = { ...DEFAULTS, ...policy, ...(defined as unknown as Defined<StepgateOptions>) }; // as filtered

  const issuer = parseIssuer(options.issuer);
  const duration = (name: DurationName): number =>
    milliseconds(options[name], name, { allowZero: SWITCHABLE.has(name) });
  const idleLifetime = duration('idleLifetime');
  const session = parseSession(given);
  const deliveries = session === null ? parseDeliveries(options.deliveries) : [];
  return {
    secrets: parseSecrets(options.secret),
    issuer: options.issuer,
    origin: issuer.origin,
    store: parseStore(options.store),
    methods: parseMethods(options.methods),
    users: parseUsers(options.users),
    audience: options.audience === undefined ? options.issuer : text('audience', options.audience),
    session,
    delivery: session === null ? parseDelivery(options.delivery, deliveries) : options.delivery,
    deliveries,
    cookieName: parseCookieName(options.cookieName),
    insecureCookies: parseInsecureCookies(options.insecureCookies, issuer),
    trustedOrigins: parseOrigins(options.trustedOrigins),
    csrf: oneOf('csrf', options.csrf, { standard: 'standard', strict: 'strict' } as const),
    idleLifetime,
    absoluteLifetime: duration('absoluteLifetime'),
    accessTokenLifetime: duration('accessTokenLifetime'),
    refreshGrace: duration('refreshGrace'),
    tokenOverlap: duration('tokenOverlap'),
    voidsOnMismatch: given.policy === 'psd2',
    touchInterval:
      options.touchInterval === undefined
        ? Math.min(MINUTE, idleLifetime / 20)
        : parseTouchInterval(duration('touchInterval'), idleLifetime),
    storeTimeout: duration('storeTimeout'),
    maxSessionsPerUser: parseCap(options.maxSessionsPerUser),
    collect: parseCollect(options.collect),
    cleanupInterval: duration('cleanupInterval'),
    apiKeys: parseApiKeys(options.apiKeys),
    requestProperty: parseRequestProperty(options.requestProperty),
    approvals: parseApprovals(options.approvals, options.issuer, issuer.origin),
    onRefusal: parseFunction('onRefusal', options.onRefusal) ?? null,
    onEvent: parseFunction('onEvent', options.onEvent),
    clock: parseClock(options.clock),
  };
}

type DurationName = {
  [K in keyof StepgateOptions]-?: Duration extends StepgateOptions[K] ? K : never;
}[keyof StepgateOptions];

const SWITCHABLE: ReadonlySet<DurationName> = new Set<DurationName>(['refreshGrace', 'tokenOverlap']);

function parseCollect(collect: CollectOption = {}): Required<CollectOption> {
  refuseUnknownKeys(object('collect', collect), ['ip', 'userAgent'], 'collect');
  const { ip = true, userAgent = true } = collect;
  return { ip: parseBoolean('collect.ip', ip), userAgent: parseBoolean('collect.userAgent', userAgent) };
}

function parseApprovals(approvals: ApprovalsOption = {}, issuer: string, origin: string): Settings['approvals'] {
  refuseUnknownKeys(object('approvals', approvals), ['lifetime', 'page', 'records'], 'approvals');
  const { lifetime = '10m', page, records } = approvals;
  return {
    lifetime: milliseconds(lifetime, 'approvals.lifetime'),
    page: page === undefined ? null : parsePage(page, origin),
    records: records === undefined ? null : createRecords(records, issuer),
  };
}

function parsePage(page: unknown, origin: string): string {
  if (typeof page === 'string' && page.startsWith('/') && URL.canParse(page, origin)) {
    const url = new URL(page, origin);
    if (url.origin === origin && url.hash === '') return url.href;
  }
  throw new SetupError('`approvals.page` must be a path of this app.', "Write for example '/approvals'.");
}

/** What is about stepgate's own sessions. */
const OF_OWN_SESSIONS = [
  'delivery',
  'deliveries',
  'idleLifetime',
  'accessTokenLifetime',
  'refreshGrace',
  'tokenOverlap',
  'touchInterval',
  'maxSessionsPerUser',
  'approvals',
] as const satisfies (keyof StepgateOptions)[];

function parseSession(options: StepgateOptions): SessionOption | null {
  const { session } = options;
  if (session === undefined) return null;
  const useless = OF_OWN_SESSIONS.find((name) => options[name] !== undefined);
  if (useless !== undefined) {
    throw new SetupError(`\`${useless}\` says nothing about sessions that the app keeps.`, 'Leave it out.');
  }
  if (options.apiKeys?.ask === true) {
    throw new SetupError("`apiKeys.ask` needs stepgate's own sessions, on which somebody approves.", 'Leave it out.');
  }
  refuseUnknownKeys(object('session', session), ['of', 'end'], 'session');
  parseFunction('session.end', session.end);
  if (parseFunction('session.of', session.of) !== undefined) return session;
  throw new SetupError('`session.of` is missing.', 'Write a function that gives `{ id, userId }` or null.');
}

function parseUsers(users: UsersOption | undefined): UsersOption | null {
  if (users === undefined) return null;
  refuseUnknownKeys(object('users', users), ['find'], 'users');
  if (parseFunction('users.find', users.find) !== undefined) return users;
  throw new SetupError('`users.find` is missing.', 'Write a function that gives `{ name }` or null.');
}
