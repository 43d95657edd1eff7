import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { describe, it } from '@jest/globals';
import bodyParser from 'body-parser';
import type { Middleware } from '../../lib/http/require-session.js';
import type { GuardRequest } from '../../lib/step-up/rule.js';
import type { Stepgate } from '../../lib/stepgate.js';
import { assertRefused } from '../support/answers.js';
import { frameworks } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { warningsIn } from '../support/warnings.js';
import {
  type ActionRequest,
  actionApp,
  approve,
  assertIncomplete,
  assertNotApproved,
  assertPasses,
  send,
  transferRule,
} from './app.js';

const express4 = createRequire(import.meta.url)('express-4') as { json(): Middleware }; // the alias has no types of its own

type Bind = (req: GuardRequest) => unknown;
const bound = (auth: Stepgate<string>, bind: Bind): Middleware => auth.requireFreshStepUp({ method: 'key', bind });

const BOUND: ActionRequest = { path: '/bound', body: { to: 'bea', amount: 10 } };

const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('what `bind` gives', () => {
  class Money {
    amount = 10;
  }
  const nothing: Readonly<Record<string, Bind>> = {
    nothing: () => undefined,
    null: () => null,
    'a promise of nothing': async () => undefined,
    'undefined in a member': ({ body }) => ({ to: body['to'], amount: body['amuont'] }),
    'undefined deep inside': () => ({ lines: [{ to: 'bea' }, { to: undefined }] }),
    NaN: () => ({ amount: Number('ten') }),
    'a function': () => () => 1,
    'a bigint': () => ({ amount: 10n }),
    'the request itself': (req) => req,
    'an instance of a class': () => ({ amount: new Money() }),
    'a Date': () => ({ at: new Date() }),
    'a lone surrogate': () => ({ to: '\ud800' }),
    'a getter that throws': () => ({
      get amount(): never {
        throw new Error('no amount');
      },
    }),
    'what it throws': () => {
      throw new Error('no');
    },
    'a promise that rejects': () => Promise.reject(new Error('no')),
  };

  for (const [what, bind] of Object.entries(nothing)) {
    it(`is no action when it is ${what}: 400, no challenge, and one warning for the guard`, async () => {
      const warnings = warningsIn();
      const app = actionApp({ routes: (auth) => ({ '/bound': [bodyParser.json(), bound(auth, bind)] }) });
      const browser = await app.signIn();
      for (let turn = 0; turn < 3; turn += 1) await assertIncomplete(browser, BOUND);
      assert.deepEqual(app.passed, []);
      assert.deepEqual(app.told('step-up.asked', 'grant.spent'), []);
      assert.equal(warnings.length, 1);
      assert.equal((warnings[0] as { code?: string }).code, 'STEPGATE_ACTION_INCOMPLETE');
      assert.match(
        warnings[0]?.message ?? '',
        /^A request was refused: .*`bind` (gave|threw).*\. Check what the client sends\.$/,
      );
    });
  }

  it('is warned of once for each guard', async () => {
    const warnings = warningsIn();
    const app = actionApp({
      routes: (auth) => ({ '/a': [bound(auth, () => null)], '/b': [bound(auth, () => null)] }),
    });
    const browser = await app.signIn();
    for (const path of ['/a', '/b', '/a', '/b']) await assertIncomplete(browser, { path });
    assert.equal(warnings.length, 2);
  });

  it('is warned of in one line, whatever keys the client has sent', async () => {
    const warnings = warningsIn();
    const app = actionApp({
      routes: (auth) => ({ '/bound': [bodyParser.json(), bound(auth, ({ body }) => body)] }),
    });
    const browser = await app.signIn();
    const key = `x\n[alert] \u001b[31mall is lost ${'!'.repeat(5_000)}`;
    await assertIncomplete(browser, { path: '/bound', body: `{${JSON.stringify(key)}:"\\ud800"}`, headers: JSON_TYPE });
    const [{ message } = new Error()] = warnings;
    assert.ok(message.startsWith('A request was refused: of what `bind` gave, payload.x?[alert] ?[31mall is lost !!'));
    assert.ok(message.length < 400, `${message.length} characters`);
  });

  it('is kept as it was: neither the body nor what `bind` gave change the payload later', async () => {
    const given: { to: unknown; amount: unknown }[] = [];
    const tamper: Middleware = (req, _res, next) => {
      Object.assign((req as unknown as { body: object }).body, { amount: 1_000_000 }); // the parser's
      for (const payload of given) payload.amount = 1_000_000;
      next();
    };
    const seen: unknown[] = [];
    const look: Middleware = (req, _res, next) => {
      const { action } = (req as unknown as { auth: { action: { payload: { amount: number } } } }).auth; // the guard's
      seen.push(action.payload);
      assert.throws(() => {
        action.payload.amount = 1_000_000;
      }, TypeError);
      next();
    };
    const app = actionApp({
      routes: (auth) => ({
        '/bound': [
          bodyParser.json(),
          bound(auth, ({ body }) => {
            const payload = { to: body['to'], amount: body['amount'] };
            given.push(payload);
            return payload;
          }),
          tamper,
          look,
        ],
      }),
    });
    const browser = await app.signIn();
    await approve(browser, BOUND, app.key);
    await assertPasses(browser, BOUND);
    assert.deepEqual(seen, [{ to: 'bea', amount: 10 }]);
  });

  it('may be the body itself, with all that is in it', async () => {
    const app = actionApp({
      routes: (auth) => ({ '/bound': [bodyParser.json(), bound(auth, ({ body }) => body)] }),
    });
    const browser = await app.signIn();
    await approve(browser, BOUND, app.key);
    await assertNotApproved(browser, { ...BOUND, body: { to: 'bea', amount: 10, fee: 0 } });
    await assertNotApproved(browser, { ...BOUND, body: {} });
    await assertPasses(browser, { ...BOUND, body: { amount: 10, to: 'bea' } });
  });
});

describe('`bind`', () => {
  it('runs once for each request of somebody who is signed in, and for nobody else', async () => {
    let runs = 0;
    const count: Bind = async ({ body }) => {
      runs += 1;
      return { amount: body['amount'] };
    };
    const app = actionApp({
      routes: (auth) => ({ '/bound': [bodyParser.json(), bound(auth, count)] }),
    });
    const browser = await app.signIn();
    await approve(browser, BOUND, app.key);
    assert.equal(runs, 1);
    await assertPasses(browser, BOUND);
    assert.equal(runs, 2);
    assertRefused(await send(new Browser(app.app), BOUND), 401, 'session_required');
    const headers = { 'Sec-Fetch-Site': 'cross-site' };
    assertRefused(await send(browser, { ...BOUND, headers }), 403, 'cross_origin');
    assert.equal(runs, 2);
  });

  it('may take its time: the request waits for it', async () => {
    const ready = new EventTarget();
    const app = actionApp({
      routes: (auth) => ({
        '/bound': [
          bodyParser.json(),
          bound(auth, async ({ body }) => {
            setImmediate(() => ready.dispatchEvent(new Event('rate')));
            await once(ready, 'rate');
            return { amount: body['amount'], rate: 1.08 };
          }),
        ],
      }),
    });
    const browser = await app.signIn();
    await approve(browser, BOUND, app.key);
    await assertPasses(browser, BOUND);
  });

  it('may look at what the app knows: an approval ends with a change of that', async () => {
    let rate = 1.08;
    const app = actionApp({
      routes: (auth) => ({
        '/bound': [bodyParser.json(), bound(auth, ({ body }) => ({ amount: body['amount'], rate }))],
      }),
    });
    const browser = await app.signIn();
    await approve(browser, BOUND, app.key);
    rate = 1.09;
    await assertNotApproved(browser, BOUND);
    rate = 1.08;
    await assertPasses(browser, BOUND);
  });

  for (const [framework, create] of Object.entries(frameworks)) {
    const json = framework === 'Express 4' ? express4.json() : bodyParser.json();

    it(`before the body parser is no action, and the warning says so, on ${framework}`, async () => {
      const warnings = warningsIn();
      const app = actionApp({
        create,
        routes: (auth) => ({ '/bound': [auth.requireFreshStepUp(transferRule), json] }),
      });
      const browser = await app.signIn();
      await assertIncomplete(browser, BOUND);
      assert.deepEqual(app.passed, []);
      assert.match(warnings[0]?.message ?? '', /put `express\.json\(\)` before the guard/);
    });

    it(`of a body of another content type, or of none, is no action on ${framework}`, async () => {
      const app = actionApp({
        create,
        routes: (auth) => ({ '/bound': [json, auth.requireFreshStepUp(transferRule)] }),
      });
      const browser = await app.signIn();
      await approve(browser, BOUND, app.key);
      const bodies: readonly ActionRequest[] = [
        { path: '/bound' },
        { path: '/bound', body: {} },
        { path: '/bound', body: { to: 'bea' } },
        { path: '/bound', body: JSON.stringify(BOUND.body), headers: { 'Content-Type': 'text/plain' } },
        { path: '/bound', body: 'to=bea&amount=10', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
      ];
      for (const request of bodies) await assertIncomplete(browser, request);
      assert.deepEqual(app.passed, []);
      await assertPasses(browser, BOUND);
    });
  }
});
