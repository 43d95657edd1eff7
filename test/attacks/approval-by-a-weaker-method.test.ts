// Risk-based step-up: the guard is chosen by what isn't in the request. A thief confirms while the weaker method will do, and sends the request when the stronger one is asked for.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import bodyParser from 'body-parser';
import type { GuardRequest } from '../../lib/step-up/rule.js';
import { actionApp, approve, assertNotApproved, assertPasses } from '../actions/app.js';
import { confirm, copyOf } from '../step-up/app.js';

const TRANSFER = { path: '/risky-transfers', body: { to: 'eve', amount: 9_999 } };

describe('an approval by a weaker method', () => {
  it('is of no use once the guard asks for the stronger one, and of its own again when it doesn’t', async (t) => {
    let isRisky = false;
    const app = actionApp(t, {
      routes: (auth) => {
        const bind = ({ body }: GuardRequest) => ({ to: body['to'], amount: body['amount'] });
        const weak = auth.requireFreshStepUp({ method: ['key', 'code'], bind });
        const strong = auth.requireFreshStepUp({ method: 'key', bind });
        return {
          '/risky-transfers': [bodyParser.json(), (req, res, next) => (isRisky ? strong : weak)(req, res, next)],
        };
      },
    });
    const owner = await app.signIn();
    const thief = copyOf(owner, app.app);
    await approve(thief, TRANSFER, app.code);
    isRisky = true;
    await assertNotApproved(thief, TRANSFER);
    await assertNotApproved(owner, TRANSFER);
    assert.deepEqual(app.passed, []);
    await approve(owner, TRANSFER, app.key);
    await confirm(app, owner);
    await assertPasses(owner, TRANSFER);
  });

  it('is of no use where the stronger method stands in front of it in the rule, either way round', async (t) => {
    const app = actionApp(t, {
      routes: (auth) => {
        const key = auth.requireFreshStepUp({ method: 'key', once: true });
        const code = auth.requireFreshStepUp({ method: 'code', once: true });
        return { '/by-turns': [(req, res, next) => (req.headers['x-turn'] === 'key' ? key : code)(req, res, next)] };
      },
    });
    const browser = await app.signIn();
    const request = { path: '/by-turns' };
    await approve(browser, { ...request, headers: { 'X-Turn': 'key' } }, app.key);
    await assertNotApproved(browser, request); // what is stronger is not taken for what was asked
    await assertPasses(browser, { ...request, headers: { 'X-Turn': 'key' } });
  });
});
