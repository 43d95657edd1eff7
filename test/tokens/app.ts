import type { IncomingMessage } from 'node:http';
import express, { type ErrorRequestHandler } from 'express';
import type { Response } from 'supertest';
import {
  type Delivery,
  memoryStore,
  Refusal,
  type StepgateEvent,
  type StepgateOptions,
  sendRefusal,
  stepgate,
} from '../../lib/index.js';
import type { SessionStore } from '../../lib/stores/contract/sessions.js';
import type { Store } from '../../lib/stores/contract/store.js';
import { type ManualClock, manualClock } from '../../lib/testing/index.js';
import { cleanUp } from '../support/clean-up.js';
import { ORIGIN, SECRET } from '../support/instance.js';
import { RIGHT_PIN } from '../support/pin.js';
import { request } from '../support/request.js';

/** What a client of the `bearer` delivery gets. */
export interface TokenAnswer {
  readonly session_id: string;
  readonly token_type: string;
  readonly access_token: string;
  readonly expires_in: number;
  readonly refresh_token: string;
}

export type TokenAppOptions = Partial<StepgateOptions> & { readonly clock?: ManualClock };

export type TokenApp = ReturnType<typeof tokenApp>;

/** An app with stepgate, its clock and its events. Without other options it hands out bearer tokens. */
export function tokenApp({ clock = manualClock(), store = memoryStore(), ...options }: TokenAppOptions = {}) {
  const events: StepgateEvent[] = [];
  const auth = stepgate({
    secret: SECRET,
    issuer: ORIGIN,
    store,
    delivery: 'bearer',
    clock,
    onEvent: (event) => events.push(event),
    ...options,
  });
  const app = express();
  app.use(express.json());
  app.post('/login', async (req, res) => {
    const { userId = 'ada', delivery } = req.body as { userId?: string; delivery?: Delivery }; // sent by these tests
    const signIn = { userId, method: 'password', ...(delivery === undefined ? {} : { delivery }) } as const;
    res.json((await auth.signIn(req, res, signIn)).body);
  });
  app.get('/me', auth.requireSession, (req, res) => void res.json(req.auth));
  app.get('/optional', auth.requireSession({ optional: true }), (req, res) => void res.json(req.auth));
  app.all('/machine', auth.requireSession({ apiKeys: true }), (req, res) => void res.json(req.auth));
  app.post('/password', auth.requireSession, async (req, res) => {
    res.json((await auth.credentialsChanged(req, res)).body);
  });
  app.post('/sign-out', async (req, res) => {
    await auth.signOut(req, res);
    res.sendStatus(204);
  });
  app.get('/authenticate', async (req, res) => void res.json(await authenticated(req)));
  app.use('/auth', auth.router());
  app.use(((error, _req, res, next) => {
    if (error instanceof Refusal) sendRefusal(res, error);
    else next(error);
  }) satisfies ErrorRequestHandler);
  const http = {
    get: (path: string) => request(app, 'GET', path),
    post: (path: string) => request(app, 'POST', path),
    delete: (path: string) => request(app, 'DELETE', path),
  };

  async function authenticated(req: IncomingMessage): Promise<object> {
    const answer = await auth.authenticate(req, { apiKeys: req.headers['x-api-keys'] !== undefined });
    return answer.outcome === 'refused' ? { outcome: 'refused', code: answer.refusal.code } : answer;
  }

  return {
    auth,
    clock,
    store,
    events,
    http,
    /** Signs in and gives the body of a `bearer` session. */
    signIn: async (userId = 'ada'): Promise<TokenAnswer> =>
      (await http.post('/login').send({ userId }).expect(200)).body,
    /** Signs in with `token-cookies` and gives the two cookies. */
    async signInWithCookies(): Promise<Readonly<Record<string, string>>> {
      return cookiesOf(await http.post('/login').send({ delivery: 'token-cookies' }).expect(200));
    },
    me: (accessToken: string) => http.get('/me').set('Authorization', `Bearer ${accessToken}`),
    refresh: (refreshToken: unknown) => http.post('/auth/token/refresh').send({ refresh_token: refreshToken }),
    /** A step-up by a method whose answer is the right PIN. */
    stepUp: (accessToken: string, method = 'pin') =>
      http
        .post('/auth/step-up/verify')
        .set('Authorization', `Bearer ${accessToken}`)
        .send({ method, response: RIGHT_PIN }),
    /** Uses an access token and waits until the store knows of it, so that its rotation is confirmed. */
    async confirm(accessToken: string): Promise<void> {
      await http.get('/me').set('Authorization', `Bearer ${accessToken}`).expect(200);
      await auth.flush();
    },
  };
}

/** Makes a store that is closed when the test has ended. */
export async function opened(makeStore: () => Promise<Store>): Promise<Store> {
  const store = await makeStore();
  cleanUp(() => store.close?.());
  return store;
}

/** A store with some of its operations in another form. */
export function altered(store: Store, operations: Partial<SessionStore>): Store {
  return { ...store, sessions: { ...store.sessions, ...operations } };
}

/** The cookies that an answer sets, without their attributes; those that it clears have no value. */
export function cookiesOf(res: Response): Readonly<Record<string, string>> {
  const pairs = (res.get('Set-Cookie') ?? []).map((line) => line.split(';')[0]?.split('=') ?? []);
  return Object.fromEntries(pairs);
}

/** The header that brings these cookies back. */
export function cookieHeader(cookies: Readonly<Record<string, string>>): string {
  return Object.entries(cookies)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');
}

/** The code of a problem. */
export function codeOf(res: Response): unknown {
  return res.body.code;
}
