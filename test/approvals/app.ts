import assert from 'node:assert/strict';
import bodyParser from 'body-parser';
import type { Response } from 'supertest';
import type { Middleware } from '../../lib/http/require-session.js';
import type { ApprovedAction } from '../../lib/index.js';
import type { GuardRequest } from '../../lib/step-up/rule.js';
import type { ApprovalJson } from '../../lib/wire.js';
import { type StepUpApp, type StepUpAppOptions, stepUpApp } from '../step-up/app.js';
import { type FakeMethod, fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { Browser, type Sent } from '../support/browser.js';
import { Client } from '../support/client.js';

export const KEY = 'bank_agent';
export const OTHER_KEY = 'bank_other';

/** Keys by their text: whose, and which. */
const KEYS: Readonly<Record<string, { readonly userId: string; readonly id: string }>> = {
  [KEY]: { userId: 'ada', id: 'agent' },
  [OTHER_KEY]: { userId: 'ada', id: 'other' },
};

export interface Transfer {
  readonly to?: string;
  readonly amount?: number;
  readonly currency?: string;
}

export interface ApprovalApp extends StepUpApp {
  readonly key: FakeMethod;
  readonly code: FakeMethod;
  /** What the guard gave each handler that ran. */
  readonly done: (ApprovedAction | undefined)[];
  /** Who may approve under four eyes; a test may change it. */
  readonly managers: string[];
  /** The payees that ids stand for; a test may rename one. */
  readonly payees: Map<string, string>;
  /** A session of a device that only asks: restricted, by bearer. */
  device(userId?: string): Promise<Client>;
  agent(key?: string): Browser;
}

/** A transfer by the user's own approval, in another session; under `/four-eyes` by one of the managers. */
export function approvalApp({ routes, ...options }: StepUpAppOptions = {}): ApprovalApp {
  const [key, code] = [fakeKey(), fakeCode()];
  for (const user of ['cleo', 'dan']) {
    key.users.add(user);
    code.users.add(user);
  }
  const done: (ApprovedAction | undefined)[] = [];
  const managers = ['bea', 'cleo'];
  const payees = new Map([['p1', 'Bea']]);
  const note: Middleware = (req, _res, next) => {
    done.push((req as { auth?: { action?: ApprovedAction } }).auth?.action); // set by the guard
    next();
  };
  const bound = {
    method: ['key', 'code'],
    bind: ({ body }: GuardRequest) => ({ to: String(body['to']), amount: Number(body['amount']) }),
    summary: ({ to, amount }: { to: string; amount: number }) => `Send ${amount} to ${payees.get(to) ?? to}`,
  } as const;
  const app = stepUpApp({
    methods: [key, code],
    rules: { '/fresh': { method: 'key', maxAge: '5m' } },
    apiKeys: { prefix: 'bank_', ask: true, verify: (text) => KEYS[text] ?? null },
    users: { find: (id) => (id === 'gone' ? null : { name: id }) },
    routes: (auth) => ({
      '/transfers': [bodyParser.json(), auth.requireFreshStepUp({ ...bound, approver: 'user' }), note],
      '/payments': [bodyParser.json(), auth.requireFreshStepUp({ ...bound, approver: 'user' }), note],
      '/own': [bodyParser.json(), auth.requireFreshStepUp(bound), note],
      '/four-eyes': [
        bodyParser.json(),
        auth.requireFreshStepUp({
          ...bound,
          approver: (_req: GuardRequest, { amount }: { amount: number }) => (amount < 0 ? [] : managers),
        }),
        note,
      ],
      ...routes?.(auth),
    }),
    ...options,
  });
  return {
    ...app,
    key,
    code,
    done,
    managers,
    payees,
    device: (userId = 'ada') => Client.signedIn(app, 'bearer', { userId, restricted: true }),
    agent: (text = KEY) => new KeyHolder(app, text),
  };
}

/** A program with an API key. */
class KeyHolder extends Browser {
  readonly #key: string;

  constructor({ app }: Pick<StepUpApp, 'app'>, key: string) {
    super(app);
    this.#key = key;
  }

  override send(method: string, path: string, { headers = {}, ...sent }: Sent = {}): Promise<Response> {
    const own = { Authorization: `Bearer ${this.#key}`, 'Sec-Fetch-Site': undefined };
    return super.send(method, path, { ...sent, headers: { ...own, ...headers } });
  }
}

export interface Asked extends Omit<ApprovalJson, 'token'> {
  readonly token: string;
}

export const TRANSFER: Transfer = { to: 'p1', amount: 10 };

/** Sends the transfer, and with an approval that one's header. */
export function transfer(
  asker: Browser,
  body: Transfer = TRANSFER,
  { approval, path = '/transfers' }: { readonly approval?: Asked; readonly path?: string } = {},
): Promise<Response> {
  return asker.post(path, { body, headers: approval === undefined ? {} : header(approval) });
}

export function header({ id, token }: Asked): Record<string, string> {
  return { 'Stepgate-Approval': `${id}.${token}` };
}

/** Sends the transfer for the first time, and gives the approval that is asked for then. */
export async function ask(asker: Browser, body: Transfer = TRANSFER, path = '/transfers'): Promise<Asked> {
  const response = await transfer(asker, body, { path });
  assert.deepEqual([response.status, response.body.code, response.body.reason], [401, 'approval_required', 'missing']);
  return response.body.approval;
}

/** Answers for it rightly, as the approver's page does. */
export async function approve(browser: Browser, { id }: Pick<Asked, 'id'>, method: FakeMethod): Promise<Response> {
  const begun = await browser.post(`/auth/approvals/${id}/options`, { body: { method: method.name } });
  if (begun.status !== 200) return begun;
  const { challengeId, options } = begun.body;
  const answer = { method: method.name, challengeId, response: method.right(options) };
  return browser.post(`/auth/approvals/${id}/approve`, { body: answer });
}

export async function approved(browser: Browser, approval: Pick<Asked, 'id'>, method: FakeMethod): Promise<void> {
  const response = await approve(browser, approval, method);
  assert.deepEqual([response.status, response.body], [200, { status: 'approved' }]);
}

export async function denied(browser: Browser, { id }: Pick<Asked, 'id'>): Promise<void> {
  const response = await browser.post(`/auth/approvals/${id}/deny`);
  assert.deepEqual([response.status, response.body], [200, { status: 'denied' }]);
}

/** What the asker is told when it looks. */
export async function poll(asker: Browser, approval: Asked): Promise<Response> {
  return asker.get(`/auth/approvals/${approval.id}`, { headers: header(approval) });
}

/** That the request is refused for this reason, and nobody is asked anew. */
export async function assertRefusedAs(response: Response, reason: string): Promise<void> {
  assert.deepEqual([response.status, response.body.code, response.body.reason], [401, 'approval_required', reason]);
  if (reason !== 'pending' && reason !== 'missing') assert.equal(response.body.approval, undefined);
}

export function assertCode(response: Response, status: number, code: string): void {
  assert.deepEqual([response.status, response.body.code], [status, code], response.text);
}
