import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import bodyParser from 'body-parser';
import { warningsIn } from '../support/warnings.js';
import { type ActionRequest, actionApp, approve, ask, assertIncomplete, assertPasses, TRANSFER } from './app.js';

const BOUND: ActionRequest = { path: '/bound', body: { to: 'bea', amount: 10 } };

describe('a summary', () => {
  it('is made of the payload, for the refusal only', async () => {
    const asked: unknown[] = [];
    const app = actionApp({
      routes: (auth) => ({
        '/bound': [
          bodyParser.json(),
          auth.requireFreshStepUp({
            method: 'key',
            bind: ({ body }) => ({ amount: body['amount'] }),
            summary(payload) {
              asked.push(payload);
              assert.ok(Object.isFrozen(payload));
              return `Pay ${String(payload.amount)}`;
            },
          }),
        ],
      }),
    });
    const browser = await app.signIn();
    assert.equal((await ask(browser, BOUND)).summary, 'Pay 10');
    await approve(browser, BOUND, app.key);
    await assertPasses(browser, BOUND);
    assert.deepEqual(asked, [{ amount: 10 }, { amount: 10 }]);
  });

  it('is null where the rule has none', async () => {
    const app = actionApp();
    assert.equal((await ask(await app.signIn(), { path: '/once' })).summary, null);
  });

  it('has up to 500 characters, and is never cut', async () => {
    warningsIn();
    const app = actionApp();
    const browser = await app.signIn();
    const sent = (length: number): ActionRequest => ({ ...TRANSFER, body: { to: 'b'.repeat(length), amount: 1 } });
    assert.equal((await ask(browser, sent(490))).summary, `Send 1 to ${'b'.repeat(490)}`);
    await assertIncomplete(browser, sent(491));
  });

  const wrong: Readonly<Record<string, () => unknown>> = {
    'that throws': () => {
      throw new Error('no words');
    },
    'that is no text': () => 10,
    'that is a promise': async () => 'Send 10 to bea',
    'that is empty': () => '',
    'that is blank': () => ' ',
    'with a line end, which could push a part out of sight': () => 'Send 10 to bea\nof 1,000',
    'with a line separator': () => 'Send 10 to bea\u2028of 1,000',
    'with a zero byte': () => 'Send 10\0',
    'with a run of spaces': () => 'Send 10 to bea  of 1,000',
    'with a run of spaces of two kinds': () => 'Send 10 to bea\u00a0\u2003of 1,000',
    'that turns its direction round': () => 'Send \u202e01 to bea',
    'that sets a part of it apart': () => 'Send \u20661\u20690 to bea',
    'with a mark of direction': () => 'Send 10\u200f to bea',
    'with a lone surrogate': () => 'Send 10 to \ud800',
  };
  for (const [which, summary] of Object.entries(wrong)) {
    it(`${which} makes the action incomplete, with a warning: nobody approves what can’t be told`, async () => {
      const warnings = warningsIn();
      const app = actionApp({
        routes: (auth) => ({
          '/bound': [
            bodyParser.json(),
            auth.requireFreshStepUp({ method: 'key', bind: () => ({}), summary: summary as () => string }), // which it isn't
          ],
        }),
      });
      const browser = await app.signIn();
      for (let turn = 0; turn < 2; turn += 1) await assertIncomplete(browser, BOUND);
      assert.deepEqual(app.told('step-up.asked'), []);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]?.message ?? '', /`summary`/);
    });
  }
});
