import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { verify } from '../step-up/app.js';
import { assertRefused } from '../support/answers.js';
import { forEachStore } from '../support/stores.js';
import { actionApp, answer, approve, ask, EITHER, ONCE, send, TRANSFER } from './app.js';

const path = (id: string): string => `/auth/step-up/challenges/${id}`;

forEachStore((_name, makeStore) => {
  describe('a challenge that is given up', () => {
    it('can’t be answered any more', async () => {
      const app = actionApp({ store: await makeStore() });
      const browser = await app.signIn();
      const challenge = await ask(browser, TRANSFER);
      assert.equal((await browser.delete(path(challenge.id))).status, 204);
      assertRefused(await answer(browser, challenge, app.key), 403, 'step_up_failed');
      assert.equal((await send(browser, TRANSFER)).status, 401);
    });

    it('takes its grant along, and no other one', async () => {
      const app = actionApp({ store: await makeStore() });
      const browser = await app.signIn();
      await approve(browser, ONCE, app.key);
      const challenge = await ask(browser, TRANSFER);
      assert.equal((await answer(browser, challenge, app.key)).status, 200);
      assert.equal((await browser.delete(path(challenge.id))).status, 204);
      assert.equal((await send(browser, TRANSFER)).status, 401);
      assert.equal((await send(browser, ONCE)).status, 200);
      assert.deepEqual(app.passed, ['/once']);
    });

    it('becomes no grant where it is answered at the same moment', async () => {
      const app = actionApp({ store: await makeStore() });
      const browser = await app.signIn();
      for (let count = 0; count < 10; count += 1) {
        const challenge = await ask(browser, TRANSFER);
        const [verified, gone] = await Promise.all([
          answer(browser, challenge, app.key),
          browser.delete(path(challenge.id)),
        ]);
        assert.ok([200, 403].includes(verified.status), verified.text);
        assert.equal(gone.status, 204);
        assert.equal((await send(browser, TRANSFER)).status, 401);
      }
      assert.deepEqual(app.passed, []);
    });

    it('is only that of the session itself, and an unknown one is no error', async () => {
      const app = actionApp({ store: await makeStore() });
      const [ada, other] = [await app.signIn(), await app.signIn('bea')];
      const challenge = await ask(ada, TRANSFER);
      for (const id of [challenge.id, 'unknown', '%00', 'A'.repeat(22)]) {
        assert.equal((await other.delete(path(id))).status, 204, id);
      }
      assert.equal((await answer(ada, challenge, app.key)).status, 200);
      assert.equal((await other.delete(path(challenge.id))).status, 204);
      assert.equal((await send(ada, TRANSFER)).status, 200);
    });
  });

  describe('a wrong answer to the challenge of an action', () => {
    it('brings the next one, good for the same request', async () => {
      const app = actionApp({ store: await makeStore() });
      const browser = await app.signIn();
      const { id } = await ask(browser, EITHER);
      const refused = await verify(browser, 'code', { wrong: true }, id);
      assertRefused(refused, 403, 'step_up_failed');
      const { reason, attemptsLeft, challenge, spentAt } = refused.body;
      assert.deepEqual([reason, attemptsLeft, spentAt], ['response', 4, undefined]);
      assert.notEqual(challenge.id, id);
      assert.deepEqual(Object.keys(challenge.methods), ['key', 'code']);
      assert.equal((await answer(browser, challenge, app.key)).status, 200);
      assert.equal((await send(browser, EITHER)).status, 200);
    });

    it('says when the same was done meanwhile', async () => {
      const app = actionApp({ store: await makeStore() });
      const browser = await app.signIn();
      const { id } = await ask(browser, EITHER);
      await approve(browser, EITHER, app.key);
      assert.equal((await send(browser, EITHER)).status, 200);
      const { spentAt } = (await verify(browser, 'code', { wrong: true }, id)).body;
      assert.equal(spentAt, app.clock.now());
    });

    it('leaves one attempt less each time, until the method is locked, with the time in the body', async () => {
      const app = actionApp({ store: await makeStore() });
      const browser = await app.signIn();
      let { id } = await ask(browser, EITHER);
      const left: number[] = [];
      for (let count = 0; count < 5; count += 1) {
        const { body } = await verify(browser, 'code', { wrong: true }, id);
        left.push(body.attemptsLeft);
        id = body.challenge.id;
      }
      assert.deepEqual(left, [4, 3, 2, 1, 0]);
      const locked = await verify(browser, 'code', app.code.right(null), id);
      assertRefused(locked, 429, 'method_locked');
      assert.equal(locked.body.retryAfter, 900);
    });

    it('costs nothing where the challenge was dead, and brings none', async () => {
      const app = actionApp({ store: await makeStore() });
      const browser = await app.signIn();
      const { id } = await ask(browser, EITHER);
      app.clock.advance('5m');
      const { body } = await verify(browser, 'code', app.code.right(null), id);
      assert.deepEqual([body.reason, body.attemptsLeft, body.challenge], ['challenge', undefined, undefined]);
    });
  });
});
