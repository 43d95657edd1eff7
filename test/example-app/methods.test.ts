import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { bankForTests } from './bank.js';
import {
  addPasskey,
  assertAsked,
  type Browser,
  type Customer,
  newCustomer,
  proveByPasskey,
  setUpTotp,
  signInAgain,
  signInByPasskey,
  verify,
} from './customer.js';

const bank = await bankForTests();

describe("a customer's ways to prove presence", () => {
  it('sign the customer in by passkey, without a name', async () => {
    const customer = await newCustomer(bank.origin);
    await addPasskey(customer);
    const browser = await signInByPasskey(bank.origin, customer);
    const { body } = await browser.get('/me').expect(200);
    assert.equal(body.email, customer.email);
    assert.deepEqual(
      body.proofs.map(({ method }: { method: string }) => method),
      ['passkey'],
    );
  });

  it('sign nobody in by a passkey that was removed', async () => {
    const customer = await newCustomer(bank.origin);
    const { body } = await addPasskey(customer);
    await proveByPasskey(customer);
    await customer.browser.delete(`/auth/passkeys/${body.id}`).expect(204);
    await assert.rejects(signInByPasskey(bank.origin, customer), /got 403 "Forbidden"/);
  });

  it('are shown with what the customer calls them', async () => {
    const customer = await newCustomer(bank.origin);
    const { body } = await addPasskey(customer, 'My phone');
    await proveByPasskey(customer);
    await customer.browser.patch(`/auth/passkeys/${body.id}`).send({ label: 'Old phone' }).expect(200);
    const { body: list } = await customer.browser.get('/auth/passkeys').expect(200);
    assert.deepEqual(
      list.passkeys.map(({ label }: { label: string }) => label),
      ['Old phone'],
    );
  });

  it('are changed after a proof of the strongest one, or a recovery code', async () => {
    const customer = await newCustomer(bank.origin);
    const codes = await recoveryCodesOf(customer);
    await addPasskey(customer);
    const browser = await signInAgain(bank.origin, customer); // with the password, which is not the strongest any more
    const asked = await browser.post('/auth/totp');
    assertAsked(asked);
    assert.deepEqual(asked.body.methods, [
      { method: 'passkey', enrolled: true },
      { method: 'recovery-code', enrolled: true },
    ]);
    await verify(browser, 'recovery-code', { response: { code: codes[0] } });
    await setUpTotp({ ...customer, browser });
  });

  it('have ten recovery codes, each good for once, until there are new ones', async () => {
    const customer = await newCustomer(bank.origin);
    const { browser } = customer;
    const [first, second, ...others] = await recoveryCodesOf(customer);
    assert.equal(new Set([first, second, ...others]).size, 10);
    await verify(browser, 'recovery-code', { response: { code: first } });
    await refuse(browser, first);
    const [newFirst] = await recoveryCodesOf(customer);
    await refuse(browser, second);
    await verify(browser, 'recovery-code', { response: { code: newFirst?.toLowerCase().replaceAll('-', ' ') } });
  });

  it('have recovery codes that change them, and do nothing else', async () => {
    const customer = await newCustomer(bank.origin);
    const [code] = await recoveryCodesOf(customer);
    await addPasskey(customer);
    const browser = await signInByPasskey(bank.origin, customer);
    await verify(browser, 'recovery-code', { response: { code } });
    assertAsked(await browser.get('/export'));
    assertAsked(await browser.post('/transfers').send({ to: 'bob', amount: 10 }));
  });
});

async function recoveryCodesOf({ browser }: Customer): Promise<readonly string[]> {
  const { body } = await browser.post('/auth/recovery-codes').expect(201);
  return body.codes;
}

async function refuse(browser: Browser, code: string | undefined): Promise<void> {
  const answer = await browser.post('/auth/step-up/verify').send({ method: 'recovery-code', response: { code } });
  assert.equal(answer.status, 403, answer.text);
}
