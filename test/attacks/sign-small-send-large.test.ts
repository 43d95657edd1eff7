import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import bodyParser from 'body-parser';
import type { Response } from 'supertest';
import type { RequestOptionsJSON, SoftwareAuthenticator } from '../../lib/testing/index.js';
import { passkeyApp } from '../http/passkey-app.js';
import { assertRefused } from '../support/answers.js';
import { sendJson } from '../support/app.js';
import type { Browser } from '../support/browser.js';

interface Challenge {
  readonly id: string;
  readonly summary: string;
  readonly methods: { readonly passkey: { readonly options: RequestOptionsJSON } };
}

const SMALL = { to: 'bea', amount: 10 };
const LARGE = { to: 'eve', amount: 10_000 };

/** A bank with real passkeys whose transfers are bound to payee and amount. */
async function bank() {
  const sent: unknown[] = [];
  const app = passkeyApp({
    routes: (auth) => ({
      '/transfers': [
        bodyParser.json(),
        auth.requireFreshStepUp({
          method: 'passkey',
          bind: ({ body }) => ({ to: body['to'], amount: body['amount'] }),
          summary: ({ to, amount }) => `Send ${String(amount)} to ${String(to)}`,
        }),
        (req, res) => {
          const { auth: caller } = req as unknown as { auth: { action: { payload: unknown } } }; // set by the guard
          sent.push(caller.action.payload);
          sendJson(res, {});
        },
      ],
    }),
  });
  const ask = async (browser: Browser, body: object): Promise<Challenge> =>
    (await browser.post('/transfers', { body })).body.challenge;
  const verify = (browser: Browser, challengeId: string, response: object): Promise<Response> =>
    browser.post('/auth/step-up/verify', { body: { method: 'passkey', challengeId, response } });
  const sign = (key: SoftwareAuthenticator, { methods }: Challenge): object => key.get(methods.passkey.options);
  return { ...app, sent, ask, verify, sign };
}

/** RTS (EU) 2018/389 art. 5(1)(b) and (c): what the user signs is for this payee and amount, and for no other. */
describe('a page that lets the user sign a small transfer and sends a large one', () => {
  it('finds it refused, and the small one good once', async () => {
    const { userWithPasskey, ask, verify, sign, sent } = await bank();
    const { browser, key } = await userWithPasskey();
    const small = await ask(browser, SMALL);
    assert.equal(small.summary, 'Send 10 to bea');
    assert.deepEqual(small.methods.passkey.options.allowCredentials?.length, 1);
    assert.equal((await verify(browser, small.id, sign(key, small))).status, 200);
    assert.equal((await browser.post('/transfers', { body: LARGE })).status, 401);
    assert.equal((await browser.post('/transfers', { body: SMALL })).status, 200);
    assert.equal((await browser.post('/transfers', { body: SMALL })).body.reason, 'spent');
    assert.deepEqual(sent, [SMALL]);
  });

  it('can’t pass the signature for the small one off as one for the large one', async () => {
    const { userWithPasskey, ask, verify, sign, sent } = await bank();
    const { browser, key } = await userWithPasskey();
    const [small, large] = [await ask(browser, SMALL), await ask(browser, LARGE)];
    assertRefused(await verify(browser, large.id, sign(key, small)), 403, 'step_up_failed');
    assert.equal((await browser.post('/transfers', { body: LARGE })).status, 401);
    assert.deepEqual(sent, []);
  });

  it('can’t use a signature of a sign-in or of a general step-up', async () => {
    const { userWithPasskey, ask, verify, sent } = await bank();
    const { browser, key } = await userWithPasskey();
    const large = await ask(browser, LARGE);
    for (const [path, body] of [
      ['/auth/step-up/options', { method: 'passkey' }],
      ['/auth/step-up/options', { method: 'passkey', purpose: 'verify-only' }],
      ['/auth/sign-in/passkey/options', {}],
    ] as const) {
      const { challengeId, options } = (await browser.post(path, { body })).body;
      assertRefused(await verify(browser, large.id, key.get(options)), 403, 'step_up_failed');
      await verify(browser, challengeId, key.get(options));
      assert.equal((await browser.post('/transfers', { body: LARGE })).status, 401);
    }
    assert.deepEqual(sent, []);
  });

  it('can’t have the user’s signature count in another session, or another user’s in this one', async () => {
    const { userWithPasskey, ask, verify, sign, sent } = await bank();
    const [ada, bea] = [await userWithPasskey(), await userWithPasskey('bea')];
    const [hers, his] = [await ask(ada.browser, LARGE), await ask(bea.browser, LARGE)];
    assertRefused(await verify(bea.browser, hers.id, sign(ada.key, hers)), 403, 'step_up_failed');
    const asBea = bea.key.get({ ...hers.methods.passkey.options, allowCredentials: [] });
    assertRefused(await verify(ada.browser, hers.id, asBea), 403, 'step_up_failed');
    assert.equal((await verify(bea.browser, his.id, sign(bea.key, his))).status, 200);
    assert.equal((await ada.browser.post('/transfers', { body: LARGE })).status, 401);
    assert.deepEqual(sent, []);
  });
});
