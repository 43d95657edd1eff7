import assert from 'node:assert/strict';
import type { Response } from 'supertest';
import type { StepgateEvent } from '../../lib/events.js';
import type { Middleware } from '../../lib/http/require-session.js';
import type { StepUpBegun } from '../../lib/http/routes/step-up.js';
import type { Method } from '../../lib/methods/method.js';
import type { Rule } from '../../lib/step-up/rule.js';
import type { Stepgate } from '../../lib/stepgate.js';
import { SETTLING } from '../../lib/stores/contract/session-state.js';
import { type App, sendJson, type TestApp, testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { type TestInstance, type TestInstanceOptions, testInstance } from '../support/instance.js';
import { type FakeMethod, fakeCode, fakeKey } from './fake-methods.js';

export interface StepUpApp extends TestInstance<string>, Pick<TestApp, 'app' | 'errors'> {
  /** The guarded paths whose handlers ran. */
  readonly passed: string[];
  /** A new browser, in which this user has signed in with a password. */
  signIn(userId?: string, options?: object): Promise<Browser>;
  /** What was told of these types, without its time. */
  told(...types: readonly StepgateEvent['type'][]): readonly object[];
}

export type StepUpAppOptions = TestInstanceOptions<readonly Method[]> & {
  readonly create?: () => App;
  /** The rules of guarded paths. @default `/key` and `/code`, each for 5 minutes */
  readonly rules?: Readonly<Record<string, Rule<string>>>;
  /** What else stands at a path, before the same handler. */
  readonly routes?: (auth: Stepgate<string>) => Readonly<Record<string, readonly Middleware[]>>;
};

const RULES = { '/key': { method: 'key', maxAge: '5m' }, '/code': { method: 'code', maxAge: '5m' } } as const;

/** An app whose users have a `key` and a `code`, strongest first, if nothing else is said. */
export function stepUpApp({
  create,
  rules = RULES,
  routes,
  methods = [fakeKey(), fakeCode()],
  ...options
}: StepUpAppOptions = {}): StepUpApp {
  const instance = testInstance({ methods, ...options });
  const passed: string[] = [];
  const guarded = Object.entries(rules).map(
    ([path, rule]) => [path, [instance.auth.requireFreshStepUp(rule)]] as const,
  );
  const chains = [...guarded, ...Object.entries(routes?.(instance.auth) ?? {})].map(([path, guards]) => {
    const handler: Middleware = (_req, res) => {
      passed.push(path);
      sendJson(res, { ok: true });
    };
    return [path, [...guards, handler]] as const;
  });
  const { app, errors } = testApp(instance.auth, { routes: Object.fromEntries(chains), ...(create ? { create } : {}) });
  return {
    ...instance,
    app,
    errors,
    passed,
    async signIn(userId = 'ada', more = {}) {
      const browser = new Browser(app);
      await browser.signIn({ userId, ...more });
      return browser;
    },
    told: (...types) => instance.events.filter(({ type }) => types.includes(type)).map(withoutTime),
  };
}

function withoutTime(event: StepgateEvent): object {
  const { at: _, ...rest } = event;
  return rest;
}

export type Purpose = 'step-up' | 'verify-only';

/** Asks for a challenge. */
export async function begin(browser: Browser, method: string, purpose: Purpose = 'step-up'): Promise<StepUpBegun> {
  const response = await browser.post('/auth/step-up/options', { body: { method, purpose } });
  assert.equal(response.status, 200, response.text);
  return response.body;
}

/** Answers a challenge, or none. */
export function verify(browser: Browser, method: string, response: object, challengeId?: string): Promise<Response> {
  return browser.post('/auth/step-up/verify', { body: { method, challengeId, response } });
}

/** Answers rightly, to a challenge where the method has a ceremony. */
export async function answer(browser: Browser, method: FakeMethod): Promise<Response> {
  if (method.begin === undefined) return verify(browser, method.name, method.right(null));
  const { challengeId, options } = await begin(browser, method.name);
  return verify(browser, method.name, method.right(options), challengeId);
}

/** Steps up; the browser has the new token then. */
export async function stepUp(browser: Browser, method: FakeMethod): Promise<void> {
  const response = await answer(browser, method);
  assert.equal(response.status, 200, response.text);
}

/** Another holder of what the browser has in its jar now. */
export function copyOf(browser: Browser, app: App): Browser {
  const copy = new Browser(app);
  for (const [name, value] of browser.cookies) copy.cookies.set(name, value);
  return copy;
}

/** Uses the browser's token once it is settled, and lets stepgate note that. */
export async function confirm({ auth, clock }: Pick<StepUpApp, 'auth' | 'clock'>, browser: Browser): Promise<void> {
  clock.advance(SETTLING / 1_000);
  assert.equal((await browser.get('/me')).status, 200);
  await auth.flush();
}
