// Pitfall: a page of another origin sends a sign-in that hands out bearer tokens, so that the victim's cookie session ends.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';

it('a bearer sign-in that a page of another origin sends neither ends nor clears the session of the victim', async () => {
  const { auth, events } = testInstance();
  const victim = new Browser(testApp(auth).app);
  await victim.signIn();
  const body = { userId: 'mallory', delivery: 'bearer' };
  const headers = { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' };
  const response = await victim.post('/login', { body, headers });
  assert.equal(response.status, 200); // no cookie comes of it, and apps on other origins may sign in so
  assert.equal(response.headers['set-cookie'], undefined);
  assert.equal((await victim.get('/me')).body.userId, 'ada');
  assert.ok(!events.some(({ type }) => type === 'session.revoked'));
});
