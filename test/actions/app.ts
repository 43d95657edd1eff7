import assert from 'node:assert/strict';
import bodyParser from 'body-parser';
import type { Response } from 'supertest';
import type { Middleware } from '../../lib/http/require-session.js';
import type { ApprovedAction } from '../../lib/index.js';
import type { GuardRequest } from '../../lib/step-up/rule.js';
import type { ActionChallengeJson } from '../../lib/wire.js';
import { type StepUpApp, type StepUpAppOptions, stepUpApp, verify } from '../step-up/app.js';
import { type FakeMethod, fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { assertAsked } from '../step-up/refusals.js';
import { assertRefused } from '../support/answers.js';
import { Browser, type Sent } from '../support/browser.js';

/** A request that has to be approved. */
export interface ActionRequest extends Sent {
  readonly method?: string;
  readonly path: string;
}

export interface ActionApp extends StepUpApp {
  readonly key: FakeMethod;
  readonly code: FakeMethod;
  /** What each handler that ran was given by the guard. */
  readonly approved: (ApprovedAction | undefined)[];
}

export type ActionAppOptions = Omit<StepUpAppOptions, 'methods'>;

export const TRANSFER: ActionRequest = { path: '/transfers', body: { to: 'bea', amount: 10 } };
export const ONCE: ActionRequest = { path: '/once' };
export const EITHER: ActionRequest = { path: '/either' };

/** What `/transfers` is guarded with. */
export const transferRule = {
  method: 'key',
  bind: ({ body }: GuardRequest) => ({ to: body['to'], amount: body['amount'] }),
  summary: ({ to, amount }: { to: unknown; amount: unknown }): string => `Send ${String(amount)} to ${String(to)}`,
} as const;

/**
 * An app whose users have a `key` and a `code`. `/transfers` is bound to payee and amount, `/once` is for one request
 * with the key, `/either` with the key or the code; `/key` asks for a key's proof of the last five minutes, as a change
 * of role does.
 */
export function actionApp({ routes, ...options }: ActionAppOptions = {}): ActionApp {
  const [key, code] = [fakeKey(), fakeCode()];
  const approved: (ApprovedAction | undefined)[] = [];
  const note: Middleware = (req, _res, next) => {
    approved.push((req as { auth?: { action?: ApprovedAction } }).auth?.action); // set by the guard
    next();
  };
  const app = stepUpApp({
    methods: [key, code],
    rules: { '/key': { method: 'key', maxAge: '5m' } },
    routes: (auth) => ({
      '/transfers': [bodyParser.json(), auth.requireFreshStepUp(transferRule), note],
      '/once': [auth.requireFreshStepUp({ method: 'key', once: true }), note],
      '/either': [auth.requireFreshStepUp({ method: ['key', 'code'], once: true }), note],
      ...routes?.(auth),
    }),
    ...options,
  });
  return { ...app, key, code, approved };
}

export function send(browser: Browser, { method = 'POST', path, ...sent }: ActionRequest): Promise<Response> {
  return browser.send(method, path, sent);
}

/** Sends a request that is refused, and gives the challenge that comes with the refusal. */
export async function ask(browser: Browser, request: ActionRequest): Promise<ActionChallengeJson> {
  return challengeOf(await send(browser, request));
}

/** The challenge of a refusal that asks for an approval. */
function challengeOf(response: Response): ActionChallengeJson {
  const { challenge } = assertAsked(response, { acr_values: 'phr', max_age: '0' });
  return challenge as ActionChallengeJson; // each test that reads a member of it fails without
}

/** Answers a challenge rightly. */
export function answer(browser: Browser, { id, methods }: ActionChallengeJson, method: FakeMethod): Promise<Response> {
  return verify(browser, method.name, method.right(methods[method.name]?.options ?? null), id);
}

/** Gets the user's approval for a request; it has not been sent again then. */
export async function approve(browser: Browser, request: ActionRequest, method: FakeMethod): Promise<void> {
  const response = await answer(browser, await ask(browser, request), method);
  assert.equal(response.status, 200, response.text);
}

/** A client that sends its access token, and keeps the one that a step-up gives it. */
export class BearerClient extends Browser {
  #token = '';

  static async signedIn({ app }: Pick<ActionApp, 'app'>): Promise<BearerClient> {
    const client = new BearerClient(app);
    client.#token = (await client.signIn({ delivery: 'bearer' })).body.access_token ?? '';
    return client;
  }

  override async send(method: string, path: string, { headers = {}, ...sent }: Sent = {}): Promise<Response> {
    const authorization = this.#token === '' ? {} : { Authorization: `Bearer ${this.#token}` };
    const response = await super.send(method, path, { ...sent, headers: { ...authorization, ...headers } });
    this.#token = response.body.access_token ?? this.#token;
    return response;
  }
}

/** That the request is refused because there is no grant for it. */
export async function assertNotApproved(
  browser: Browser,
  request: ActionRequest,
  reason: 'missing' | 'spent' = 'missing',
): Promise<void> {
  const response = await send(browser, request);
  assert.deepEqual([response.status, response.body.code, response.body.reason], [401, 'step_up_required', reason]);
}

export async function assertPasses(browser: Browser, request: ActionRequest): Promise<void> {
  const response = await send(browser, request);
  assert.equal(response.status, 200, response.text);
}

/** That nobody is asked to approve what is not complete, and no handler sees it. */
export async function assertIncomplete(browser: Browser, request: ActionRequest): Promise<void> {
  assertRefused(await send(browser, request), 400, 'action_incomplete');
}
