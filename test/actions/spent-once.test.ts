import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { confirm, copyOf } from '../step-up/app.js';
import { assertRefused } from '../support/answers.js';
import { echoRefusal, sendJson } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { forEachStore } from '../support/stores.js';
import {
  type ActionApp,
  type ActionRequest,
  actionApp,
  answer,
  approve,
  ask,
  assertNotApproved,
  assertPasses,
  BearerClient,
  ONCE,
  send,
  TRANSFER,
} from './app.js';

forEachStore((_name, makeStore) => {
  describe('a grant', () => {
    it('runs the handler for one of 50 parallel requests, and tells the others that it is spent', async () => {
      const store = await makeStore();
      const app = actionApp({ store });
      const browser = await app.signIn();
      await approve(browser, TRANSFER, app.key);
      const answers = await Promise.all(Array.from({ length: 50 }, () => send(browser, TRANSFER)));
      assert.deepEqual(app.passed, ['/transfers']);
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      const refused = answers.filter(({ status }) => status !== 200).map(({ body }) => `${body.code} ${body.reason}`);
      assert.deepEqual(refused, Array(49).fill('step_up_required spent'));
      assert.equal(app.told('grant.spent').length, 1);
    });

    it('is one of 50 parallel answers to its challenge', async () => {
      const store = await makeStore();
      const app = actionApp({ store });
      const browser = await app.signIn();
      const challenge = await ask(browser, TRANSFER);
      const holders = Array.from({ length: 50 }, () => copyOf(browser, app.app));
      const answers = await Promise.all(holders.map((holder) => answer(holder, challenge, app.key)));
      const winner = answers.findIndex(({ status }) => status === 200);
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      assert.equal(app.told('step-up.succeeded').length, 1);
      await assertPasses(holders[winner] ?? browser, TRANSFER);
      await assertNotApproved(holders[winner] ?? browser, TRANSFER, 'spent');
    });

    it('is spent once for each of several actions in one go', async () => {
      const store = await makeStore();
      const app = actionApp({ store });
      const browser = await app.signIn();
      const requests = [1, 2, 3].map((amount): ActionRequest => ({ ...TRANSFER, body: { to: 'bea', amount } }));
      for (const request of requests) await approve(browser, request, app.key);
      await Promise.all([...requests, ...requests].map((request) => send(browser, request)));
      assert.equal(app.passed.length, 3);
      assert.deepEqual(
        new Set(app.approved.map((action) => JSON.stringify(action?.payload))),
        new Set(requests.map(({ body }) => JSON.stringify(body))),
      );
    });
  });

  describe('a grant is gone', () => {
    const ends: Readonly<Record<string, (app: ActionApp, browser: Browser) => Promise<unknown>>> = {
      'five minutes after it was given': async ({ clock }) => clock.advance('5m'),
      'after DELETE /step-up': (_scene, browser) => browser.delete('/auth/step-up'),
      'after credentialsChanged': (_scene, browser) => browser.post('/password'),
    };

    for (const [when, end] of Object.entries(ends)) {
      it(when, async () => {
        const store = await makeStore();
        const app = actionApp({
          store,
          routes: (auth) => ({
            '/password': [(req, res, next) => void auth.credentialsChanged(req, res).then(() => next(), next)],
          }),
        });
        const browser = await app.signIn();
        await approve(browser, TRANSFER, app.key);
        const waiting = await ask(browser, ONCE);
        await end(app, browser);
        await assertNotApproved(browser, TRANSFER);
        // So is what would lead to another.
        assert.equal((await answer(browser, waiting, app.key)).body.code, 'step_up_failed');
        await assertNotApproved(browser, ONCE);
      });
    }

    it('after the session’s end, and no new session of the user has it', async () => {
      const store = await makeStore();
      const app = actionApp({ store });
      for (const end of ['/auth/logout', null]) {
        const browser = await app.signIn();
        const copy = copyOf(browser, app.app);
        await approve(browser, TRANSFER, app.key);
        for (const [name, value] of browser.cookies) copy.cookies.set(name, value);
        if (end === null) await app.auth.sessions.revokeAllForUser('ada');
        else assert.equal((await browser.post(end)).status, 204);
        assert.equal((await send(copy, TRANSFER)).body.code, 'session_invalid');
        app.clock.advance('1s'); // a sign-in after all were ended
        await assertNotApproved(await app.signIn(), TRANSFER);
      }
      assert.deepEqual(app.passed, []);
    });

    it('when its user is forgotten', async () => {
      const store = await makeStore();
      const app = actionApp({ store });
      const browser = await app.signIn();
      await approve(browser, TRANSFER, app.key);
      await app.auth.forgetUser('ada');
      assert.equal(await store.grants.deleteExpired(app.clock.now() + 300_000, 100), 0);
    });
  });
});

describe('a grant', () => {
  it('is live until its end', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    await approve(browser, TRANSFER, app.key);
    app.clock.set(app.clock.now() + 299_999);
    await assertPasses(browser, TRANSFER);
  });

  it('that replaces an older one for the same is live for five minutes of its own', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    const challenges = [await ask(browser, TRANSFER), await ask(browser, TRANSFER)];
    for (const challenge of challenges) {
      assert.equal((await answer(browser, challenge, app.key)).status, 200);
      app.clock.advance('4m');
    }
    await assertPasses(browser, TRANSFER);
    await assertNotApproved(browser, TRANSFER, 'spent');
  });

  it('that was spent says so for a day, with the time, and is as if it had never been from then on', async () => {
    const app = actionApp({ idleLifetime: '7d', absoluteLifetime: '7d' });
    const browser = await app.signIn();
    await approve(browser, TRANSFER, app.key);
    const spentAt = app.clock.now();
    await assertPasses(browser, TRANSFER);
    app.clock.set(spentAt + 86_399_999);
    await assertNotApproved(browser, TRANSFER, 'spent');
    assert.equal((await send(browser, TRANSFER)).body.spentAt, spentAt);
    app.clock.set(spentAt + 86_400_000);
    await assertNotApproved(browser, TRANSFER, 'missing');
    assert.ok(!('spentAt' in (await send(browser, TRANSFER)).body));
  });

  it('that was spent says so in every session of its user, by whichever rule, and to nobody else', async () => {
    const app = actionApp({
      routes: (auth) => {
        let isRisky = false;
        const strict = auth.requireFreshStepUp({ method: 'key', once: true });
        const lenient = auth.requireFreshStepUp({ method: ['key', 'code'], once: true });
        return {
          '/risk': [
            (_req, res) => {
              isRisky = true;
              sendJson(res, {});
            },
          ],
          '/export': [(req, res, next) => (isRisky ? strict : lenient)(req, res, next)],
        };
      },
    });
    const request: ActionRequest = { path: '/export' };
    const browser = await app.signIn();
    await approve(browser, request, app.code);
    await assertPasses(browser, request);
    await browser.post('/risk');
    await assertNotApproved(browser, request, 'spent');
    await assertNotApproved(await app.signIn(), request, 'spent');
    await assertNotApproved(await app.signIn('bea'), request, 'missing');
  });

  it('that was spent by a clock ten minutes ahead says that it was just now', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    const now = app.clock.now();
    app.clock.advance('10m');
    await approve(browser, TRANSFER, app.key);
    await assertPasses(browser, TRANSFER);
    app.clock.set(now);
    assert.equal((await send(browser, TRANSFER)).body.spentAt, now);
  });

  it('is spent though the handler throws', async () => {
    const app = actionApp({
      routes: (auth) => ({
        '/throws': [
          auth.requireFreshStepUp({ method: 'key', once: true }),
          () => {
            throw new Error('the bank is closed');
          },
        ],
      }),
    });
    const browser = await app.signIn();
    await approve(browser, { path: '/throws' }, app.key);
    assert.equal((await browser.post('/throws')).status, 599);
    await assertNotApproved(browser, { path: '/throws' }, 'spent');
    assert.equal((app.errors[0] as Error).message, 'the bank is closed');
  });

  it('is spent by the first of two guards for the same, so that they must not stand behind each other', async () => {
    const app = actionApp({
      routes: (auth) => {
        const guard = auth.requireFreshStepUp({ method: 'key', once: true });
        return { '/twice': [guard, guard] };
      },
    });
    const browser = await app.signIn();
    await approve(browser, { path: '/twice' }, app.key);
    await assertNotApproved(browser, { path: '/twice' }, 'spent');
    assert.deepEqual(app.passed, []);
  });

  it('is not spent by a request that is refused before', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    await approve(browser, ONCE, app.key);
    const foreign = { headers: { 'Sec-Fetch-Site': 'cross-site' } };
    assert.equal((await browser.post('/once', foreign)).body.code, 'cross_origin');
    await assertPasses(browser, ONCE);
  });

  it('outlives a newer session token: the session is the same', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    await approve(browser, TRANSFER, app.key);
    await approve(browser, ONCE, app.key); // replaces the token
    await confirm(app, browser);
    await assertPasses(browser, TRANSFER);
    await assertPasses(browser, ONCE);
  });

  it('is not for the session token from before, which leaves it untouched', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    const old = copyOf(browser, app.app);
    await approve(browser, TRANSFER, app.key);
    await assertNotApproved(old, TRANSFER); // neither while the new token waits
    await confirm(app, browser);
    await assertNotApproved(old, TRANSFER); // nor in the overlap
    assert.deepEqual(app.passed, []);
    await assertPasses(browser, TRANSFER);
  });

  it('is for the client whose answer was lost, after it has answered once more', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    const old = copyOf(browser, app.app);
    await approve(browser, TRANSFER, app.key);
    await approve(old, TRANSFER, app.key); // by the previous token, while nobody has used the new one
    await assertNotApproved(browser, TRANSFER); // whose grant has ended with that
    await assertPasses(old, TRANSFER);
    await assertNotApproved(browser, TRANSFER, 'spent');
  });

  for (const [which, wait] of [
    ['rotates', '46s'],
    ['is answered with the token itself', '1s'],
  ] as const) {
    it(`ends with a refresh that ${which}, and so does its open challenge`, async () => {
      const app = actionApp({ refreshGrace: 0 });
      const browser = await app.signIn('ada', { delivery: 'token-cookies' });
      app.clock.advance(wait);
      await approve(browser, TRANSFER, app.key);
      const open = await ask(browser, ONCE);
      assert.equal((await browser.post('/auth/token/refresh')).status, 200);
      await assertNotApproved(browser, TRANSFER);
      assertRefused(await answer(browser, open, app.key), 403, 'step_up_failed');
      await approve(browser, TRANSFER, app.key);
      await assertPasses(browser, TRANSFER);
    });
  }

  it('is for a client with a bearer token as well, from wherever it sends', async () => {
    const app = actionApp();
    const client = await BearerClient.signedIn(app);
    await approve(client, TRANSFER, app.key);
    await assertPasses(client, {
      ...TRANSFER,
      headers: { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://other.example' },
    });
    await assertNotApproved(client, TRANSFER, 'spent');
  });

  it('answers through the app’s own onRefusal, too', async () => {
    const app = actionApp({ onRefusal: echoRefusal });
    const browser = await app.signIn();
    const { body } = await send(browser, TRANSFER);
    assert.deepEqual([body.code, body.status], ['step_up_required', 401]);
  });

  it('is told to the handler by auth.current as well', async () => {
    const app = actionApp({
      routes: (auth) => ({
        '/current': [
          auth.requireFreshStepUp({ method: 'key', once: true }),
          (req, res) => sendJson(res, auth.current(req)),
        ],
      }),
    });
    const browser = await app.signIn();
    await approve(browser, { path: '/current' }, app.key);
    const { body } = await send(browser, { path: '/current' });
    assert.deepEqual(body.action, { payload: null, method: 'key' });
    assert.equal(body.userId, 'ada');
  });
});
