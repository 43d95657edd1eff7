import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, it } from '@jest/globals';
import type { Request } from 'express';
import { SetupError } from '../../lib/internal/setup-error.js';
import { parseRule } from '../../lib/step-up/parse-rule.js';
import type { ActionRule, GuardRequest, Rule } from '../../lib/step-up/rule.js';

type Name = 'passkey' | 'totp';

/** Takes a rule as a guard does, and gives the payload that its summary would be made for. */
function payloadOf<P, R extends IncomingMessage = GuardRequest>(
  rule: Rule<Name> | ActionRule<Name, P, R>,
  req: object = {},
): P | Promise<P> | null {
  parseRule(rule, ['passkey', 'totp']);
  // A guard hands over what it got from the server, whatever `bind` says that it takes.
  return rule.bind ? rule.bind(Object.assign(new IncomingMessage(new Socket()), req) as never) : null;
}

function refused(ask: () => unknown): void {
  assert.throws(ask, SetupError);
}

// An interface, as most apps have: it is assignable to no `Record`.
interface Transfer {
  to: string;
  amount: number;
}

describe('the types of rules', () => {
  it('compile for every form', () => {
    payloadOf({ method: 'passkey', maxAge: '5m' });
    payloadOf({ method: ['passkey', 'totp'], maxAge: 300 });
    payloadOf({ anyOf: [{ method: 'passkey', maxAge: '5m' }, { allOf: [{ method: 'totp', maxAge: '1d' }] }] });
    payloadOf({ method: 'passkey', once: true });
    const methods: readonly Name[] = ['passkey'];
    payloadOf({ method: methods, once: true });
  });

  it('give bind a request with a body, and summary the payload', () => {
    const payload = payloadOf(
      {
        method: 'passkey',
        bind(req) {
          return { to: req.body['to'], amount: Number(req.body['amount']), url: req.originalUrl };
        },
        summary: (p) => `Send ${p.amount.toFixed(2)} to ${String(p.to)}`,
      },
      { body: { to: 'me', amount: '10' }, originalUrl: '/transfers' },
    );
    assert.deepEqual(payload, { to: 'me', amount: 10, url: '/transfers' });
  });

  it('let bind be asynchronous, and an arrow function', async () => {
    const payload = payloadOf(
      {
        method: 'passkey',
        bind: async (req) => ({ id: String(req.params['id']) }),
        summary: (p) => p.id.trim(),
      },
      { params: { id: '7' } },
    );
    assert.deepEqual(await payload, { id: '7' });
  });

  it("let bind take Express's request with the app's own types", async () => {
    const payload = await payloadOf(
      {
        method: 'passkey',
        bind(req: Request<{ id: string }, unknown, Transfer>) {
          return { id: req.params.id, amount: req.body.amount };
        },
        summary: (p) => `${p.id.trim()}: ${p.amount.toFixed(2)}`,
      },
      { params: { id: '7' }, body: { to: 'me', amount: 10 } },
    );
    assert.equal(payload?.amount.toFixed(2), '10.00');
  });

  it('refuse what is refused at run time', () => {
    // @ts-expect-error no unit
    refused(() => payloadOf({ method: 'passkey', maxAge: '5' }));
    // @ts-expect-error not configured
    refused(() => payloadOf({ method: 'sms', maxAge: '5m' }));
    // @ts-expect-error not configured
    refused(() => payloadOf({ method: ['passkey', 'sms'], once: true }));
    // @ts-expect-error no age
    refused(() => payloadOf({ method: 'passkey' }));
    // @ts-expect-error misspelt
    refused(() => payloadOf({ method: 'passkey', maxage: '5m' }));
    // @ts-expect-error two forms
    refused(() => payloadOf({ method: 'passkey', maxAge: '5m', once: true }));
    // @ts-expect-error two forms
    refused(() => payloadOf({ method: 'passkey', once: true, bind: () => ({}) }));
    // @ts-expect-error two forms
    refused(() => payloadOf({ anyOf: [{ method: 'passkey', maxAge: '5m' }], maxAge: '5m' }));
    // @ts-expect-error two forms
    refused(() => payloadOf({ anyOf: [{ method: 'passkey', maxAge: '5m' }], allOf: [] }));
    // @ts-expect-error nothing to sum up
    refused(() => payloadOf({ method: 'passkey', once: true, summary: () => '' }));
    // @ts-expect-error not once
    refused(() => payloadOf({ method: 'passkey', once: false }));
    // @ts-expect-error an action within
    refused(() => payloadOf({ anyOf: [{ method: 'passkey', once: true }] }));
    // @ts-expect-error an action within
    refused(() => payloadOf({ allOf: [{ method: 'passkey', bind: () => ({}) }] }));
    // @ts-expect-error no rule
    refused(() => payloadOf('passkey'));
  });
});
