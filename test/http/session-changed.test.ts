import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { stepUpApp } from '../step-up/app.js';
import { assertRefused } from '../support/answers.js';

const forSession = (id: string) => ({ headers: { 'Stepgate-Session': id } });

describe('a request that says for which session it is', () => {
  it('passes with that session’s credential, on guarded routes and on stepgate’s own', async () => {
    const app = stepUpApp();
    const browser = await app.signIn();
    const { id } = (await browser.get('/me')).body.session;
    for (const path of ['/me', '/maybe', '/auth/session'])
      assert.equal((await browser.get(path, forSession(id))).status, 200);
  });

  it('is refused with another’s, does nothing, and leaves the cookies', async () => {
    const app = stepUpApp();
    const ada = await app.signIn('ada');
    const { id } = (await ada.get('/me')).body.session;
    const eve = await app.signIn('eve');
    for (const path of ['/me', '/maybe', '/key', '/auth/session']) {
      assertRefused(await eve.get(path, forSession(id)), 409, 'session_changed');
    }
    assertRefused(await eve.delete('/auth/sessions', forSession(id)), 409, 'session_changed');
    assert.equal((await eve.get('/me')).status, 200);
    assert.deepEqual(app.passed, []);
    const reasons = app.told('session.refused').map((event) => 'reason' in event && event.reason);
    assert.deepEqual(new Set(reasons), new Set(['session-changed']));
  });

  it('is refused as any other where there is no session at all', async () => {
    const app = stepUpApp();
    const browser = await app.signIn();
    const { id } = (await browser.get('/me')).body.session;
    await browser.post('/auth/logout', { body: {} });
    assertRefused(await browser.get('/me', forSession(id)), 401, 'session_required');
  });
});
