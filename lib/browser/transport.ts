import type { RefusalJson, SignedInJson } from '../wire.js';
import { createCall, unlessSignedOut } from './call.js';
import { StepgateError } from './errors.js';
import type { PageSession } from './page-session.js';
import { refusalIn } from './refusal.js';
import { requestMaker } from './request.js';
import { aborted, shared } from './wait.js';

/** The tokens of a `bearer` session, as the server hands them out. */
export type Tokens = SignedInJson;

/** Where an app keeps them. A null given to `set`: there are none any more. */
export interface TokenStore {
  readonly get: () => Tokens | null | Promise<Tokens | null>;
  readonly set: (tokens: Tokens | null) => void | Promise<void>;
}

export interface Answer {
  readonly response: Response;
  readonly refusal: RefusalJson | null;
}

export interface Sending {
  /** Makes the request, the same each time. */
  readonly make: () => Request;
  readonly signal?: AbortSignal | null | undefined;
  /** Whether it may do something: then nobody knows what came of it once it is on its way. */
  readonly unsafe?: boolean | undefined;
  readonly again?: (() => Promise<Response>) | undefined;
  /** Whether the page only looks who is there: that nobody is, is no event then. */
  readonly isLook?: boolean;
}

export type Transport = readonly [
  /** Sends a request, and once more after a refresh where the access token had expired. */
  send: (sending: Sending) => Promise<Answer>,
  /** Keeps the tokens of an answer, where a store was given. A step-up's has no new refresh token. */
  keep: (body: Partial<Tokens>) => Promise<void>,
];

/** A refresh that takes longer is given up, so that no tab holds the others back. */
const PATIENCE = 10_000;

export function createTransport(
  /** Without a slash at its end. */
  mount: string,
  /** Whether a URL is the session's to send to, and its answer to be believed. */
  isOurs: (url: string) => boolean,
  tokens: TokenStore | undefined,
  session: PageSession,
): Transport {
  const callNow = createCall(
    ({ make }) => transmit({ make: requestMaker(make(), { signal: AbortSignal.timeout(PATIENCE) }) }),
    mount,
  );

  /**
   * Once for all requests of the page, one at a time in all tabs; at once where there are no locks, or where nobody gives
   * the lock back. Gives nothing where there is nothing to refresh.
   */
  const refresh = shared(async (expired: string | undefined) => {
    let running: Promise<unknown> | undefined;
    const begin = (): Promise<unknown> => (running ??= refreshNow(expired));
    // Whatever the work fails with, it fails with once more below.
    await navigator.locks?.request(mount, { signal: AbortSignal.timeout(PATIENCE) }, begin).catch(() => null);
    return begin();
  });

  /** Whoever had to wait for another tab finds that it has been done. */
  async function refreshNow(expired: string | undefined): Promise<unknown> {
    const now = await tokens?.get();
    if (tokens ? now?.access_token !== expired : await unlessSignedOut(callNow('GET', '/session'))) return true;
    const body = await unlessSignedOut(
      callNow<Tokens>('POST', '/token/refresh', { refresh_token: now?.refresh_token }),
    );
    if (body) await keep(body);
    return body;
  }

  async function transmit(
    { make, signal, unsafe, again, isLook }: Sending,
    { access_token: accessToken, step_up_token: proof }: Partial<Tokens> = {},
  ): Promise<Answer> {
    if (signal?.aborted) await aborted(signal);
    const request = make();
    const id = !isLook && session.pinned();
    if (id) request.headers.set('Stepgate-Session', id);
    if (accessToken) request.headers.set('Authorization', `Bearer ${accessToken}`);
    if (proof) request.headers.set('Stepgate-Step-Up', proof);
    const response = await fetch(request).catch((cause: unknown) => {
      throw new StepgateError(unsafe ? 'outcome_unknown' : signal?.aborted ? 'cancelled' : 'offline', { cause, again });
    });
    // A proxy speaks: the app behind it may have done everything.
    if (unsafe && response.status >= 500 && !response.headers.get('Content-Type')?.includes('json')) {
      throw new StepgateError('outcome_unknown', { response, again });
    }
    const refusal = isOurs(response.url) ? await refusalIn(response) : null;
    if (refusal?.code === 'session_changed') {
      session.emit('session-changed');
      throw new StepgateError(refusal.code, { response, refusal });
    }
    return { response, refusal };
  }

  async function send(sending: Sending): Promise<Answer> {
    for (let attempt = 0; ; attempt++) {
      const now = { ...(await tokens?.get()) } as Partial<Tokens>; // or none
      const answer = await transmit(sending, now);
      const code = answer.refusal?.code;
      if (code === 'session_invalid' && attempt < 2 && (await refresh(now.access_token))) continue;
      if (code?.startsWith('session_')) {
        await tokens?.set(null);
        session.end(!sending.isLook);
      }
      return answer;
    }
  }

  async function keep(body: Partial<Tokens>): Promise<void> {
    await tokens?.set({ ...(await tokens.get()), ...(body as Tokens) }); // whole with what there was before
  }

  return [send, keep];
}
