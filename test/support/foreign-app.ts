import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import bodyParser from 'body-parser';
import express from 'express';
import type { Response } from 'supertest';
import type { StepgateEvent } from '../../lib/events.js';
import type { Middleware } from '../../lib/http/require-session.js';
import type { Method } from '../../lib/methods/method.js';
import type { ForeignSession, SessionOption } from '../../lib/session/foreign-session.js';
import type { Rule } from '../../lib/step-up/rule.js';
import type { Stepgate } from '../../lib/stepgate.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { type App, sendJson } from './app.js';
import { Browser, type Sent } from './browser.js';
import { type TestInstance, type TestInstanceOptions, testInstance } from './instance.js';

/** The app's own session cookie, and the header in which its other clients bring the same. */
export const APP_COOKIE = 'app-session';
const APP_HEADER = 'x-app-session';

export interface ForeignApp extends TestInstance<string> {
  readonly app: App;
  /** What the app keeps of its sessions, by the secret in its cookie. */
  readonly kept: Map<string, ForeignSession>;
  readonly passed: string[];
  /** How often the app was asked who is signed in. */
  asked(): number;
  /** A new browser, in which this user has signed in to the app a moment ago. */
  signIn(userId?: string, more?: Partial<ForeignSession>): Browser;
  /** The same for a client without cookies. */
  signInByHeader(userId?: string): BearerClient;
  told(...types: readonly StepgateEvent['type'][]): readonly object[];
}

export type ForeignAppOptions = TestInstanceOptions<readonly Method[]> & {
  readonly rules?: Readonly<Record<string, Rule<string>>>;
  readonly routes?: (auth: Stepgate<string>) => Readonly<Record<string, readonly Middleware[]>>;
  readonly session?: SessionOption;
};

const RULES = { '/key': { method: 'key', maxAge: '5m' }, '/code': { method: 'code', maxAge: '5m' } } as const;

/**
 * An app that keeps its sessions itself, with an instance for step-up beside them. `/me` is guarded by
 * `requireSession`, `/pay` by a confirmation with the key of whom is paid, and the paths of `rules` by what they say.
 */
export function foreignApp({
  rules = RULES,
  routes,
  methods = [fakeKey(), fakeCode()],
  session,
  ...options
}: ForeignAppOptions = {}): ForeignApp {
  const kept = new Map<string, ForeignSession>();
  const passed: string[] = [];
  let asked = 0;
  const own: SessionOption = {
    of(req) {
      asked += 1;
      return sessionOf(req, kept);
    },
  };
  const instance = testInstance({ methods, session: session ?? own, ...options });
  const { auth, clock } = instance;
  const app = express();
  app.use(bodyParser.json());
  app.get('/me', auth.requireSession, (req, res) => sendJson(res, req.auth));
  const pay = auth.requireFreshStepUp({
    method: methods.some(({ name }) => name === 'key') ? 'key' : (methods[0]?.name ?? ''),
    bind: ({ body }) => ({ to: body['to'] }),
    summary: ({ to }) => `Pay ${String(to)}`,
  });
  const guarded = Object.entries(rules).map(([path, rule]) => [path, [auth.requireFreshStepUp(rule)]] as const);
  const chains = [...guarded, ['/pay', [pay]] as const, ...Object.entries(routes?.(auth) ?? {})];
  for (const [path, guards] of chains) {
    app.use(path, ...guards, (_req, res) => {
      passed.push(path);
      sendJson(res, { ok: true });
    });
  }
  app.use('/auth', auth.router());

  function signedIn(userId: string, more: Partial<ForeignSession>): string {
    const secret = randomUUID();
    kept.set(secret, { id: `id of ${secret}`, userId, signedInAt: clock.now(), ...more });
    return secret;
  }

  return {
    ...instance,
    app,
    kept,
    passed,
    asked: () => asked,
    signIn(userId = 'ada', more = {}) {
      const browser = new Browser(app);
      browser.cookies.set(APP_COOKIE, signedIn(userId, more));
      return browser;
    },
    signInByHeader: (userId = 'ada') => new BearerClient(app, signedIn(userId, { via: 'bearer' })),
    told: (...types) => instance.events.filter(({ type }) => types.includes(type)).map(withoutTime),
  };
}

function withoutTime(event: StepgateEvent): object {
  const { at: _, ...rest } = event;
  return rest;
}

function sessionOf({ headers }: IncomingMessage, kept: ReadonlyMap<string, ForeignSession>): ForeignSession | null {
  const inHeader = headers[APP_HEADER];
  if (typeof inHeader === 'string') return kept.get(inHeader) ?? null;
  const inCookie = new RegExp(`${APP_COOKIE}=([^;]+)`).exec(headers.cookie ?? '')?.[1];
  return kept.get(inCookie ?? '') ?? null;
}

/** A client without cookies: its session in a header of the app's, what it has proved in one of the instance's. */
export class BearerClient extends Browser {
  stepUpToken: string | undefined;
  readonly #secret: string;

  constructor(app: App, secret: string, stepUpToken?: string) {
    super(app);
    this.#secret = secret;
    this.stepUpToken = stepUpToken;
  }

  override async send(method: string, path: string, { headers = {}, ...sent }: Sent = {}): Promise<Response> {
    const own = { 'Sec-Fetch-Site': undefined, [APP_HEADER]: this.#secret, 'Stepgate-Step-Up': this.stepUpToken };
    const response = await super.send(method, path, { ...sent, headers: { ...own, ...headers } });
    const { step_up_token: token } = (response.body ?? {}) as { step_up_token?: string }; // of a step-up
    this.stepUpToken = token ?? this.stepUpToken;
    return response;
  }
}

/** The cookie that stands for what was proved. */
export const STEP_UP_COOKIE = '__Host-step-up';

/** Confirms the payment with the key, and leaves it at that. */
export async function confirmPayment(
  browser: Browser,
  key: { readonly right: (options: unknown) => object },
): Promise<Response> {
  const { body, text } = await browser.post('/pay', { body: { to: 'bea' } });
  assert.ok(body.challenge, text);
  const { id: challengeId, methods } = body.challenge;
  const response = key.right(methods.key.options);
  return browser.post('/auth/step-up/verify', { body: { method: 'key', challengeId, response } });
}
