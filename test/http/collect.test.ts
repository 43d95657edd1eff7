import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';

const headers = { 'User-Agent': 'a browser' };

describe('what is kept of a client', () => {
  it('is its address and its browser, if nothing else is said', async () => {
    const { auth, events } = testInstance();
    await new Browser(testApp(auth).app).post('/login', { body: {}, headers });
    const { sessions } = await auth.sessions.listForUser('ada');
    assert.deepEqual(
      sessions.map(({ ip, userAgent }) => ({ ip, userAgent })),
      [{ ip: '127.0.0.1', userAgent: 'a browser' }],
    );
    assert.ok(events.some((event) => 'ip' in event));
  });

  it('is neither, nor is the address told in an event, where both are left out', async () => {
    const { auth, events } = testInstance({ collect: { ip: false, userAgent: false } });
    const browser = new Browser(testApp(auth).app);
    await browser.post('/login', { body: {}, headers });
    await browser.post('/login', { body: {}, headers: { 'Sec-Fetch-Site': 'cross-site' } });
    const { sessions } = await auth.sessions.listForUser('ada');
    assert.deepEqual(
      sessions.map(({ ip, userAgent }) => ({ ip, userAgent })),
      [{ ip: null, userAgent: null }],
    );
    assert.ok(events.length >= 2);
    for (const event of events) assert.ok(!('ip' in event), event.type);
  });
});
