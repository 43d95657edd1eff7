// Cross-site WebSocket hijacking: a page of another origin opens a socket, for which no preflight asks and the cookie comes along.

import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { it } from '@jest/globals';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { ORIGIN, testInstance } from '../support/instance.js';

function upgradeFrom(cookie: string | undefined, headers: object): IncomingMessage {
  const all = { cookie, connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', ...headers };
  return Object.assign(new IncomingMessage(new Socket()), { method: 'GET', url: '/socket', headers: all });
}

it('the upgrade of a page of another origin is refused', async () => {
  const { auth } = testInstance();
  const victim = new Browser(testApp(auth).app);
  await victim.signIn();
  const cookie = victim.cookieHeader();
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'https://blog.app.example', 'sec-fetch-site': 'same-site' },
    { origin: 'null' },
  ]) {
    const outcome = await auth.authenticate(upgradeFrom(cookie, headers));
    assert.equal(outcome.outcome === 'refused' && outcome.refusal.code, 'cross_origin', JSON.stringify(headers));
  }
  const own = await auth.authenticate(upgradeFrom(cookie, { origin: ORIGIN, 'sec-fetch-site': 'same-origin' }));
  assert.equal(own.outcome, 'authenticated');
});
