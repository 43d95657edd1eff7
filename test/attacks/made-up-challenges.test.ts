import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from '@jest/globals';
import { memoryStore } from '../../lib/index.js';
import { actionApp, answer, ask, send, TRANSFER } from '../actions/app.js';
import { assertRefused } from '../support/answers.js';

const path = (id: string): string => `/auth/step-up/challenges/${id}`;
const madeUp = (): string => path(randomBytes(16).toString('base64url'));

describe('a session that gives up challenges that it never had', () => {
  it('leaves 32 marks in the store, and is told to slow down', async () => {
    const store = memoryStore();
    const app = actionApp({ store });
    const [browser, other] = [await app.signIn(), await app.signIn('bea')];
    const answers = [];
    for (let count = 0; count < 40; count += 1) answers.push(await browser.delete(madeUp()));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [...Array.from({ length: 32 }, () => 204), ...Array.from({ length: 8 }, () => 429)],
    );
    const [last] = answers.slice(-1);
    assert.ok(last);
    assertRefused(last, 429, 'slow_down');
    assert.deepEqual([last.headers['retry-after'], last.body.retryAfter], ['300', 300]);
    assert.equal((await other.delete(madeUp())).status, 204);
    app.clock.advance('6m');
    assert.equal((await browser.delete(madeUp())).status, 204);
    assert.equal(await store.challenges.deleteExpired(app.clock.now(), 1_000), 33);
  });

  it('gives up those that it has all the same, and what was confirmed by them', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    for (let count = 0; count < 40; count += 1) await browser.delete(madeUp());
    const open = await ask(browser, TRANSFER);
    assert.equal((await browser.delete(path(open.id))).status, 204);
    const answered = await ask(browser, TRANSFER);
    assert.equal((await answer(browser, answered, app.key)).status, 200);
    assertRefused(await browser.delete(path(answered.id)), 429, 'slow_down');
    assert.equal((await send(browser, TRANSFER)).status, 401);
  });
});
