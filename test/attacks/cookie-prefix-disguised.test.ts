// Cookie prefix in disguise: a sibling domain sets a name that a browser doesn't take for __Host- but a careless parser does.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';
import { sendRaw } from '../support/raw.js';

for (const disguise of [
  '\u00a0',
  '\u0085',
  '\u000b',
  '\u000c',
  '\ufeff',
  '"',
  '=',
  ',',
  '$Version=1,',
  '$Path=/;$Version="1",',
]) {
  it(`a name that begins with ${JSON.stringify(disguise)} is none of ours`, async () => {
    const { auth } = testInstance();
    const { app, handled } = testApp(auth);
    const attacker = new Browser(app);
    await attacker.signIn({ userId: 'mallory' });
    const bytes = Buffer.from(disguise, 'utf8').toString('latin1'); // as they go over the wire
    const headers = [`Cookie: ${bytes}${attacker.cookieHeader()}`];
    const { status } = await sendRaw(app, { start: 'GET /me', headers });
    assert.ok(status === 401 || status === 400, `${status}`); // 400: Node takes no such header
    assert.deepEqual(handled, []);
  });
}
