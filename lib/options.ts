import type { StepgateEvent } from './events.js';
import type { ApiKeysOption } from './http/authenticate.js';
import type { OnRefusal } from './http/refusal.js';
import type { Clock } from './internal/clock.js';
import { type Duration, milliseconds } from './internal/duration.js';
import { readSecrets, type Secrets } from './internal/keys.js';
import type { MaybePromise } from './internal/maybe-promise.js';
import { refuseUnknownKeys } from './internal/nearest.js';
import { SetupError } from './internal/setup-error.js';
import type { Method, User } from './methods/method.js';
import type { Delivery } from './stores/contract/sessions.js';
import type { Store } from './stores/contract/store.js';

/**
 * A ready set of lifetimes and switches, named after where its numbers come from. It is these settings and no
 * statement of conformity; options given beside it win.
 */
export type Policy = 'nist-aal2' | 'nist-aal3' | 'psd2';

export interface StepgateOptions<M extends readonly Method[] = readonly Method[]> {
  /**
   * At least 32 bytes; every key is derived from it. In a list the first makes, all verify, so that a secret can be
   * replaced without ending a session: put the new one first, and take the old one out after `absoluteLifetime`. TOTP
   * and recovery codes that were set up with the old one are good only while it is there.
   */
  readonly secret: string | undefined | readonly (string | undefined)[];
  /** The app's address, for example `'https://app.example'`: `iss` of access tokens, and its origin is the app's. */
  readonly issuer: string;
  readonly store: Store;
  /** Ways to prove presence, **strongest first**. @default [] */
  readonly methods?: M;
  /** How the app names its users; some methods need it. */
  readonly users?: UsersOption;
  /** `aud` of access tokens. @default `issuer` */
  readonly audience?: string;
  /** How a session travels when `signIn` doesn't say. @default 'cookie' */
  readonly delivery?: Delivery;
  /** Without its `__Host-` prefix. @default 'session' */
  readonly cookieName?: string;
  /**
   * Sends cookies without `Secure` and without prefix, for http on localhost. Refused for any other issuer.
   * @default false
   */
  readonly insecureCookies?: boolean;
  /** Other origins whose pages may send unsafe requests with our cookies. @default [] */
  readonly trustedOrigins?: readonly string[];
  /** `'strict'` refuses unsafe requests that have neither `Sec-Fetch-Site` nor `Origin`. @default 'standard' */
  readonly csrf?: 'standard' | 'strict';
  /** How long a session lives without being seen. @default '7d' */
  readonly idleLifetime?: Duration;
  /** How long a session lives at most, from the sign-in. @default '30d' */
  readonly absoluteLifetime?: Duration;
  /** @default '10m' */
  readonly accessTokenLifetime?: Duration;
  /** How long a refresh token still gives its successor after that was used. 0: not at all. @default '30s' */
  readonly refreshGrace?: Duration;
  /** How long a replaced session token still works after its successor was used. 0: not at all. @default '10s' */
  readonly tokenOverlap?: Duration;
  /** How often "last seen" is written for a session. @default the smaller of a minute and a twentieth of the idle lifetime */
  readonly touchInterval?: Duration;
  /** After how long a store that doesn't answer counts as failed. @default '5s' */
  readonly storeTimeout?: Duration;
  /** The oldest live sessions of a user end beyond it. @default no limit */
  readonly maxSessionsPerUser?: number;
  /** How often rows that are over are deleted. @default '1h' */
  readonly cleanupInterval?: Duration;
  readonly policy?: Policy;
  /** The app's own API keys. @default none */
  readonly apiKeys?: ApiKeysOption;
  /** Answers a refusal in place of the guards' problem+json. */
  readonly onRefusal?: OnRefusal;
  /** Is told everything worth an audit log. @default failures go to `console.error` */
  readonly onEvent?: (event: StepgateEvent) => unknown;
  /** @default the system's */
  readonly clock?: Clock;
}

export interface UsersOption {
  /** Null: unknown or disabled. A throw is a store failure. */
  readonly find: (userId: string) => MaybePromise<User | null>;
}

/** The options, checked, with times in milliseconds and defaults in place. */
export interface Settings {
  readonly secrets: Secrets;
  readonly issuer: string;
  readonly origin: string;
  readonly store: Store;
  readonly methods: readonly Method[];
  readonly users: UsersOption | null;
  readonly audience: string;
  readonly delivery: Delivery;
  readonly cookieName: string;
  readonly insecureCookies: boolean;
  readonly trustedOrigins: readonly string[];
  readonly csrf: 'standard' | 'strict';
  readonly idleLifetime: number;
  readonly absoluteLifetime: number;
  readonly accessTokenLifetime: number;
  readonly refreshGrace: number;
  readonly tokenOverlap: number;
  readonly touchInterval: number;
  readonly storeTimeout: number;
  readonly maxSessionsPerUser: number | null;
  readonly cleanupInterval: number;
  readonly apiKeys: ApiKeysOption | null;
  readonly onRefusal: OnRefusal | null;
  readonly onEvent: ((event: StepgateEvent) => unknown) | undefined;
  readonly clock: Clock;
}

type PolicySettings = Required<
  Pick<StepgateOptions, 'idleLifetime' | 'absoluteLifetime' | 'csrf' | 'refreshGrace' | 'tokenOverlap'>
>;

const STRICT = { csrf: 'strict', refreshGrace: 0, tokenOverlap: 0 } as const;
const POLICIES: Readonly<Record<Policy, PolicySettings>> = {
  'nist-aal2': { idleLifetime: '1h', absoluteLifetime: '24h', ...STRICT }, // SP 800-63B-4 2.2.3
  'nist-aal3': { idleLifetime: '15m', absoluteLifetime: '12h', ...STRICT }, // SP 800-63B-4 2.3.3
  psd2: { idleLifetime: '5m', absoluteLifetime: '12h', ...STRICT }, // RTS (EU) 2018/389 art. 4(3)(d)
};

const NAMES = [
  ...([
    'secret',
    'issuer',
    'store',
    'methods',
    'users',
    'audience',
    'delivery',
    'cookieName',
    'insecureCookies',
    'trustedOrigins',
  ] as const),
  ...(['csrf', 'idleLifetime', 'absoluteLifetime', 'accessTokenLifetime', 'refreshGrace', 'tokenOverlap'] as const),
  ...(['touchInterval', 'storeTimeout', 'maxSessionsPerUser', 'cleanupInterval', 'policy', 'apiKeys'] as const),
  ...(['onRefusal', 'onEvent', 'clock'] as const),
] satisfies (keyof StepgateOptions)[];

const MINUTE = 60_000;

/** Checks the options. Throws a `SetupError` that says what to write instead. */
export function readOptions(given: StepgateOptions): Settings {
  if (typeof given !== 'object' || given === null) {
    throw new SetupError('`stepgate` takes an object of options.', 'Write `stepgate({ secret, issuer, store })`.');
  }
  refuseUnknownKeys(given, NAMES, 'options');
  const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const policy = given.policy === undefined ? {} : oneOf('policy', given.policy, POLICIES);
  const options: StepgateOptions = { ...policy, ...(defined as Partial<StepgateOptions>), ...required(given) }; // `defined` has the keys of `given`

  const issuer = readIssuer(options.issuer);
  const duration = (name: DurationName, preset: Duration): number =>
    milliseconds(options[name] ?? preset, name, { allowZero: SWITCHABLE.has(name) });
  const idleLifetime = duration('idleLifetime', '7d');
  return {
    secrets: readSecrets(options.secret),
    issuer: options.issuer,
    origin: issuer.origin,
    store: readStore(options.store),
    methods: readMethods(options.methods ?? []),
    users: readUsers(options.users),
    audience: text('audience', options.audience ?? options.issuer),
    delivery: oneOf('delivery', options.delivery ?? 'cookie', DELIVERIES),
    cookieName: readCookieName(options.cookieName ?? 'session'),
    insecureCookies: readInsecureCookies(options.insecureCookies ?? false, issuer),
    trustedOrigins: readOrigins(options.trustedOrigins ?? []),
    csrf: oneOf('csrf', options.csrf ?? 'standard', { standard: 'standard', strict: 'strict' } as const),
    idleLifetime,
    absoluteLifetime: duration('absoluteLifetime', '30d'),
    accessTokenLifetime: duration('accessTokenLifetime', '10m'),
    refreshGrace: duration('refreshGrace', '30s'),
    tokenOverlap: duration('tokenOverlap', '10s'),
    touchInterval: duration('touchInterval', Math.min(MINUTE, idleLifetime / 20) / 1_000),
    storeTimeout: duration('storeTimeout', '5s'),
    maxSessionsPerUser: readCap(options.maxSessionsPerUser),
    cleanupInterval: duration('cleanupInterval', '1h'),
    apiKeys: readApiKeys(options.apiKeys),
    onRefusal: readFunction('onRefusal', options.onRefusal) ?? null,
    onEvent: readFunction('onEvent', options.onEvent),
    clock: readClock(options.clock ?? Date),
  };
}

type DurationName = {
  [K in keyof StepgateOptions]-?: Duration extends StepgateOptions[K] ? K : never;
}[keyof StepgateOptions];

const SWITCHABLE: ReadonlySet<DurationName> = new Set<DurationName>(['refreshGrace', 'tokenOverlap']);
const DELIVERIES = { cookie: 'cookie', bearer: 'bearer', 'token-cookies': 'token-cookies' } as const;

/** These three keep their undefined, so that their own checks can say what is missing. */
function required({ secret, issuer, store }: StepgateOptions): Pick<StepgateOptions, 'secret' | 'issuer' | 'store'> {
  return { secret, issuer, store };
}

function oneOf<T>(name: string, value: string, values: Readonly<Record<string, T>>): T {
  const found = Object.hasOwn(values, value) ? values[value] : undefined;
  if (found !== undefined) return found;
  const names = Object.keys(values).map((other) => `'${other}'`);
  throw new SetupError(`\`${name}\` has an unknown value.`, `Write one of ${names.join(', ')}.`);
}

function text(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new SetupError(`\`${name}\` is not a string.`, 'Write a string that is not empty.');
}

function readIssuer(issuer: unknown): URL {
  const url = typeof issuer === 'string' && URL.canParse(issuer) ? new URL(issuer) : null;
  if (url !== null && (url.protocol === 'https:' || url.protocol === 'http:')) return url;
  throw new SetupError('`issuer` is no http(s) address.', "Write the app's own, for example 'https://app.example'.");
}

function readStore(store: unknown): Store {
  if (typeof store === 'object' && store !== null && 'sessions' in store) return store as Store; // its parts are checked by use
  throw new SetupError('`store` is no store.', "Write `memoryStore()`, or `sqliteStore('app.db')` of stepgate/sqlite.");
}

function readMethods(methods: unknown): readonly Method[] {
  if (Array.isArray(methods) && methods.every(isMethod)) return methods;
  throw new SetupError('`methods` is no list of methods.', 'Write for example `[passkey({ rpID, rpName, origins })]`.');
}

function isMethod(value: unknown): value is Method {
  const { name, verify, enrolled } = (value ?? {}) as Partial<Method>; // whatever it is, these three tell a method
  return typeof name === 'string' && name !== '' && typeof verify === 'function' && typeof enrolled === 'function';
}

function readUsers(users: UsersOption | undefined): UsersOption | null {
  if (users === undefined) return null;
  refuseUnknownKeys(users, ['find'], 'users');
  if (readFunction('users.find', users.find) !== undefined) return users;
  throw new SetupError('`users.find` is missing.', 'Write a function that gives `{ name }` or null.');
}

const TAKEN_NAMES = new Set(['access', 'refresh', 'sign-in']);

function readCookieName(name: unknown): string {
  if (typeof name === 'string' && /^[\w.-]{1,64}$/.test(name) && !TAKEN_NAMES.has(name)) return name;
  throw new SetupError(
    '`cookieName` is no name for a cookie.',
    'Write 1 to 64 letters, digits, `_`, `-` or `.`; `access`, `refresh` and `sign-in` are taken.',
  );
}

function readInsecureCookies(insecure: unknown, issuer: URL): boolean {
  if (typeof insecure !== 'boolean') throw new SetupError('`insecureCookies` is no boolean.', 'Leave it out.');
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(issuer.hostname);
  if (!insecure || isLocal) return insecure;
  throw new SetupError(
    '`insecureCookies` is for an issuer on localhost only.',
    'Leave it out and serve the app by https.',
  );
}

function readOrigins(origins: unknown): readonly string[] {
  if (Array.isArray(origins) && origins.every(isOrigin)) return origins;
  throw new SetupError(
    '`trustedOrigins` is no list of origins.',
    "Write each as scheme and host without a path or a slash, for example 'https://admin.app.example'.",
  );
}

function isOrigin(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value;
}

function readCap(cap: unknown): number | null {
  if (cap === undefined) return null;
  if (typeof cap === 'number' && Number.isSafeInteger(cap) && cap >= 1) return cap;
  throw new SetupError('`maxSessionsPerUser` is no whole number above 0.', 'Leave it out for no limit.');
}

function readApiKeys(apiKeys: ApiKeysOption | undefined): ApiKeysOption | null {
  if (apiKeys === undefined) return null;
  refuseUnknownKeys(apiKeys, ['prefix', 'verify'], 'apiKeys');
  text('apiKeys.prefix', apiKeys.prefix);
  if (readFunction('apiKeys.verify', apiKeys.verify) !== undefined) return apiKeys;
  throw new SetupError('`apiKeys.verify` is missing.', 'Write a function that gives `{ userId, key }` or null.');
}

function readFunction<F extends (...args: never[]) => unknown>(name: string, value: F | undefined): F | undefined {
  if (value === undefined || typeof value === 'function') return value;
  throw new SetupError(`\`${name}\` is no function.`, 'Write a function or leave it out.');
}

function readClock(clock: Clock): Clock {
  if (typeof clock.now === 'function') return { now: () => Math.floor(clock.now()) }; // stores keep whole milliseconds
  throw new SetupError('`clock` has no function `now`.', 'Leave it out, or give `{ now(): number }`.');
}
