import type { Delivery } from 'stepgate';
import { Problem } from './problem.js';

const EMAIL = /^[^\s\p{C}@]+@[^\s\p{C}@]+\.[^\s\p{C}@]+$/u;
const MAX_EMAIL = 254; // RFC 5321, section 4.5.3.1.3, less the angle brackets
const MIN_PASSWORD = 8; // NIST SP 800-63B-4 asks for 15 where a password is all there is
const MAX_PASSWORD = 128;

/** One address has one spelling here: trimmed and in lower case. */
export function readEmail(body: unknown): string {
  const email = readText(body, 'email').trim().toLowerCase();
  if (email.length > MAX_EMAIL || !EMAIL.test(email)) {
    throw invalid('Write an e-mail address such as name@example.com.', 'email');
  }
  return email;
}

/** In one normal form, so that every keyboard types the same password. */
export function sameSpelling(password: string): string {
  return password.normalize('NFKC');
}

/** 8 to 128 characters, whatever they are made of. */
export function readPassword(body: unknown, field = 'password'): string {
  const password = sameSpelling(readText(body, field));
  const { length } = Array.from(password); // code points
  if (length < MIN_PASSWORD || length > MAX_PASSWORD) {
    throw invalid(`A password has ${MIN_PASSWORD} to ${MAX_PASSWORD} characters.`, field);
  }
  return password;
}

const DELIVERIES: readonly Delivery[] = ['cookie', 'bearer', 'token-cookies'];

/** How the session is to travel: by a cookie unless the client asks for tokens. */
export function readDelivery(body: unknown): Delivery {
  if (typeof body !== 'object' || body === null || !('delivery' in body)) return 'cookie';
  const delivery = DELIVERIES.find((known) => known === body.delivery);
  if (delivery === undefined) throw invalid(`A delivery is one of ${DELIVERIES.join(', ')}.`, 'delivery');
  return delivery;
}

export interface Transfer {
  /** The e-mail address of an account here, or whoever it is at another bank. */
  readonly to: string;
  /** Cents. */
  readonly amount: number;
}

const MAX_AMOUNT = 100_000_000;

/** The amount is a number or its digits. Either way a confirmation is for what was sent: `"10"` needs one of its own. */
export function readTransfer(body: unknown): Transfer {
  const to = readText(body, 'to').trim();
  // No control characters: they could make the summary that is confirmed look like another.
  if (to === '' || to.length > MAX_EMAIL || /\p{C}/u.test(to)) throw invalid('Write whom the money is for.', 'to');
  const given: unknown = Reflect.get(Object(body), 'amount');
  const amount = typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : given;
  if (typeof amount !== 'number' || !Number.isInteger(amount) || amount < 1 || amount > MAX_AMOUNT) {
    throw invalid('An amount is a whole number of cents, from 1 to 100000000.', 'amount');
  }
  return { to, amount };
}

const ROLES = ['customer', 'teller', 'manager', 'auditor', 'admin'];

export function readRole(body: unknown): string {
  const role = readText(body, 'role');
  if (!ROLES.includes(role)) throw invalid(`A role is one of ${ROLES.join(', ')}.`, 'role');
  return role;
}

function readText(body: unknown, field: string): string {
  if (typeof body !== 'object' || body === null) throw invalid('Send a JSON object (Content-Type: application/json).');
  const value: unknown = Reflect.get(body, field);
  if (typeof value !== 'string') throw invalid(`The field "${field}" is missing or is not a text.`, field);
  return value;
}

function invalid(detail: string, field?: string): Problem {
  return new Problem(400, 'request_invalid', detail, field);
}
