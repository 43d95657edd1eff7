import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { assertRefused } from '../support/answers.js';
import { ORIGIN } from '../support/instance.js';
import { type ActionRequest, actionApp, approve, assertNotApproved, assertPasses, BearerClient, send } from './app.js';

const GET_ONCE: ActionRequest = { method: 'GET', path: '/once' };

describe('the origin of a request that spends a grant', () => {
  const from: readonly (readonly [headers: Record<string, string | undefined>, passes: boolean])[] = [
    [{ 'Sec-Fetch-Site': 'same-origin' }, true],
    [{ 'Sec-Fetch-Site': 'none' }, true],
    [{ 'Sec-Fetch-Site': undefined }, true],
    [{ 'Sec-Fetch-Site': undefined, Origin: ORIGIN }, true],
    [{ 'Sec-Fetch-Site': 'cross-site', Origin: 'https://front.example' }, true],
    [{ 'Sec-Fetch-Site': 'same-site' }, false],
    [{ 'Sec-Fetch-Site': 'cross-site' }, false],
    [{ 'Sec-Fetch-Site': undefined, Origin: 'https://evil.example' }, false],
    [{ 'Sec-Fetch-Site': undefined, Origin: 'null' }, false],
  ];
  for (const [headers, passes] of from) {
    for (const method of ['GET', 'POST', 'DELETE']) {
      it(`${passes ? 'passes' : 'is refused'} with ${JSON.stringify(headers)} on ${method}`, async () => {
        const app = actionApp({ trustedOrigins: ['https://front.example'] });
        const browser = await app.signIn();
        const { id } = (await browser.get('/me')).body.session;
        const request = { method, path: '/once' };
        await approve(browser, request, app.key);
        const response = await send(browser, { ...request, headers });
        assert.equal(response.status, passes ? 200 : 403);
        if (passes) return;
        assertRefused(response, 403, 'cross_origin');
        assert.deepEqual(app.passed, []);
        const about = method === 'GET' ? { userId: 'ada', sessionId: id } : {}; // others are refused before the session is read
        const [{ ip = '', ...told }, ...more] = app.told('session.refused') as [{ ip?: string }, ...object[]]; // all are objects
        assert.deepEqual([told, more], [{ type: 'session.refused', reason: 'cross-origin', ...about }, []]);
        assert.match(ip, /127\.0\.0\.1/);
        await assertPasses(browser, request); // the grant is there still
      });
    }
  }

  it('has to be told where csrf is strict, on GET, too', async () => {
    const app = actionApp({ csrf: 'strict' });
    const browser = await app.signIn();
    await approve(browser, GET_ONCE, app.key);
    assertRefused(await send(browser, { ...GET_ONCE, headers: { 'Sec-Fetch-Site': undefined } }), 403, 'cross_origin');
    await assertPasses(browser, GET_ONCE);
  });

  it('does not matter to a bearer token, which no page can make a browser send', async () => {
    const app = actionApp();
    const client = await BearerClient.signedIn(app);
    const foreign = { ...GET_ONCE, headers: { 'Sec-Fetch-Site': 'cross-site' } };
    await assertNotApproved(client, foreign);
    await approve(client, foreign, app.key);
    await assertPasses(client, foreign);
  });
});
