import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import { type Challenge, parseChallenges } from '../support/challenges.js';
import { bankForTests } from './bank.js';
import {
  addPasskey,
  assertAsked,
  type Browser,
  newCustomer,
  PASSWORD,
  proveByPasskey,
  setUpTotp,
  signInByPasskey,
  verify,
} from './customer.js';

const bank = await bankForTests();

describe('step-up at the bank', () => {
  it('changes a role after a fresh passkey, and says before how to get there', async () => {
    const customer = await newCustomer(bank.origin);
    const { browser } = customer;
    await addPasskey(customer);
    const asked = await browser.post('/role').send({ role: 'admin' });
    assertAsked(asked);
    const { scheme, params } = challengeOf(asked);
    const { error_description: description, ...others } = params;
    assert.equal(scheme, 'Bearer');
    assert.match(description ?? '', /confirmation/);
    assert.deepEqual(others, { error: 'insufficient_user_authentication', acr_values: 'phr', max_age: '300' });
    assert.deepEqual(asked.body.rule, { method: 'passkey', maxAge: 300 });
    assert.deepEqual(asked.body.methods, [{ method: 'passkey', enrolled: true }]);

    const session = await sessionOf(browser);
    const { body } = await proveByPasskey(customer);
    assert.equal(body.verified, true);
    assert.equal(body.userId, customer.id);
    await browser.post('/role').send({ role: 'admin' }).expect(200, { role: 'admin' });
    const me = await browser.get('/me').expect(200);
    assert.equal(me.body.role, 'admin');
    assert.equal(await sessionOf(browser), session);
  });

  it('asks nobody for a passkey who has none, and says what to set up', async () => {
    const { browser } = await newCustomer(bank.origin);
    const { body } = await browser.post('/role').send({ role: 'admin' }).expect(403);
    assert.equal(body.code, 'step_up_unavailable');
    assert.deepEqual(body.methods, [{ method: 'passkey', enrolled: false }]);
  });

  it('exports by a password, and not by the proof of a passkey alone', async () => {
    const customer = await newCustomer(bank.origin);
    await addPasskey(customer);
    const browser = await signInByPasskey(bank.origin, customer);
    await proveByPasskey({ ...customer, browser });
    const asked = await browser.get('/export');
    assertAsked(asked);
    assert.deepEqual(asked.body.rule, { method: ['password', 'totp'], maxAge: 600 });
    assert.deepEqual(asked.body.methods, [
      { method: 'password', enrolled: true },
      { method: 'totp', enrolled: false },
    ]);
    assert.equal(challengeOf(asked).params['max_age'], '600');

    await verify(browser, 'password', { response: { password: PASSWORD } });
    const { body, headers } = await browser.get('/export').expect(200);
    assert.equal(headers['content-disposition'], 'attachment; filename=small-bank.json');
    assert.equal(headers['cache-control'], 'no-store');
    assert.deepEqual(body, { email: customer.email, role: 'customer', balance: 1_000_000, transfers: [] });
  });

  it('exports by TOTP', async () => {
    const customer = await newCustomer(bank.origin);
    await addPasskey(customer);
    await proveByPasskey(customer);
    const totp = await setUpTotp(customer);
    const browser = await signInByPasskey(bank.origin, customer);
    assertAsked(await browser.get('/export'));
    await verify(browser, 'totp', { response: { code: totp.unusedCode() } });
    await browser.get('/export').expect(200);
  });

  it('refuses a role that there is not before it asks for anything', async () => {
    const customer = await newCustomer(bank.origin);
    await addPasskey(customer);
    for (const body of [{ role: 'queen' }, { role: 7 }, {}, []]) {
      const answer = await customer.browser.post('/role').send(body).expect(400);
      assert.equal(answer.body.code, 'request_invalid');
    }
  });
});

function challengeOf(asked: Response): Challenge {
  const [challenge, ...others] = parseChallenges(asked.get('WWW-Authenticate') ?? '');
  assert.ok(challenge !== undefined && others.length === 0);
  return challenge;
}

async function sessionOf(browser: Browser): Promise<string> {
  const { body } = await browser.get('/auth/session').expect(200);
  return body.session.id;
}
