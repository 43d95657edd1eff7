import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Delivery, Duration, Session, SessionData, Stepgate } from '../index.js';
import { milliseconds } from '../internal/duration.js';
import { SetupError } from '../internal/setup-error.js';
import { encode } from '../internal/tokens.js';
import { type KeptSession, proofsForTests } from '../session/proofs-for-tests.js';

export interface SignedInOptions<Name extends string> {
  readonly userId: string;
  /**
   * How long ago each method was passed: `{ passkey: '1m' }`. Less than a day. As in `signIn`, `password` and
   * `external` need not be configured. @default none
   */
  readonly proofs?: Readonly<Partial<Record<Name | 'password' | 'external', Duration>>>;
  /** @default stepgate's own */
  readonly delivery?: Delivery;
  readonly data?: SessionData;
}

export interface SignedInForTest {
  /** For supertest's `.set(headers)`, `fetch` or Playwright's `extraHTTPHeaders`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly session: Session;
}

/** For an instance beside sessions that the app keeps. */
export interface ProvenOptions<Name extends string> {
  /** Of the session, which the test has begun in the app's own way: `auth.current(req).session`, or as `GET /auth/session` answers. */
  readonly session: KeptSession;
  /** How long ago each method was passed. */
  readonly proofs: Readonly<Partial<Record<Name, Duration>>>;
  /** Of the instance's `cookieName` and `insecureCookies`. @default '__Host-step-up' */
  readonly cookieName?: string;
}

/**
 * Signs a user in without a browser, for an app's own tests: a real session in stepgate's store, with proofs of the age
 * that the test needs. Where the app keeps its sessions itself, it proves for one of them: the headers are to be sent
 * beside the app's own, a `cookie` in one header with its cookie.
 */
export async function signedIn<Name extends string>(
  auth: Pick<Stepgate<Name>, 'signIn' | 'clock'>,
  options: SignedInOptions<Name>,
): Promise<SignedInForTest>;
export async function signedIn<Name extends string>(
  auth: Stepgate<Name>,
  options: ProvenOptions<Name>,
): Promise<Pick<SignedInForTest, 'headers'>>;
export async function signedIn<Name extends string>(
  auth: Pick<Stepgate<Name>, 'signIn' | 'clock'>,
  options: SignedInOptions<Name> | ProvenOptions<Name>,
): Promise<SignedInForTest | Pick<SignedInForTest, 'headers'>> {
  if ('session' in options) return proven(auth, options);
  const { userId, proofs, delivery, data } = options;
  const times = timesOf(auth, proofs);
  const method = times.map(([name]) => name) as unknown as readonly Name[]; // the keys of `proofs`
  const startedAt = Object.fromEntries(times) as Partial<Record<Name | 'password' | 'external', number>>; // the same keys

  const req = new IncomingMessage(new Socket());
  Object.assign(req.headers, FROM_OWN_PAGE);
  const res = new ServerResponse(req);
  const { session, body } = await auth.signIn(req, res, {
    userId,
    ...(delivery === undefined ? {} : { delivery }),
    ...(method.length === 0 ? { method: 'external', interactive: false } : { method, startedAt }),
    ...(data === undefined ? {} : { data }),
  });
  const credential = body.access_token === undefined ? cookieOf(res) : { authorization: `Bearer ${body.access_token}` };
  return { headers: { ...credential, ...FROM_OWN_PAGE }, session };
}

async function proven<Name extends string>(
  auth: Pick<Stepgate<Name>, 'clock'>,
  { session, proofs, cookieName = '__Host-step-up' }: ProvenOptions<Name>,
): Promise<Pick<SignedInForTest, 'headers'>> {
  const prove = proofsForTests.get(auth);
  if (prove === undefined) {
    throw new SetupError(
      '`session` is for an instance beside sessions that the app keeps.',
      'Write `userId`, or hand in the instance as `stepgate` made it.',
    );
  }
  const token = encode(await prove(session, Object.fromEntries(timesOf(auth, proofs))));
  if (session.delivery === 'bearer') return { headers: { 'stepgate-step-up': token } };
  return { headers: { cookie: `${cookieName}=${token}`, ...FROM_OWN_PAGE } };
}

function timesOf(
  { clock }: Pick<Stepgate, 'clock'>,
  proofs: Readonly<Record<string, Duration | undefined>> | undefined,
): readonly (readonly [string, number])[] {
  const now = clock.now();
  return Object.entries({ ...proofs }).flatMap(([name, age]) =>
    age === undefined ? [] : [[name, now - milliseconds(age, name, { allowZero: true })] as const],
  );
}

/** What a browser says of a request from the app's own page; a strict instance asks for it. */
const FROM_OWN_PAGE = { 'sec-fetch-site': 'same-origin' };

function cookieOf(res: ServerResponse): Record<string, string> {
  const set = [res.getHeader('Set-Cookie') ?? []].flat().map(String);
  const pairs = set.filter((line) => !line.includes('Max-Age=0')).map((line) => line.split(';', 1).join());
  return { cookie: pairs.join('; ') };
}
