import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import bodyParser from 'body-parser';
import type { Middleware } from '../../lib/http/require-session.js';
import type { Stepgate } from '../../lib/stepgate.js';
import { stepUp } from '../step-up/app.js';
import { sendJson } from '../support/app.js';
import { Client, DELIVERIES } from '../support/client.js';
import { actionApp, approve, send, transferRule } from './app.js';

/** What may stand beside the guard of an action. */
const others: Readonly<Record<string, (auth: Stepgate<string>) => Middleware>> = {
  requireSession: (auth) => auth.requireSession,
  'requireSession({ optional: true })': (auth) => auth.requireSession({ optional: true }),
  requireFreshStepUp: (auth) => auth.requireFreshStepUp({ method: 'key', maxAge: '5m' }),
  requireEnrolmentProof: (auth) => auth.requireEnrolmentProof,
};

/** What the handler is told, in both places. */
const show =
  (auth: Stepgate<string>): Middleware =>
  (req, res) =>
    sendJson(res, [(req as { auth?: { action?: unknown } }).auth?.action, auth.current(req).action]); // set by the guards

for (const delivery of DELIVERIES) {
  describe(`the action that a request was approved for, with ${delivery}`, () => {
    for (const [name, other] of Object.entries(others)) {
      for (const order of ['before', 'behind'] as const) {
        it(`reaches the handler with ${name} ${order} the guard that spends the grant`, async () => {
          const app = actionApp({
            routes: (auth) => {
              const both = [auth.requireFreshStepUp(transferRule), other(auth)];
              return { '/both': [bodyParser.json(), ...(order === 'behind' ? both : both.toReversed()), show(auth)] };
            },
          });
          const client = await Client.signedIn(app, delivery);
          await stepUp(client, app.key);
          const request = { path: '/both', body: { to: 'bea', amount: 10 } };
          await approve(client, request, app.key);
          const { status, body } = await send(client, request);
          assert.equal(status, 200);
          const action = { payload: { to: 'bea', amount: 10 }, method: 'key' };
          assert.deepEqual(body, [action, action]);
        });
      }
    }
  });
}
