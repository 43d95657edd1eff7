// An app switches passwords off for some users by `enrolled`: whoever knows one of those passwords must not pass it all the same.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { begin, stepUp, stepUpApp, verify } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';
import { Client, DELIVERIES } from '../support/client.js';
import { forRules } from '../support/stores.js';

forRules((_name, makeStore) => {
  for (const delivery of DELIVERIES) {
    describe(`a right answer by a method that the user isn’t enrolled for, with ${delivery}`, () => {
      it('proves nothing, and says no more than a wrong one', async () => {
        const [key, code] = [fakeKey(), fakeCode()];
        const app = stepUpApp({ methods: [key, code], store: await makeStore() });
        const client = await Client.signedIn(app, delivery);
        code.users.delete('ada');
        assertRefused(await verify(client, 'code', code.right(null)), 403, 'step_up_failed');
        assert.deepEqual(
          app.told('step-up.failed').map((event) => 'reason' in event && event.reason),
          ['unknown-credential'],
        );
        assert.equal(code.asked.length, 0);
        assert.equal((await client.post('/code')).status, 403);
        assert.deepEqual(app.passed, []);
      });

      it('is not counted, so that nobody is locked out by it', async () => {
        const [key, code] = [fakeKey(), fakeCode()];
        const app = stepUpApp({ methods: [key, code], store: await makeStore() });
        const client = await Client.signedIn(app, delivery);
        code.users.delete('ada');
        for (let count = 0; count < 12; count += 1) {
          assertRefused(await verify(client, 'code', code.right(null)), 403, 'step_up_failed');
        }
        code.users.add('ada');
        await stepUp(client, code);
        assert.equal((await client.post('/code')).status, 200);
      });

      it('answers no challenge from before either, and uses it up', async () => {
        const [key, code] = [fakeKey(), fakeCode()];
        const app = stepUpApp({ methods: [key, code], store: await makeStore() });
        const client = await Client.signedIn(app, delivery);
        const { challengeId, options } = await begin(client, 'key');
        key.users.delete('ada');
        assertRefused(await verify(client, 'key', key.right(options), challengeId), 403, 'step_up_failed');
        key.users.add('ada');
        assertRefused(await verify(client, 'key', key.right(options), challengeId), 403, 'step_up_failed');
        assert.equal((await client.post('/key')).body.reason, 'missing');
      });

      it('doesn’t count once it was given, while the user isn’t enrolled', async () => {
        const [key, code] = [fakeKey(), fakeCode()];
        const app = stepUpApp({ methods: [key, code], store: await makeStore() });
        const client = await Client.signedIn(app, delivery);
        await stepUp(client, code);
        code.users.delete('ada');
        assert.equal((await client.post('/code')).status, 403);
        assert.deepEqual(app.passed, []);
      });
    });
  }
});
