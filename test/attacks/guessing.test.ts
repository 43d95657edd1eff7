// Brute force on the step-up path (RFC 4226 7.3, ZITADEL CVE-2025-64102): the attacker guesses from many sessions, in parallel, across successes.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { begin, stepUp, stepUpApp, verify } from '../step-up/app.js';
import { fakeCode, fakeKey, WRONG } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';
import type { Browser } from '../support/browser.js';

describe('somebody who guesses', () => {
  it('has twenty guesses in 15 minutes, however many sessions they have', async () => {
    const code = fakeCode();
    const { signIn } = stepUpApp({ methods: [fakeKey(), code] });
    for (let session = 0; session < 10; session += 1) {
      const browser = await signIn();
      for (let guess = 0; guess < 5; guess += 1) await verify(browser, 'code', WRONG);
    }
    assert.equal(code.asked.length, 20);
  });

  it('has no more for the user’s own successes in between', async () => {
    const code = fakeCode();
    const app = stepUpApp({ methods: [fakeKey(), code] });
    const owner = await app.signIn();
    let looked = 0;
    for (let session = 0; session < 10; session += 1) {
      const thief = await app.signIn();
      for (let guess = 0; guess < 2; guess += 1) {
        if ((await verify(thief, 'code', WRONG)).status === 403) looked += 1;
      }
      await verify(owner, 'code', code.right(null));
    }
    assert.equal(looked, 20);
    assertRefused(await verify(await app.signIn(), 'code', WRONG), 429, 'method_locked');
  });

  it('has no more for new challenges', async () => {
    const code = fakeCode();
    const { signIn } = stepUpApp({ methods: [fakeKey(), code] });
    const browser = await signIn();
    for (let guess = 0; guess < 5; guess += 1) {
      const { challengeId } = await begin(browser, 'code');
      assertRefused(await verify(browser, 'code', WRONG, challengeId), 403, 'step_up_failed');
    }
    const { challengeId } = await begin(browser, 'code');
    assertRefused(await verify(browser, 'code', WRONG, challengeId), 429, 'method_locked');
  });

  it('has no more for signing out and in again in the same browser', async () => {
    const code = fakeCode();
    const app = stepUpApp({ methods: [fakeKey(), code] });
    const browser: Browser = await app.signIn();
    for (let guess = 0; guess < 30; guess += 1) {
      if (guess % 4 === 3) await browser.signIn();
      await verify(browser, 'code', WRONG);
    }
    assert.equal(code.asked.length, 20);
  });

  it('is locked out of one method, and the user of no other', async () => {
    const key = fakeKey();
    const code = fakeCode();
    const { signIn } = stepUpApp({ methods: [key, code] });
    for (let session = 0; session < 4; session += 1) {
      const thief = await signIn();
      for (let guess = 0; guess < 5; guess += 1) await verify(thief, 'code', WRONG);
    }
    const owner = await signIn();
    assertRefused(await verify(owner, 'code', code.right(null)), 429, 'method_locked');
    await stepUp(owner, key);
    assert.equal((await owner.post('/key')).status, 200);
  });
});
