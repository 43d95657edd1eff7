import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import { begin, verify } from '../step-up/app.js';
import { assertRefused } from '../support/answers.js';
import { Browser } from '../support/browser.js';
import { RIGHT_PIN } from '../support/pin.js';
import { readJwt } from '../tokens/jwt.js';
import { type AppProcess, type AppReport, startApp } from './app-process.js';
import { forEachServer } from './servers.js';

const CAP = 5;
const MINUTE = 60;

forEachServer((server) => {
  describe('two processes of an app', () => {
    let apps: readonly AppProcess[] = [];
    beforeAll(async () => {
      const options = { maxSessionsPerUser: CAP };
      const { database } = server();
      apps = await Promise.all([startApp(database, { options }), startApp(database, { options })]);
    });
    afterAll(() => Promise.all(apps.map((app) => app.stop())));

    /** A browser whose requests go to the first process, and the same browser with requests to the second. */
    function browsers(): readonly [Browser, Browser] {
      const [one, other] = apps.map(({ url }) => url);
      const browser = new Browser(one ?? '');
      return [browser, new Browser(other ?? '', browser.cookies)];
    }

    /** New browsers, of the two in turn. */
    function strangers(count: number): readonly Browser[] {
      return Array.from({ length: count }, (_, index) => new Browser(apps[index % 2]?.url ?? ''));
    }

    /** Posts the same from each, half of them to each of the two. Those to one of them wait there for each other. */
    function race(posters: readonly Browser[], path: string, body: object): Promise<readonly Response[]> {
      const headers = { 'X-Together': `${posters.length / 2}` };
      return Promise.all(posters.map((browser) => browser.post(path, { body, headers })));
    }

    async function advance(seconds: number): Promise<void> {
      for (const app of apps) await app.tell({ do: 'advance', by: seconds });
    }

    /** What both have to tell of what `work` did. */
    async function told(work: () => Promise<void>): Promise<AppReport> {
      const report = () => Promise.all(apps.map((app) => app.tell({ do: 'report' })));
      await report();
      await work();
      const reports = await report();
      const errors = reports.flatMap((each) => each.errors);
      assert.deepEqual(errors, []);
      return {
        errors,
        events: reports.flatMap(({ events }) => events),
        passed: reports.flatMap(({ passed }) => passed),
      };
    }

    it('refuse with the very next request what was revoked on the other', async () => {
      const [manager, managerElsewhere] = browsers();
      await manager.signIn({ userId: 'revoking' });
      for (let round = 0; round < 20; round += 1) {
        const [here, there] = browsers();
        const { session } = await (round % 2 === 0 ? here : there).signIn({ userId: 'revoking' });
        for (const browser of [here, there]) assert.equal((await browser.get('/me')).status, 200);
        const revoked = await (round % 2 === 0 ? manager : managerElsewhere).delete(`/auth/sessions/${session.id}`);
        assert.equal(revoked.status, 204);
        assertRefused(await (round % 2 === 0 ? there : here).get('/me'), 401, 'session_invalid');
      }
    });

    it('refuse with the very next request whom the other logged out', async () => {
      const [here, there] = browsers();
      await here.signIn({ userId: 'logging-out' });
      const copy = new Browser(apps[0]?.url ?? '', new Map(here.cookies));
      assert.equal((await there.post('/auth/logout')).status, 204);
      assertRefused(await copy.get('/me'), 401, 'session_invalid');
    });

    it('refuse with the very next requests all sessions that were ended on the other', async () => {
      const signedIn = Array.from({ length: CAP }, browsers);
      for (const [index, pair] of signedIn.entries()) await pair[index % 2 === 0 ? 0 : 1].signIn({ userId: 'leaving' });
      assert.equal((await signedIn[0]?.[0].delete('/auth/sessions?keep=current'))?.status, 204);
      assert.equal((await signedIn[0]?.[1].get('/me'))?.status, 200);
      for (const [, there] of signedIn.slice(1)) assertRefused(await there.get('/me'), 401, 'session_invalid');
    });

    it('give 100 parallel refreshes of one parent the same pair', async () => {
      const { body } = await new Browser(apps[0]?.url ?? '').signIn({ userId: 'refreshing', delivery: 'bearer' });
      await advance(MINUTE); // else it is too young to be replaced
      let answers: readonly Response[] = [];
      const { events } = await told(async () => {
        answers = await race(strangers(100), '/auth/token/refresh', { refresh_token: body.refresh_token });
      });
      for (const { status, text } of answers) assert.equal(status, 200, text);
      const pairs = answers.map(({ body: pair }) => `${pair.refresh_token} ${readJwt(pair.access_token).jti}`);
      assert.equal(new Set(pairs).size, 1);
      assert.notEqual(answers[0]?.body.refresh_token, body.refresh_token);
      assert.deepEqual(
        events.filter((type) => type.startsWith('session.')),
        ['session.refreshed'],
      );
      const headers = { Authorization: `Bearer ${answers[0]?.body.access_token}` };
      for (const browser of strangers(2)) assert.equal((await browser.get('/me', { headers })).status, 200);
    });

    it('run the handler once for a grant that is used on both at once', async () => {
      const [here, there] = browsers();
      await here.signIn({ userId: 'approving' });
      for (let round = 0; round < 5; round += 1) {
        await advance(1); // of many challenges the oldest go
        const { challenge } = (await here.post('/once')).body;
        assert.equal((await verify(there, 'pin', RIGHT_PIN, challenge.id)).status, 200);
        let answers: readonly Response[] = [];
        const { passed, events } = await told(async () => {
          answers = await race(Array.from({ length: 20 }, () => [here, there]).flat(), '/once', {});
        });
        assert.deepEqual(passed, ['/once']);
        assert.equal(events.filter((type) => type === 'grant.spent').length, 1);
        const outcomes = answers.map(({ status, body }) => `${status} ${body.reason}`).sort();
        assert.deepEqual(outcomes, ['200 undefined', ...Array(39).fill('401 spent')]);
      }
    });

    it('take an answer to one challenge once, sent to both at once', async () => {
      const [here, there] = browsers();
      await here.signIn({ userId: 'answering' });
      const { challengeId } = await begin(here, 'pin');
      const body = { method: 'pin', challengeId, response: RIGHT_PIN };
      const answers = await race([here, there, here, there], '/auth/step-up/verify', body);
      assert.deepEqual(answers.map(({ status }) => `${status}`).sort(), ['200', '403', '403', '403']);
      for (const browser of [here, there]) assert.equal((await browser.get('/pin')).status, 200);
    });

    it('keep a user’s sessions at the cap, exactly, under 50 parallel sign-ins', async () => {
      const jars = strangers(50);
      const answers = await race(jars, '/login', { userId: 'many' });
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
      const alive = [];
      for (const jar of jars) if ((await jar.get('/me')).status === 200) alive.push(jar);
      assert.equal(alive.length, CAP);
      for (const { url } of apps) {
        const { body } = await new Browser(url, alive[0]?.cookies).get('/auth/sessions');
        assert.equal(body.sessions.length, CAP);
      }
    });
  });
});
