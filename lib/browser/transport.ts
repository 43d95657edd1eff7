import type { RefusalJson, SignedInJson } from '../wire.js';
import { StepgateError } from './errors.js';
import type { PageSession } from './page-session.js';
import { jsonOf, refusalIn } from './refusal.js';

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

export interface Transport {
  /** Sends a request, and once more after a refresh where the access token was over. */
  readonly send: (sending: Sending) => Promise<Answer>;
  /** A request to one of the kit's routes. */
  readonly requestTo: (method: string, path: string, body?: object) => Request;
  /** Keeps the tokens of an answer, where a store was given. A step-up's has no new refresh token. */
  readonly keep: (body: Partial<Tokens>) => Promise<void>;
}

export interface TransportOptions {
  /** Without a slash at its end. */
  readonly mount: string;
  readonly origins: readonly string[];
  readonly tokens: TokenStore | undefined;
  readonly session: PageSession;
}

/** A refresh that takes longer is given up, so that no tab holds the others back. */
const PATIENCE = 10_000;

export function createTransport({ mount, origins, tokens, session }: TransportOptions): Transport {
  let refreshes = 0;
  let refreshing: Promise<boolean> | undefined;

  /**
   * Once for all requests of the page, one at a time in all tabs; at once where there are no locks, or where nobody gives
   * the lock back. False: there is nothing to refresh.
   */
  async function refresh(expired: string | undefined): Promise<boolean> {
    let running: Promise<boolean> | undefined;
    const begin = (): Promise<boolean> => {
      running ??= refreshNow(expired);
      return running;
    };
    const options = { signal: AbortSignal.timeout(PATIENCE) };
    // Whatever the work fails with, it fails with once more below.
    await navigator.locks?.request(`stepgate ${mount}`, options, begin).catch(() => null);
    return begin();
  }

  /** Once for all tabs: whoever had to wait finds that it has been done. */
  async function refreshNow(expired: string | undefined): Promise<boolean> {
    const now = await tokens?.get();
    const ask = (method: string, path: string, body?: object): Promise<Answer> =>
      transmit({ make: () => requestTo(method, path, body, AbortSignal.timeout(PATIENCE)) });
    const isDone = tokens ? now?.access_token !== expired : (await ask('GET', '/session')).response.ok;
    if (!isDone) {
      const { response, refusal } = await ask('POST', '/token/refresh', { refresh_token: now?.refresh_token });
      if (refusal?.code.startsWith('refresh_')) return false;
      const body = response.ok && (await jsonOf(response));
      if (!body) throw new StepgateError('offline', { response });
      await keep(body);
    }
    refreshes++;
    return true;
  }

  async function transmit({ make, signal, unsafe, again, isLook }: Sending, held?: Tokens | null): Promise<Answer> {
    if (signal?.aborted) throw new StepgateError('cancelled', { cause: signal.reason });
    const request = make();
    const id = isLook ? null : session.pinned();
    if (id) request.headers.set('Stepgate-Session', id);
    if (held?.access_token) request.headers.set('Authorization', `Bearer ${held.access_token}`);
    if (held?.step_up_token) request.headers.set('Stepgate-Step-Up', held.step_up_token);
    const lost = unsafe ? 'outcome_unknown' : 'offline';
    let response: Response;
    try {
      response = await fetch(request);
    } catch (cause) {
      throw new StepgateError(signal?.aborted && !unsafe ? 'cancelled' : lost, { cause, again });
    }
    const { url, status, headers } = response;
    // A proxy speaks: the app behind it may have done everything.
    if (unsafe && status >= 500 && !headers.get('Content-Type')?.includes('json')) {
      throw new StepgateError(lost, { response, again });
    }
    const refusal = url && origins.includes(new URL(url).origin) ? await refusalIn(response) : null;
    if (refusal?.code === 'session_changed') {
      session.emit('session-changed');
      throw new StepgateError('session_changed', { response, refusal });
    }
    return { response, refusal };
  }

  async function send(sending: Sending): Promise<Answer> {
    for (let attempt = 0; ; attempt++) {
      const before = refreshes;
      const held = await tokens?.get();
      const answer = await transmit(sending, held);
      const code = answer.refusal?.code;
      if (code === 'session_invalid' && attempt < 2) {
        if (before === refreshes) {
          refreshing ??= refresh(held?.access_token).finally(() => {
            refreshing = undefined;
          });
        }
        if (before !== refreshes || (await refreshing)) continue;
      }
      if (code === 'session_invalid' || code === 'session_required') {
        await tokens?.set(null);
        session.end(!sending.isLook);
      }
      return answer;
    }
  }

  function requestTo(method: string, path: string, body?: object, signal?: AbortSignal): Request {
    return new Request(mount + path, {
      method,
      credentials: 'include', // the kit may be on another origin than the page
      ...(signal && { signal }),
      ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    });
  }

  async function keep(body: Partial<Tokens>): Promise<void> {
    await tokens?.set({ ...(await tokens.get()), ...(body as Tokens) }); // whole with what there was before
  }

  return { send, requestTo, keep };
}
