import { type Duration, milliseconds } from '../../internal/duration.js';
import { SetupError } from '../../internal/setup-error.js';
import { refuseUnknownKeys } from '../../internal/unknown-keys.js';

export interface PasskeyOptions {
  /** The domain that the passkeys belong to, for good: the app's host or a parent domain of it, for example `'app.example'`. */
  readonly rpID: string;
  /** The app's name, as authenticators show it. */
  readonly rpName: string;
  /**
   * The origins of the pages that use passkeys, for example `['https://app.example']`; `https`, or on localhost `http`. An
   * Android app has `android:apk-key-hash:` and the SHA-256 of its signing certificate in base64url. A page of another
   * domain may be there beside the others: browsers use a passkey on it once `auth.wellKnown()` lists it at `rpID`.
   */
  readonly origins: readonly string[];
  /**
   * The origins of other sites that may show these pages in a frame. A browser that doesn't say which site it is
   * (`topOrigin`) is refused in a frame.
   *
   * @default [] no other site may
   */
  readonly allowedTopOrigins?: readonly string[] | undefined;
  /** How long the browser waits for the user. A challenge lives five minutes, whatever is written here. @default '5m' */
  readonly timeout?: Duration | undefined;
  /**
   * What becomes of a right signature whose counter didn't go up: the passkey may have been copied, or its authenticator
   * stopped counting. `'refuse'` it, or accept it and only `'report'` it; either makes the event
   * `passkey.counter-regressed`. With `'report'` the counter that came is the stored one from then on, so that an
   * authenticator which stopped counting is reported once.
   *
   * @default 'refuse'
   */
  readonly counter?: 'refuse' | 'report' | undefined;
}

/** The options, checked. */
export interface PasskeySettings {
  readonly rpID: string;
  readonly rpName: string;
  readonly origins: readonly string[];
  readonly allowedTopOrigins: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
  readonly counter: 'refuse' | 'report';
}

const NAMES = [
  'rpID',
  'rpName',
  'origins',
  'allowedTopOrigins',
  'timeout',
  'counter',
] satisfies (keyof PasskeyOptions)[];

/** Throws a `SetupError` that says what to write instead. */
export function parsePasskeyOptions(given: PasskeyOptions): PasskeySettings {
  if (typeof given !== 'object' || given === null) {
    throw new SetupError('`passkey` takes an object of options.', 'Write `passkey({ rpID, rpName, origins })`.');
  }
  refuseUnknownKeys(given, NAMES, 'passkey');
  const { rpName, allowedTopOrigins = [], timeout = '5m', counter = 'refuse' } = given; // WebAuthn Level 3, 15.1: five minutes
  const rpID = parseRpID(given.rpID);
  if (typeof rpName !== 'string' || rpName === '') {
    throw new SetupError('`passkey.rpName` is missing.', "Write the app's name, as its users know it.");
  }
  if (counter !== 'refuse' && counter !== 'report') {
    throw new SetupError('`passkey.counter` is unknown.', "Write 'refuse' or 'report', or leave it out for 'refuse'.");
  }
  const origins = parseOrigins('passkey.origins', given.origins, isAndroidApp);
  if (!origins.some((origin) => isAndroidApp(origin) || isWithin(new URL(origin).hostname, rpID))) {
    throw new SetupError(
      `\`passkey.origins\` has none of ${rpID}.`,
      'Write at least one whose host is `rpID` or ends with it, or that of an Android app.',
    );
  }
  return {
    rpID,
    rpName,
    origins,
    allowedTopOrigins: parseOrigins('passkey.allowedTopOrigins', allowedTopOrigins),
    timeout: milliseconds(timeout, 'passkey.timeout'),
    counter,
  };
}

/** A domain as browsers write it; of an address they make no passkeys. */
function parseRpID(rpID: unknown): string {
  const host = typeof rpID === 'string' && URL.canParse(`https://${rpID}`) ? new URL(`https://${rpID}`).hostname : null;
  if (host !== null && host === rpID && /[a-z]$/.test(host)) return host;
  throw new SetupError(
    '`passkey.rpID` must be a domain.',
    "Write the host alone, in small letters, without scheme and port, for example 'app.example' or 'localhost'.",
  );
}

function parseOrigins(
  name: string,
  origins: unknown,
  isOther: (value: unknown) => boolean = () => false,
): readonly string[] {
  const listed: readonly unknown[] = Array.isArray(origins) ? origins : [];
  const wildcard = listed.find((origin): origin is string => typeof origin === 'string' && origin.includes('*'));
  if (wildcard !== undefined) {
    throw new SetupError(
      `\`${name}\` has ${wildcard}, and there are no wildcards.`,
      "Write each origin by itself, for example ['https://app.example', 'https://login.app.example'].",
    );
  }
  if (Array.isArray(origins) && origins.every((origin) => isSecureOrigin(origin) || isOther(origin)))
    return [...(origins as readonly string[])]; // each was looked at
  throw new SetupError(
    `\`${name}\` must be a list of origins.`,
    "Write each as scheme and host without a path or a slash, for example 'https://app.example'; http is for localhost only.",
  );
}

/** Base64url of a SHA-256, without padding, as the system writes it. */
function isAndroidApp(value: unknown): boolean {
  return typeof value === 'string' && /^android:apk-key-hash:[\w-]{42}[AEIMQUYcgkosw048]$/.test(value);
}

function isSecureOrigin(value: unknown): value is string {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { origin, protocol, hostname } = new URL(value);
  return origin === value && (protocol === 'https:' || (protocol === 'http:' && isWithin(hostname, 'localhost')));
}

function isWithin(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}
