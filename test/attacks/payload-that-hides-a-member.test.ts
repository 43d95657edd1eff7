import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import bodyParser from 'body-parser';
import { type ActionRequest, actionApp, approve, assertNotApproved, assertPasses } from '../actions/app.js';

const json = (body: string): ActionRequest => ({
  path: '/bound',
  body,
  headers: { 'Content-Type': 'application/json' },
});

const APPROVED = json('{"to":"bea","amount":10}');

/** JSON that a reader, a parser and an application may each understand in another way. */
const SENT: Readonly<Record<string, string>> = {
  'a member that comes twice': '{"to":"bea","amount":10,"amount":1000}',
  'a member that comes twice, the approved value last': '{"to":"eve","amount":10,"to":"bea","fee":5}',
  'a prototype': '{"to":"bea","amount":10,"__proto__":{"amount":1000}}',
  'nothing but a prototype': '{"__proto__":{"to":"bea","amount":10}}',
  'a constructor': '{"to":"bea","amount":10,"constructor":{"prototype":{"fee":5}}}',
  'a number as text': '{"to":"bea","amount":"10"}',
  'a number that rounds to another': '{"to":"bea","amount":10.000000000000002}',
  'a number in a list': '{"to":"bea","amount":[10]}',
  'a text in a list': '{"to":["bea"],"amount":10}',
  'a letter that looks the same': '{"to":"be\\u0430","amount":10}',
  'a character that isn’t seen': '{"to":"bea\\u200b","amount":10}',
  'one member more': '{"to":"bea","amount":10,"":0}',
  'null for a value': '{"to":"bea","amount":10,"fee":null}',
  'a list of it': '[{"to":"bea","amount":10}]',
};

describe('a body made to be taken for the approved one', () => {
  for (const [what, body] of Object.entries(SENT)) {
    it(`is another with ${what}`, async () => {
      const app = actionApp({
        routes: (auth) => ({
          '/bound': [bodyParser.json(), auth.requireFreshStepUp({ method: 'key', bind: (req) => req.body })],
        }),
      });
      const browser = await app.signIn();
      await approve(browser, APPROVED, app.key);
      await assertNotApproved(browser, json(body));
      assert.deepEqual(app.passed, []);
      await assertPasses(browser, json('{ "amount": 1e1, "to": "\\u0062ea" }')); // the same, in another spelling
    });
  }
});
