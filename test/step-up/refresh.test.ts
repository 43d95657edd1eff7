import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import type { App } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { forEachStore } from '../support/stores.js';
import { confirm, copyOf, type StepUpApp, stepUp, stepUpApp, verify } from './app.js';
import { fakeCode, fakeKey } from './fake-methods.js';

const ACCESS = '__Host-access';
const REFRESH = '__Host-refresh';
const CODE = { code: 'code' };

const stepUpIn = (tab: Browser): Promise<Response> => verify(tab, 'code', CODE);
const refreshIn = (tab: Browser): Promise<Response> => tab.post('/auth/token/refresh');

/** What a page of an app does that finds itself signed out: it refreshes. */
async function isSignedIn(browser: Browser, { refreshes = 1 } = {}): Promise<boolean> {
  for (let count = 0; count < refreshes; count += 1) {
    if ((await browser.get('/me')).status === 200) return true;
    await refreshIn(browser);
  }
  return (await browser.get('/me')).status === 200;
}

/** The jar of a browser whose tabs were answered in this order. */
function jarOf(app: App, before: Browser, answered: readonly Browser[]): Browser {
  const jar = copyOf(before, app);
  for (const tab of answered) {
    for (const [name, value] of tab.cookies) if (value !== before.cookies.get(name)) jar.cookies.set(name, value);
  }
  return jar;
}

function assertNoTheft({ told }: StepUpApp): void {
  assert.deepEqual(told('session.refresh-reused', 'session.revoked'), []);
}

forEachStore((_name, makeStore) => {
  const methods = [fakeKey(), fakeCode()];

  describe('a step-up and a refresh of one browser', () => {
    const orders: Readonly<Record<string, (first: Browser, second: Browser) => Promise<readonly Response[]>>> = {
      'at once': (first, second) => Promise.all([stepUpIn(first), refreshIn(second)]),
      'the step-up first': async (first, second) => [await stepUpIn(first), await refreshIn(second)],
      'the refresh first': async (first, second) => [await refreshIn(second), await stepUpIn(first)],
    };

    for (const [order, send] of Object.entries(orders)) {
      it(`end signed in, whichever answer comes last: ${order}`, async () => {
        const app = stepUpApp({ methods, store: await makeStore(), delivery: 'token-cookies' });
        for (const turned of [false, true]) {
          const browser = await app.signIn();
          app.clock.advance('1m');
          const tabs = [copyOf(browser, app.app), copyOf(browser, app.app)] as const;
          for (const { status } of await send(...tabs)) assert.equal(status, 200);
          const jar = jarOf(app.app, browser, turned ? tabs.toReversed() : tabs);
          assert.equal(await isSignedIn(jar), true);
          await confirm(app, jar);
          app.clock.advance('9m');
          assert.equal(await isSignedIn(jar), true);
        }
        assertNoTheft(app);
      });
    }

    it('end signed in when the answer of the step-up is lost', async () => {
      const app = stepUpApp({ methods, store: await makeStore(), delivery: 'token-cookies' });
      const browser = await app.signIn();
      app.clock.advance('1m');
      await stepUpIn(copyOf(browser, app.app));
      assert.equal((await refreshIn(browser)).status, 200);
      await confirm(app, browser);
      assert.equal((await browser.post('/code')).body.reason, 'missing'); // the proof has ended with the refresh
      await stepUp(browser, fakeCode());
      assert.equal((await browser.post('/code')).status, 200);
      assertNoTheft(app);
    });

    it('end signed in when the answer of the refresh is lost', async () => {
      const app = stepUpApp({ methods, store: await makeStore(), delivery: 'token-cookies' });
      const browser = await app.signIn();
      app.clock.advance('1m');
      await refreshIn(copyOf(browser, app.app));
      await stepUp(browser, fakeCode());
      assert.equal((await browser.post('/code')).status, 200);
      await confirm(app, browser);
      app.clock.advance('11m');
      // The first refresh repeats the lost answer, whose session token the step-up has replaced.
      assert.equal(await isSignedIn(browser, { refreshes: 2 }), true);
      assertNoTheft(app);
    });

    it('end signed in when both answers are lost, again and again', async () => {
      const app = stepUpApp({ methods, store: await makeStore(), delivery: 'token-cookies' });
      const browser = await app.signIn();
      for (let turn = 0; turn < 3; turn += 1) {
        app.clock.advance('1m');
        await stepUpIn(copyOf(browser, app.app));
        await refreshIn(copyOf(browser, app.app));
      }
      assert.equal(await isSignedIn(browser), true);
      assertNoTheft(app);
    });

    it('keep the refresh cookie at a step-up, and its access token’s full lifetime begins anew', async () => {
      const app = stepUpApp({ methods, store: await makeStore(), delivery: 'token-cookies' });
      const browser = await app.signIn();
      app.clock.advance('9m');
      const { cookies } = copyOf(browser, app.app);
      const { body } = await stepUpIn(browser);
      assert.equal(body.expires_in, 600);
      assert.ok(!('access_token' in body) && !('refresh_token' in body));
      assert.notEqual(browser.cookies.get(ACCESS), cookies.get(ACCESS));
      assert.equal(browser.cookies.get(REFRESH), cookies.get(REFRESH));
      app.clock.advance('9m');
      assert.equal((await browser.get('/me')).status, 200);
    });
  });

  describe('the tokens of a sign-in that were copied before a step-up', () => {
    it('never pass a step-up guard after it: not the access token, the refresh token, nor what that gives', async () => {
      const app = stepUpApp({ methods, store: await makeStore(), delivery: 'token-cookies' });
      const browser = await app.signIn();
      const copied = copyOf(browser, app.app);
      await stepUp(browser, fakeCode());
      assert.equal((await browser.post('/code')).status, 200);
      assert.equal((await copied.post('/code')).status, 401);
      app.clock.advance('1m');
      assert.equal((await refreshIn(copied)).status, 200); // before the owner, who can't be told from the thief yet
      assert.equal((await copied.post('/code')).body.code, 'step_up_required');
      assert.equal((await browser.post('/code')).status, 401); // the owner's elevation ends with it
    });
  });
});
