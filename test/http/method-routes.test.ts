import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { type Method, Refusal } from '../../lib/index.js';
import { answer, stepUp, stepUpApp } from '../step-up/app.js';
import { type FakeMethod, fakeCode } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';
import { sendJson } from '../support/app.js';
import type { Browser } from '../support/browser.js';

/** A method of an app: users set it up by `POST /word { word }`, and take it away by `DELETE /word`. */
function wordMethod(): FakeMethod {
  const method = fakeCode('word');
  method.users.clear();
  const routed: Method & FakeMethod = {
    ...method,
    routes: ({ requireEnrolment, attempt, enrolled, removed }) => ({
      '/word': {
        async post(req, res) {
          const { row } = await requireEnrolment(req);
          const { body } = req as { body?: { word?: unknown } }; // the router has read it
          await attempt(row, async () =>
            body?.word === 'word' ? { outcome: 'verified' } : { outcome: 'failed', reason: 'rejected' },
          );
          method.users.add(row.userId);
          await enrolled(row, { revokeOthers: false });
          sendJson(res, {});
        },
        async delete(req, res) {
          const { row } = await requireEnrolment(req);
          await removed(row, { wasThere: method.users.delete(row.userId), revokeOthers: false });
          sendJson(res, {});
        },
        async get() {
          throw new Refusal('not_found');
        },
      },
    }),
  };
  return routed;
}

function wordApp() {
  const word = wordMethod();
  const app = stepUpApp({ methods: [word], rules: { '/guarded': { method: 'word', maxAge: '5m' } } });
  return { ...app, word };
}

const setUp = (browser: Browser, word = 'word') => browser.post('/auth/word', { body: { word } });

describe('the routes of an app’s own method', () => {
  it('stand beside stepgate’s, with the same answers', async () => {
    const { signIn } = wordApp();
    const browser = await signIn();
    assertRefused(await browser.get('/auth/word'), 404, 'not_found');
    assertRefused(await browser.send('PATCH', '/auth/word'), 405, 'method_not_allowed');
    const foreign = { 'Sec-Fetch-Site': 'cross-site' };
    assertRefused(await browser.post('/auth/word', { headers: foreign, body: {} }), 403, 'cross_origin');
  });

  it('enrol whoever has just signed in, and ask for the method itself after that', async () => {
    const { signIn, told, word } = wordApp();
    const browser = await signIn();
    assert.equal((await setUp(browser)).status, 200);
    const { id: sessionId } = (await browser.get('/auth/session')).body.session;
    assert.deepEqual(told('method.enrolled'), [{ type: 'method.enrolled', userId: 'ada', sessionId, method: 'word' }]);
    assert.equal((await setUp(browser)).body.code, 'step_up_required');
    await stepUp(browser, word);
    assert.equal((await setUp(browser)).status, 200);
  });

  it('count attempts as a step-up does, and lock after five', async () => {
    const { signIn } = wordApp();
    const browser = await signIn();
    for (let count = 0; count < 5; count += 1) {
      assertRefused(await setUp(browser, 'guess'), 403, 'step_up_failed');
    }
    assertRefused(await setUp(browser), 429, 'method_locked');
  });

  it('take away what was proved with it', async () => {
    const { signIn, told, word } = wordApp();
    const browser = await signIn();
    await setUp(browser);
    await stepUp(browser, word);
    assert.equal((await browser.post('/guarded')).status, 200);
    assert.equal((await browser.delete('/auth/word')).status, 200);
    const { id: sessionId } = (await browser.get('/auth/session')).body.session;
    assert.deepEqual(told('method.removed'), [{ type: 'method.removed', userId: 'ada', sessionId, method: 'word' }]);
    assert.equal((await setUp(browser)).status, 200);
    assert.equal((await browser.post('/guarded')).body.reason, 'missing');
    assert.equal((await answer(browser, word)).status, 200);
    assert.equal((await browser.post('/guarded')).status, 200);
  });
});
