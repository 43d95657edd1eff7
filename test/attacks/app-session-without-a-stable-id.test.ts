// A session that names itself anew with each request, as a token does by its `jti`, or by nothing at all, as a session that lives in its cookie: what was proved must neither be everybody's nor be asked for again and again.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { answer, verify } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';
import { foreignApp } from '../support/foreign-app.js';
import { warningsIn } from '../support/warnings.js';

const key = fakeKey();
const methods = [key, fakeCode()];

describe('an app whose session has no stable id', () => {
  it('is told so where there is none: nobody shares a proof', async () => {
    warningsIn();
    for (const id of [undefined, null, '']) {
      const app = foreignApp({ methods, session: { of: () => ({ id: id as never, userId: 'ada' }) } });
      const ada = app.signIn();
      assertRefused(await ada.post('/key'), 500, 'store_unavailable');
      assertRefused(await ada.post('/auth/step-up/options', { body: { method: 'key' } }), 500, 'store_unavailable');
      assertRefused(await verify(ada, 'code', { code: 'code' }), 500, 'store_unavailable');
    }
  });

  it('gets an end of it where the id is another with each request: no answer leads anywhere', async () => {
    let count = 0;
    const app = foreignApp({
      methods,
      session: {
        of: () => {
          count += 1;
          return { id: `jti ${count}`, userId: 'ada' };
        },
      },
    });
    const ada = app.signIn();
    const refused = await answer(ada, key);
    assert.deepEqual([refused.status, refused.body.code, refused.body.reason], [403, 'step_up_failed', 'challenge']);
    assert.equal((await ada.post('/key')).status, 401);
    const { challenge } = (await ada.post('/pay', { body: { to: 'bea' } })).body;
    const paid = await verify(ada, 'key', key.right(challenge.methods.key.options), challenge.id);
    assert.deepEqual([paid.status, paid.body.reason], [403, 'challenge']);
    assert.deepEqual(app.passed, []);
    const reasons = app.told('step-up.failed').map((event) => (event as { reason?: string }).reason);
    assert.deepEqual(reasons, ['no-challenge', 'no-challenge']);
  });
});
