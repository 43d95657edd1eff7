// A spoofed address in the session list (CVE-2026-39409): the thief sends a header, and the owner sees a familiar place.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';

it('the session list shows the address of the connection, not that of a header', async () => {
  const { auth, events } = testInstance();
  const { app } = testApp(auth);
  const owner = new Browser(app);
  await owner.signIn();
  const headers = Object.fromEntries(
    ['X-Forwarded-For', 'X-Real-IP', 'CF-Connecting-IP', 'True-Client-IP', 'Forwarded', 'X-Client-IP'].map((name) => [
      name,
      '198.51.100.1',
    ]),
  );
  await new Browser(app).post('/login', { body: {}, headers });
  await owner.get('/me', { headers: { ...headers, Cookie: '__Host-session=x' } });
  const { body } = await owner.get('/auth/sessions');
  const ips: string[] = body.sessions.map(({ ip }: { ip: string }) => ip);
  assert.deepEqual(ips, ['127.0.0.1', '127.0.0.1']);
  assert.ok(!JSON.stringify(events).includes('198.51.100.1'));
});
