import assert from 'node:assert/strict';
import { afterAll, beforeAll, beforeEach, describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import { begin, verify } from '../step-up/app.js';
import { assertRefused } from '../support/answers.js';
import { Browser } from '../support/browser.js';
import { RIGHT_PIN } from '../support/pin.js';
import { NOW } from '../support/rules.js';
import { type AppProcess, startApp } from './app-process.js';
import { forEachServer } from './servers.js';

const APART = 3_000;
const MINUTE = 60;

forEachServer((server) => {
  describe('two processes of an app whose clocks are 3 s apart', () => {
    let apps: readonly AppProcess[] = [];
    let users = 0;
    beforeAll(async () => {
      const { database } = server();
      apps = await Promise.all([NOW, NOW + APART].map((now) => startApp(database, { now })));
    });
    afterAll(() => Promise.all(apps.map((app) => app.stop())));
    beforeEach(() => {
      users += 1;
    });

    /** A user's browser at the process that is behind, and the same at the one that is ahead, or the other way round. */
    async function signedIn(first: 'behind' | 'ahead', options: object = {}) {
      const [behind = '', ahead = ''] = apps.map(({ url }) => url);
      const browser = new Browser(first === 'behind' ? behind : ahead);
      const elsewhere = new Browser(first === 'behind' ? ahead : behind, browser.cookies);
      const { session, body } = await browser.signIn({ userId: `user-${users}`, ...options });
      return { browser, elsewhere, session, body };
    }

    async function advance(seconds: number): Promise<void> {
      for (const app of apps) await app.tell({ do: 'advance', by: seconds });
    }

    async function flush(): Promise<void> {
      for (const app of apps) await app.tell({ do: 'flush' });
    }

    function assertPassed(response: Response): void {
      assert.equal(response.status, 200, response.text);
    }

    for (const first of ['behind', 'ahead'] as const) {
      it(`let a proof made on the one that is ${first} pass on the other`, async () => {
        const { browser, elsewhere } = await signedIn(first);
        assert.equal((await elsewhere.get('/pin')).body.code, 'step_up_required');
        assertPassed(await verify(browser, 'pin', RIGHT_PIN));
        assertPassed(await elsewhere.get('/pin'));
        await advance(5 * MINUTE - APART / 1_000 - 1);
        assertPassed(await elsewhere.get('/pin'));
        await advance(2 * (APART / 1_000) + 1);
        for (const each of [browser, elsewhere]) {
          assert.equal((await each.get('/pin')).body.reason, 'expired');
        }
      });

      it(`let a sign-in’s proof made on the one that is ${first} pass on the other`, async () => {
        const { elsewhere } = await signedIn(first, { method: 'pin' });
        assertPassed(await elsewhere.get('/pin'));
      });

      it(`take the answer to a challenge begun on the one that is ${first}`, async () => {
        const { browser, elsewhere } = await signedIn(first);
        const { challengeId } = await begin(browser, 'pin');
        assertPassed(await verify(elsewhere, 'pin', RIGHT_PIN, challengeId));
        for (const each of [browser, elsewhere]) assertPassed(await each.get('/pin'));
      });

      it(`spend a grant that was given on the one that is ${first}, once`, async () => {
        const { browser, elsewhere } = await signedIn(first);
        const { challenge } = (await elsewhere.post('/once')).body;
        assertPassed(await verify(browser, 'pin', RIGHT_PIN, challenge.id));
        assertPassed(await elsewhere.post('/once'));
        for (const each of [browser, elsewhere]) assert.equal((await each.post('/once')).body.reason, 'spent');
      });

      it(`take no refresh for theft, to and fro, begun on the one that is ${first}`, async () => {
        const { browser, elsewhere, body } = await signedIn(first, { delivery: 'bearer' });
        let pair = body;
        const refresh = async (at: Browser): Promise<void> => {
          const answer = await at.post('/auth/token/refresh', { body: { refresh_token: pair.refresh_token } });
          assertPassed(answer);
          pair = answer.body;
        };
        const use = async (at: Browser): Promise<void> => {
          assertPassed(await at.get('/me', { headers: { Authorization: `Bearer ${pair.access_token}` } }));
        };
        // At once, with the grace period over for the one and not for the other, and with it over for both.
        for (const seconds of [1, 28, 31, MINUTE, 9 * MINUTE]) {
          for (const [here, there] of [
            [browser, elsewhere],
            [elsewhere, browser],
          ] as const) {
            const parent = pair;
            await refresh(here);
            await use(there);
            await refresh(there);
            await use(here);
            await flush();
            // Tabs that still have the parent, within the grace period of either.
            for (const at of parent.refresh_token === pair.refresh_token ? [] : [there, here]) {
              const late = await at.post('/auth/token/refresh', { body: { refresh_token: parent.refresh_token } });
              assert.equal(late.body.refresh_token, pair.refresh_token);
            }
            await advance(seconds);
          }
        }
        const events = (await Promise.all(apps.map((app) => app.tell({ do: 'report' })))).flatMap(
          (each) => each.events,
        );
        assert.ok(!events.includes('session.refresh-reused'));
      });

      it(`take touches from either, and never make a session that began on the one that is ${first} older`, async () => {
        const { browser, elsewhere, session } = await signedIn(first);
        const seen = async (): Promise<typeof session> => (await browser.get('/auth/session')).body.session;
        let last = session;
        for (const at of [elsewhere, browser, elsewhere, browser]) {
          await advance(MINUTE + APART / 1_000);
          assertPassed(await at.get('/me'));
          await flush();
          const now = await seen();
          assert.ok(now.lastSeenAt > last.lastSeenAt && now.idleExpiresAt > last.idleExpiresAt);
          assert.equal(now.expiresAt, session.expiresAt);
          last = now;
        }
        // Noted by both, and written by the one that is behind at last.
        await advance(MINUTE + APART / 1_000);
        for (const at of [elsewhere, browser]) assertPassed(await at.get('/me'));
        await apps[1]?.tell({ do: 'flush' });
        const byTheOneAhead = await seen();
        await apps[0]?.tell({ do: 'flush' });
        assert.deepEqual(await seen(), byTheOneAhead);
      });

      it(`keep the old token for requests in flight after a step-up on the one that is ${first}`, async () => {
        const { browser, elsewhere } = await signedIn(first);
        const [, ahead = ''] = apps.map(({ url }) => url);
        const inFlight = new Browser(ahead, new Map(browser.cookies));
        assertPassed(await verify(browser, 'pin', RIGHT_PIN));
        assertPassed(await elsewhere.get('/me'));
        await flush();
        assertPassed(await inFlight.get('/me'));
      });
    }

    it('refuse a sign-in on the one that is behind until its clock has passed the end of all on the other', async () => {
      const { browser } = await signedIn('ahead');
      assert.equal((await browser.delete('/auth/sessions')).status, 204);
      const again = new Browser(apps[0]?.url ?? '');
      const body = { userId: `user-${users}` };
      assertRefused(await again.post('/login', { body }), 403, 'sign_in_refused');
      await advance(APART / 1_000 + 1);
      assertPassed(await again.post('/login', { body }));
    });
  });
});
