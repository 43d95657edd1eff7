import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { ApiKeysOption } from '../http/authenticate.js';
import type { RoutedMethod } from '../http/method-routes.js';
import { DELIVERIES } from '../http/sign-in-options.js';
import { type Clock, inWholeMilliseconds } from '../internal/clock.js';
import { SetupError } from '../internal/setup-error.js';
import { refuseUnknownKeys } from '../internal/unknown-keys.js';
import type { Delivery } from '../stores/contract/sessions.js';
import type { Store } from '../stores/contract/store.js';

// The checks of single options: each gives the value as stepgate uses it, or throws a `SetupError`.

export function oneOf<T>(name: string, value: string, values: Readonly<Record<string, T>>): T {
  const found = Object.hasOwn(values, value) ? values[value] : undefined;
  if (found !== undefined) return found;
  const names = Object.keys(values).map((other) => `'${other}'`);
  throw new SetupError(`\`${name}\` has an unknown value.`, `Write one of ${names.join(', ')}.`);
}

export function text(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new SetupError(`\`${name}\` must be a string.`, 'Write a string that is not empty.');
}

export function object(name: string, value: unknown): object {
  if (typeof value === 'object' && value !== null) return value;
  throw new SetupError(`\`${name}\` must be an object.`, 'Leave it out, or write one as its type shows.');
}

export function parseIssuer(issuer: unknown): URL {
  const url = typeof issuer === 'string' && URL.canParse(issuer) ? new URL(issuer) : null;
  if (url !== null && (url.protocol === 'https:' || url.protocol === 'http:')) return url;
  throw new SetupError(
    '`issuer` must be an http(s) address.',
    "Write the app's own, for example 'https://app.example'.",
  );
}

export function parseStore(store: unknown): Store {
  const { sessions } = (store ?? {}) as Partial<Store>; // whatever it is, its one part that must be there tells a store
  if (typeof sessions?.find === 'function') return store as Store; // the other parts are checked by use
  throw new SetupError(
    '`store` must be a store.',
    "Write `memoryStore()`, or `sqliteStore('app.db')` of stepgate/sqlite.",
  );
}

export function parseMethods(methods: unknown): readonly RoutedMethod[] {
  if (Array.isArray(methods) && methods.every(isMethod)) return methods;
  throw new SetupError(
    '`methods` must be a list of methods.',
    'Write for example `[passkey({ rpID, rpName, origins })]`.',
  );
}

function isMethod(value: unknown): value is RoutedMethod {
  const { name, verify, enrolled } = (value ?? {}) as Partial<RoutedMethod>; // whatever it is, these three tell a method
  return typeof name === 'string' && name !== '' && typeof verify === 'function' && typeof enrolled === 'function';
}

export function parseDeliveries(deliveries: unknown): readonly Delivery[] {
  const known: readonly unknown[] = DELIVERIES;
  if (Array.isArray(deliveries) && deliveries.length > 0 && deliveries.every((one) => known.includes(one))) {
    return DELIVERIES.filter((one) => deliveries.includes(one));
  }
  throw new SetupError(
    '`deliveries` must be a list of deliveries.',
    `Leave it out for all, or write some of ${quoted(DELIVERIES)}.`,
  );
}

export function parseDelivery(delivery: Delivery, deliveries: readonly Delivery[]): Delivery {
  if (deliveries.includes(delivery)) return delivery;
  if (!DELIVERIES.includes(delivery)) {
    throw new SetupError('`delivery` has an unknown value.', `Write one of ${quoted(DELIVERIES)}.`);
  }
  throw new SetupError('`delivery` must be one of `deliveries`.', `Write one of ${quoted(deliveries)}, or list it.`);
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}

/** What another cookie of an instance is called, ours or one beside it. */
const TAKEN_NAME = /(?:^|-)(?:access|refresh|sign-in|step-up)$/;

/** What Express and its usual middlewares write to a request: overwriting it would break the app in a far place. */
const TAKEN_PROPERTIES: readonly string[] = (
  'app baseUrl body cookies file files next originalUrl params query rawBody res ' +
  'route secret session sessionID sessionStore signedCookies'
).split(' ');

export function parseRequestProperty(name: unknown): string | null {
  if (name === false) return null;
  if (typeof name !== 'string' || !/^[A-Za-z_$][\w$]*$/.test(name)) {
    throw new SetupError('`requestProperty` must be a name.', "Write for example 'staff', or false for no property.");
  }
  if (TAKEN_PROPERTIES.includes(name) || name in new IncomingMessage(new Socket())) {
    throw new SetupError('`requestProperty` is taken.', 'Write a name that neither Node nor Express has on a request.');
  }
  return name;
}

export function parseCookieName(name: unknown): string {
  if (typeof name !== 'string' || !/^[\w.-]{1,64}$/.test(name)) {
    throw new SetupError(
      '`cookieName` must be the name of a cookie.',
      'Write 1 to 64 letters, digits, `_`, `-` or `.`.',
    );
  }
  // Browsers tell the prefixes whatever their case.
  if (/^__(?:host|secure)-/i.test(name)) {
    throw new SetupError('`cookieName` must not have a prefix.', 'Leave it out: `__Host-` is put before each name.');
  }
  if (TAKEN_NAME.test(name)) {
    throw new SetupError(
      '`cookieName` is taken.',
      'Write a name that ends neither with `access` nor with `refresh`, `sign-in` or `step-up`: an instance has cookies of these names.',
    );
  }
  return name;
}

export function parseInsecureCookies(value: unknown, issuer: URL): boolean {
  const insecure = parseBoolean('insecureCookies', value);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(issuer.hostname);
  if (!insecure || isLocal) return insecure;
  throw new SetupError(
    '`insecureCookies` is for an issuer on localhost only.',
    'Leave it out and serve the app by https.',
  );
}

const AN_ORIGIN = "as scheme and host without a path or a slash, for example 'https://admin.app.example'.";

export function parseOrigins(origins: unknown): readonly string[] {
  if (!Array.isArray(origins)) {
    throw new SetupError('`trustedOrigins` must be a list of origins.', `Write each ${AN_ORIGIN}`);
  }
  return origins.map(parseOrigin);
}

/** Of a page that an app brings along: a scheme of its own, and a host. `Origin` has no more of it. */
const APP_ORIGIN = /^(?!https?:|wss?:|ftp:|file:)[a-z][a-z\d+.-]*:\/\/[\w.-]+(:\d{1,5})?$/;

function parseOrigin(origin: unknown): string {
  if (typeof origin === 'string') {
    if (origin.includes('*')) {
      throw new SetupError('`trustedOrigins` takes no wildcard.', `Write every origin by itself, ${AN_ORIGIN}`);
    }
    if (origin === 'null' || /^file:/i.test(origin)) {
      throw new SetupError(
        `\`trustedOrigins\` can't take '${origin}', which pages of strangers send as well.`,
        `Serve your page from an origin of its own, and write that ${AN_ORIGIN}`,
      );
    }
    if (URL.canParse(origin) && new URL(origin).origin === origin) return origin;
    if (APP_ORIGIN.test(origin.toLowerCase())) return origin.toLowerCase();
  }
  throw new SetupError('`trustedOrigins` must hold origins only.', `Write each ${AN_ORIGIN}`);
}

export function parseTouchInterval(touchInterval: number, idleLifetime: number): number {
  if (touchInterval < idleLifetime) return touchInterval;
  throw new SetupError(
    '`touchInterval` is not shorter than `idleLifetime`.',
    'Write a small part of it, or leave it out: a session would end while it is used.',
  );
}

export function parseCap(cap: unknown): number | null {
  if (cap === undefined) return null;
  if (typeof cap === 'number' && Number.isSafeInteger(cap) && cap >= 1) return cap;
  throw new SetupError('`maxSessionsPerUser` must be a whole number above 0.', 'Leave it out for no limit.');
}

export function parseApiKeys(apiKeys: ApiKeysOption | undefined): ApiKeysOption | null {
  if (apiKeys === undefined) return null;
  refuseUnknownKeys(object('apiKeys', apiKeys), ['prefix', 'ask', 'verify'], 'apiKeys');
  text('apiKeys.prefix', apiKeys.prefix);
  if (apiKeys.ask !== undefined) parseBoolean('apiKeys.ask', apiKeys.ask);
  if (parseFunction('apiKeys.verify', apiKeys.verify) !== undefined) return apiKeys;
  throw new SetupError('`apiKeys.verify` is missing.', 'Write a function that gives `{ userId, key }` or null.');
}

export function parseFunction<F extends (...args: never[]) => unknown>(
  name: string,
  value: F | undefined,
): F | undefined {
  if (value === undefined || typeof value === 'function') return value;
  throw new SetupError(`\`${name}\` must be a function.`, 'Write a function or leave it out.');
}

export function parseBoolean(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new SetupError(`\`${name}\` must be a boolean.`, 'Write true or false, or leave it out.');
}

export function parseClock(clock: Clock): Clock {
  if (typeof clock?.now === 'function') return inWholeMilliseconds(clock);
  throw new SetupError('`clock` must have a function `now`.', 'Leave it out, or give `{ now(): number }`.');
}
