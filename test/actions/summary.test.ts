import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import bodyParser from 'body-parser';
import { warningsIn } from '../support/warnings.js';
import { type ActionRequest, actionApp, approve, ask, assertIncomplete, assertPasses, TRANSFER } from './app.js';

const BOUND: ActionRequest = { path: '/bound', body: { to: 'bea', amount: 10 } };

describe('a summary', () => {
  it('is made of the payload, for the refusal only', async (t) => {
    const asked: unknown[] = [];
    const app = actionApp(t, {
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

  it('is null where the rule has none', async (t) => {
    const app = actionApp(t);
    assert.equal((await ask(await app.signIn(), { path: '/once' })).summary, null);
  });

  it('is cut at 1,000 characters', async (t) => {
    const app = actionApp(t);
    const body = { to: 'b'.repeat(2_000), amount: 1 };
    const { summary } = await ask(await app.signIn(), { ...TRANSFER, body });
    assert.equal(summary, `Send 1 to ${'b'.repeat(990)}`);
  });

  const wrong: Readonly<Record<string, () => unknown>> = {
    'that throws': () => {
      throw new Error('no words');
    },
    'that is no text': () => 10,
    'that is a promise': async () => 'Send 10 to bea',
  };
  for (const [which, summary] of Object.entries(wrong)) {
    it(`${which} makes the action incomplete, with a warning: nobody approves what can’t be told`, async (t) => {
      const warnings = warningsIn(t);
      const app = actionApp(t, {
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
