import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { SETTLING } from '../../lib/stores/contract/session-state.js';
import { type StepUpAppOptions, stepUpApp } from '../step-up/app.js';

function arrange(options: StepUpAppOptions = {}) {
  return stepUpApp({ ...options, routes: (auth) => ({ '/poll': [auth.requireSession({ passive: true })] }) });
}

describe('requireSession({ passive: true })', () => {
  it('lets a session of `psd2` end after five minutes of polling', async () => {
    const app = arrange({ policy: 'psd2' });
    const browser = await app.signIn();
    for (let seconds = 30; seconds < 300; seconds += 30) {
      app.clock.advance(30);
      assert.equal((await browser.get('/poll')).status, 200, `after ${seconds} s`);
      await app.auth.flush();
    }
    app.clock.advance(30);
    assert.equal((await browser.get('/poll')).status, 401);
  });

  it('goes on with one real request', async () => {
    const app = arrange({ policy: 'psd2' });
    const browser = await app.signIn();
    for (let seconds = 30; seconds <= 450; seconds += 30) {
      app.clock.advance(30);
      const path = seconds === 240 ? '/me' : '/poll';
      assert.equal((await browser.get(path)).status, 200, `after ${seconds} s`);
      await app.auth.flush();
    }
    app.clock.advance(90);
    assert.equal((await browser.get('/poll')).status, 401);
  });

  it('does not hide the activity that follows it at once', async () => {
    const app = arrange({ idleLifetime: '10m', touchInterval: '30s' });
    const browser = await app.signIn();
    app.clock.advance(590);
    await browser.get('/poll'); // the first use of a settled token: it is written
    await browser.get('/me');
    await app.auth.flush();
    app.clock.advance(60);
    assert.equal((await browser.get('/me')).status, 200);
  });

  it('keeps what an activity has noted just before', async () => {
    const app = arrange({
      idleLifetime: '10m',
      touchInterval: '30s',
      delivery: 'token-cookies',
      accessTokenLifetime: '1d',
    });
    const browser = await app.signIn();
    app.clock.advance(SETTLING / 1_000);
    assert.equal((await browser.post('/auth/token/refresh')).status, 200);
    app.clock.advance(500);
    await browser.get('/me');
    await browser.get('/poll');
    await app.auth.flush();
    app.clock.advance(500);
    assert.equal((await browser.get('/me')).status, 200);
  });

  it('confirms a token as any use does', async () => {
    const app = arrange({ delivery: 'token-cookies', refreshGrace: '1s' });
    const browser = await app.signIn();
    app.clock.advance(SETTLING / 1_000);
    const parent = String(browser.cookies.get('__Host-refresh'));
    assert.equal((await browser.post('/auth/token/refresh')).status, 200);
    app.clock.advance(SETTLING / 1_000);
    await browser.get('/poll');
    await app.auth.flush();
    app.clock.advance(2);
    browser.cookies.set('__Host-refresh', parent);
    assert.equal((await browser.post('/auth/token/refresh')).status, 401); // an old one: theft
  });

  for (const passive of ['yes', 1, null]) {
    it(`refuses ${JSON.stringify(passive)} at set-up`, () => {
      const { auth } = arrange();
      assert.throws(() => auth.requireSession({ passive } as never), /`passive` must be a boolean/);
    });
  }
});
