import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import request from 'supertest';
import { bankForTests } from './bank.js';
import {
  addPasskey,
  approve,
  assertAsked,
  newCustomer,
  PASSWORD,
  proveByPasskey,
  signInAgain,
  signInByPasskey,
  verify,
} from './customer.js';

const bank = await bankForTests();

describe('closing an account of the bank', () => {
  it('takes a password and a passkey, whichever comes first', async () => {
    const ada = await newCustomer(bank.origin);
    await addPasskey(ada);
    const byPassword = await ada.browser.delete('/account');
    assertAsked(byPassword);
    assert.deepEqual(byPassword.body.missing, [['passkey']]);
    const browser = await signInByPasskey(bank.origin, ada);
    const byPasskey = await browser.delete('/account');
    assertAsked(byPasskey);
    assert.deepEqual(byPasskey.body.missing, [['password']]);
    await verify(browser, 'password', { response: { password: PASSWORD } });
    await browser.delete('/account').expect(204);
  });

  it('ends all that the customer had, and leaves others what they have received', async () => {
    const ada = await newCustomer(bank.origin);
    const bob = await newCustomer(bank.origin);
    await addPasskey(ada);
    const transfer = { to: bob.email, amount: 1234 };
    await approve(ada, await ada.browser.post('/transfers').send(transfer));
    await ada.browser.post('/transfers').send(transfer).expect(200);
    await proveByPasskey(ada);
    const { body } = await ada.browser.post('/api-key').expect(201);
    const elsewhere = await signInAgain(bank.origin, ada);

    await ada.browser.delete('/account').expect(204);
    for (const browser of [ada.browser, elsewhere]) await browser.get('/me').expect(401);
    await request(bank.origin).post('/login').send({ email: ada.email, password: PASSWORD }).expect(401);
    await assert.rejects(signInByPasskey(bank.origin, ada), /got 403/);
    await request(bank.origin).post('/agent/transfers').auth(body.key, { type: 'bearer' }).send(transfer).expect(401);
    const { body: seen } = await bob.browser.get('/transfers').expect(200);
    assert.equal(seen.transfers.length, 1);
    assert.match(seen.transfers[0].from, /^closed account /);
    // The address is free again, for an account with nothing of the old one.
    const { body: opened } = await request(bank.origin)
      .post('/signup')
      .send({ email: ada.email, password: PASSWORD })
      .expect(201);
    assert.notEqual(opened.id, ada.id);
  });

  it('is refused to who has a password only, and to another site', async () => {
    const { browser } = await newCustomer(bank.origin);
    const { body } = await browser.delete('/account').expect(403);
    assert.equal(body.code, 'step_up_unavailable');
    await browser.delete('/account').set('Origin', 'https://evil.example').expect(403);
    await request(bank.origin).delete('/account').expect(401);
    await browser.get('/me').expect(200);
  });

  it('leaves nothing in the log', () => {
    assert.equal(bank.errors(), '');
  });
});
