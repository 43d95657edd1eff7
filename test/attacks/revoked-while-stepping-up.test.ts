// Revocation that a parallel step undoes (nextjs-auth0 #2530): the session ends between the question and the answer.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Store } from '../../lib/stores/contract/store.js';
import { copyOf, type StepUpApp, verify } from '../step-up/app.js';
import { assertion, passkeyApp, type WithPasskey, withPasskey } from '../step-up/passkeys.js';
import { assertRefused } from '../support/answers.js';
import { setCookies } from '../support/browser.js';
import { forEachStore } from '../support/stores.js';

interface Scene extends WithPasskey {
  readonly app: StepUpApp;
  /** Of the browser's session. */
  readonly id: string;
}

const ENDS: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  'by revocation': ({ app, id }) => app.auth.sessions.revoke(id),
  'by a sign-out in another tab': ({ app, browser }) => copyOf(browser, app.app).post('/auth/logout'),
  'with all others of the user': ({ app }) => app.auth.sessions.revokeAllForUser('ada'),
  'with its user': ({ app }) => app.auth.forgetUser('ada'),
};

async function scene(store: Store): Promise<Scene> {
  const app = passkeyApp({ store });
  const ada = await withPasskey(app);
  const { id } = (await ada.browser.get('/me')).body.session;
  return { app, ...ada, id };
}

forEachStore((_name, makeStore) => {
  describe('a session that ends between challenge and answer', () => {
    for (const [how, end] of Object.entries(ENDS)) {
      it(`${how} is not brought back by the answer: 401, no cookie, no row`, async () => {
        const made = await scene(await makeStore());
        const { browser, app } = made;
        const { challengeId, response } = await assertion(made);
        const tab = copyOf(browser, app.app);
        await end(made);
        const answered = await verify(tab, 'passkey', response, challengeId);
        assertRefused(answered, 401, 'session_invalid');
        assert.deepEqual(setCookies(answered), []);
        assert.equal(await app.store.sessions.get(made.id), null);
        assert.deepEqual(app.told('step-up.succeeded'), []);
        app.clock.advance('1s');
        const again = await app.signIn();
        assertRefused(await verify(again, 'passkey', response, challengeId), 403, 'step_up_failed');
      });
    }
  });
});
