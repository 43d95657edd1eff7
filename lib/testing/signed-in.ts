import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Delivery, Duration, Session, SessionData, Stepgate } from '../index.js';
import { milliseconds } from '../internal/duration.js';

export interface SignedInOptions<Name extends string> {
  readonly userId: string;
  /**
   * How long ago each method was passed: `{ passkey: '1m' }`. Less than a day. As in `signIn`, `password` and
   * `external` need not be configured. @default none
   */
  readonly proofs?: Readonly<Partial<Record<Name | 'password' | 'external', Duration>>>;
  /** @default the kit's own */
  readonly delivery?: Delivery;
  readonly data?: SessionData;
}

export interface SignedInForTest {
  /** For supertest's `.set(headers)`, `fetch` or Playwright's `extraHTTPHeaders`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly session: Session;
}

/**
 * Signs a user in without a browser, for an app's own tests: a real session in the kit's store, with proofs of the age
 * that the test needs.
 */
export async function signedIn<Name extends string>(
  auth: Pick<Stepgate<Name>, 'signIn' | 'clock'>,
  { userId, proofs, delivery, data }: SignedInOptions<Name>,
): Promise<SignedInForTest> {
  const now = auth.clock.now();
  const ages = Object.entries({ ...proofs } as Readonly<Record<string, Duration>>); // no member of `proofs` may be undefined
  const times = ages.map(([name, age]) => [name, now - milliseconds(age, name, { allowZero: true })] as const);
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

/** What a browser says of a request from the app's own page; a strict kit asks for it. */
const FROM_OWN_PAGE = { 'sec-fetch-site': 'same-origin' };

function cookieOf(res: ServerResponse): Record<string, string> {
  const set = [res.getHeader('Set-Cookie') ?? []].flat().map(String);
  const pairs = set.filter((line) => !line.includes('Max-Age=0')).map((line) => line.split(';', 1).join());
  return { cookie: pairs.join('; ') };
}
