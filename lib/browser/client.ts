import type {
  AskedRule,
  CurrentSessionJson,
  RecoveryCodesJson,
  SessionsJson,
  StepUpStateJson,
  TotpJson,
} from '../wire.js';
import { createCall, unlessSignedOut } from './call.js';
import type { Confirm } from './confirm.js';
import { type ClientEvents, createPageSession } from './page-session.js';
import { createPasskeys, type Passkeys } from './passkeys.js';
import { type ClientRequestInit, requestMaker } from './request.js';
import { createSignIn, type SignInWithPasskey } from './sign-in.js';
import { createStepUp } from './step-up.js';
import { createTransport, type TokenStore } from './transport.js';

export interface ClientOptions {
  /** Where stepgate's router is, as a path or a whole URL. @default '/auth' */
  readonly mount?: string;
  /** Asks the user: `stepUpDialog()` of `stepgate/browser/dialog`, or the app's own. */
  readonly confirm: Confirm;
  /**
   * The origins whose requests are the session's. To every other the client sends what `fetch` sends, and believes
   * nothing of what it answers.
   * @default the page's own
   */
  readonly origins?: readonly string[];
  /** Where a `bearer` session's tokens are kept. Without it the session travels in cookies, which no script sees. */
  readonly tokens?: TokenStore;
  /**
   * The public id of the session that the page was made for, where its HTML came from the server. Without it the client
   * asks who is signed in, at once.
   */
  readonly sessionId?: string;
}

export interface Client {
  /**
   * As the browser's `fetch`, and as its answer: with the session, renewed where it has to be, and with what the server
   * wants the user to confirm first. `json` is a body; `stepUp: false` leaves a refusal to the caller. A body that is a
   * function gives a new stream each time. Rejects with a `StepgateError`.
   */
  readonly fetch: (input: RequestInfo | URL, init?: ClientRequestInit) => Promise<Response>;
  /** Lets the user prove now what will be asked for later: before a long form, before an upload. */
  readonly require: (rule: AskedRule) => Promise<void>;
  /** Asks who is signed in, and pins the page to that session: call it after a sign-in that reloads no page. */
  readonly load: () => Promise<CurrentSessionJson | null>;
  /** What is known of the session: null for nobody, undefined as long as nobody has asked. The same object until it changes. */
  readonly snapshot: () => CurrentSessionJson | null | undefined;
  /** Calls back whenever `snapshot` gives something else. Gives the function that ends that. */
  readonly subscribe: (listener: () => void) => () => void;
  /** Gives the function that ends it. */
  readonly on: <Type extends keyof ClientEvents>(type: Type, listener: ClientEvents[Type]) => () => void;
  readonly signInWithPasskey: SignInWithPasskey;
  readonly signOut: () => Promise<void>;
  /** The methods there are, which of them the user has, and when each was last passed. */
  readonly methods: () => Promise<StepUpStateJson['methods']>;
  readonly passkeys: Passkeys;
  readonly totp: {
    /** The secret, once. It counts when `confirm` was given a code of it. */
    readonly begin: () => Promise<TotpJson>;
    readonly confirm: (code: string) => Promise<void>;
    readonly remove: () => Promise<void>;
  };
  readonly recoveryCodes: {
    /** New codes, shown this once. Those of before are dead. */
    readonly create: () => Promise<readonly string[]>;
  };
  readonly sessions: {
    /** The newest activity first, a hundred at a time. `after`: that of the page before. */
    readonly list: (after?: string | null) => Promise<SessionsJson>;
    readonly end: (id: string) => Promise<void>;
    readonly endOthers: () => Promise<void>;
    readonly endAll: () => Promise<void>;
  };
}

/** One for a page. */
export function createClient({
  confirm,
  mount: where = '/auth',
  origins = [location.origin],
  tokens,
  sessionId,
}: ClientOptions): Client {
  const url = new URL(where, document.baseURI);
  const mount = url.href.replace(/\/$/, '');
  const isOurs = (target: string): boolean =>
    [...origins, url.origin].some((origin) => target.startsWith(`${origin}/`));
  const session = createPageSession(mount, sessionId ?? null, !tokens);
  const [send, keep] = createTransport(mount, isOurs, tokens, session);
  const perform = createStepUp(confirm, send, keep, mount);
  const call = createCall(perform, mount);
  async function load(): Promise<CurrentSessionJson | null> {
    const look = createCall(({ make }) => send({ make, isLook: true }), mount);
    const known = await unlessSignedOut(look<CurrentSessionJson>('GET', '/session'));
    if (known) session.pin(known.session.id, known);
    return known;
  }

  async function signedOut(): Promise<void> {
    await tokens?.set(null);
    session.end(true);
  }

  const pinned = sessionId ?? load().catch(() => null); // whoever needs it will hear of what failed

  return {
    async fetch(input, { stepUp = true, ...init } = {}) {
      const make = requestMaker(input, init);
      const { url: target, method, signal } = make();
      if (!isOurs(target)) return fetch(make());
      const unsafe = !/^(GET|HEAD|OPTIONS)$/.test(method);
      if (unsafe) await pinned;
      const again = async (): Promise<Response> => {
        return (await (stepUp ? perform : send)({ make, unsafe, signal, again })).response;
      };
      return again();
    },
    require: (rule) => call('POST', '/step-up/check', rule),
    load,
    snapshot: session.snapshot,
    subscribe: (listener) => session.on('change', listener),
    on: session.on,
    signInWithPasskey: createSignIn(call, keep, session),
    signOut: async () =>
      call('POST', '/logout', { refresh_token: (await tokens?.get())?.refresh_token }).then(signedOut),
    methods: async () => (await call<StepUpStateJson>('GET', '/step-up')).methods,
    passkeys: createPasskeys(call),
    totp: {
      begin: () => call('POST', '/totp'),
      confirm: (code) => call('POST', '/totp/confirm', { code }),
      remove: () => call('DELETE', '/totp'),
    },
    recoveryCodes: {
      create: async () => (await call<RecoveryCodesJson>('POST', '/recovery-codes')).codes,
    },
    sessions: {
      list: (after) => call('GET', `/sessions${after ? `?after=${after}` : ''}`),
      end: (id) => call('DELETE', `/sessions/${id}`),
      endOthers: () => call('DELETE', '/sessions?keep=current'),
      endAll: () => call('DELETE', '/sessions').then(signedOut),
    },
  };
}
