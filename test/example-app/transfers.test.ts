import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { bankForTests } from './bank.js';
import {
  addPasskey,
  approve,
  assertAsked,
  type Browser,
  type Customer,
  newCustomer,
  proveByPasskey,
  setUpTotp,
  signInAgain,
  verify,
} from './customer.js';

const OPENING_BALANCE = 1_000_000;
const bank = await bankForTests();

async function customerWithPasskey(): Promise<Customer> {
  const customer = await newCustomer(bank.origin);
  await addPasskey(customer);
  return customer;
}

const send = (browser: Browser, body: object, path = '/transfers') => browser.post(path).send(body);

async function balanceOf({ browser }: Customer): Promise<number> {
  const { body } = await browser.get('/me').expect(200);
  return body.balance;
}

describe('a transfer at the bank', () => {
  it('is approved in words, done once, and asked for anew after that', async () => {
    const ada = await customerWithPasskey();
    const bob = await newCustomer(bank.origin);
    const startedAt = Date.now();
    const transfer = { to: bob.email, amount: 1234 };
    const asked = await send(ada.browser, transfer);
    assertAsked(asked);
    assert.deepEqual(asked.body.rule, { method: ['passkey', 'totp'], once: true });
    assert.equal(asked.body.challenge.summary, `Send €12.34 to ${bob.email}`);
    assert.match(asked.get('WWW-Authenticate') ?? '', /insufficient_user_authentication.*max_age="0"/);

    await approve(ada, asked);
    await send(ada.browser, transfer).expect(200, { ...transfer, balance: OPENING_BALANCE - 1234 });
    assert.equal(await balanceOf(ada), OPENING_BALANCE - 1234);
    assert.equal(await balanceOf(bob), OPENING_BALANCE + 1234);
    const again = await send(ada.browser, transfer);
    assertAsked(again);
    assert.equal(again.body.reason, 'spent');

    for (const { browser } of [ada, bob]) {
      const { body } = await browser.get('/transfers').expect(200);
      const [{ id: _, sentAt, ...booked }, ...others] = body.transfers;
      assert.deepEqual(booked, { from: ada.email, to: bob.email, amount: 1234, approvedBy: 'passkey' });
      assert.ok(startedAt <= sentAt && sentAt <= Date.now());
      assert.deepEqual(others, []);
    }
  });

  it('passes by an approval of exactly this request only, which nothing else uses up', async () => {
    const ada = await customerWithPasskey();
    const eve = await customerWithPasskey();
    const second = await signInAgain(bank.origin, ada);
    await approve(ada, await send(ada.browser, { to: 'bob', amount: 10 }));

    assertAsked(await send(ada.browser, { to: 'bob', amount: 11 }));
    assertAsked(await send(ada.browser, { to: 'bob', amount: '10' }));
    assertAsked(await send(ada.browser, { to: 'eve', amount: 10 }));
    assertAsked(await send(ada.browser, { to: 'bob', amount: 10 }, '/transfers/'));
    assertAsked(await send(ada.browser, { to: 'bob', amount: 10 }, '/transfers?urgent=1'));
    assertAsked(await send(second, { to: 'bob', amount: 10 }));
    assertAsked(await send(eve.browser, { to: 'bob', amount: 10 }));
    assert.equal(await balanceOf(ada), OPENING_BALANCE);
    assert.equal(await balanceOf(eve), OPENING_BALANCE);

    await send(ada.browser, { amount: 10, to: 'bob' }).expect(200); // the order of the keys says nothing
  });

  it('takes no general proof, and its approval opens nothing else', async () => {
    const ada = await customerWithPasskey();
    await proveByPasskey(ada);
    assertAsked(await send(ada.browser, { to: 'bob', amount: 10 }));
    await ada.browser.delete('/auth/step-up').expect(204);

    await approve(ada, await send(ada.browser, { to: 'bob', amount: 10 }));
    assertAsked(await ada.browser.post('/role').send({ role: 'admin' }));
    await send(ada.browser, { to: 'bob', amount: 10 }).expect(200);
  });

  it('is approved by TOTP where that is what the customer has', async () => {
    const ada = await newCustomer(bank.origin);
    const totp = await setUpTotp(ada);
    const asked = await send(ada.browser, { to: 'bob', amount: 10 });
    assertAsked(asked);
    assert.deepEqual(asked.body.challenge.methods, { totp: { options: null } });
    const challengeId = asked.body.challenge.id;
    await verify(ada.browser, 'totp', { challengeId, response: { code: totp.unusedCode() } });
    await send(ada.browser, { to: 'bob', amount: 10 }).expect(200);
    const { body } = await ada.browser.get('/transfers').expect(200);
    assert.equal(body.transfers[0].approvedBy, 'totp');
  });

  it('is not to be had by a customer with a password only', async () => {
    const { browser } = await newCustomer(bank.origin);
    const { body } = await send(browser, { to: 'bob', amount: 10 }).expect(403);
    assert.equal(body.code, 'step_up_unavailable');
  });

  it('says when the money goes to somebody without an account here', async () => {
    const ada = await customerWithPasskey();
    const asked = await send(ada.browser, { to: 'bob@elsewhere.example', amount: 10 });
    assertAsked(asked);
    assert.match(asked.body.challenge.summary, /^Send €0\.10 to bob@elsewhere\.example, who has no account/);
  });

  it('finds a recipient however the address is written', async () => {
    const ada = await customerWithPasskey();
    const bob = await newCustomer(bank.origin);
    const transfer = { to: ` ${bob.email.toUpperCase()} `, amount: 10 };
    await approve(ada, await send(ada.browser, transfer));
    await send(ada.browser, transfer).expect(200);
    assert.equal(await balanceOf(bob), OPENING_BALANCE + 10);
  });

  it('moves no more than there is, of two at a time as well', async () => {
    const ada = await customerWithPasskey();
    const tooMuch = await send(ada.browser, { to: 'bob', amount: OPENING_BALANCE + 1 }).expect(409);
    assert.equal(tooMuch.body.field, 'amount');

    const transfers = [600_000, 600_001].map((amount) => ({ to: 'bob', amount }));
    for (const transfer of transfers) await approve(ada, await send(ada.browser, transfer));
    const answers = await Promise.all(transfers.map(async (transfer) => send(ada.browser, transfer)));
    assert.deepEqual(
      answers.map(({ status }) => status).sort((a, b) => a - b),
      [200, 409],
    );
    const sent = answers.find(({ status }) => status === 200)?.body.amount;
    assert.equal(await balanceOf(ada), OPENING_BALANCE - sent);
  });

  it('is refused for bad input before anybody is asked to approve it', async () => {
    const ada = await customerWithPasskey();
    const bad: readonly [field: string | undefined, body: object][] = [
      ['to', { amount: 10 }],
      ['to', { to: 7, amount: 10 }],
      ['to', { to: ' ', amount: 10 }],
      ['to', { to: 'x'.repeat(255), amount: 10 }],
      ['to', { to: 'bob\u202etxt', amount: 10 }],
      ['to', { to: ada.email, amount: 10 }],
      ['amount', { to: 'bob' }],
      ['amount', { to: 'bob', amount: null }],
      ['amount', { to: 'bob', amount: 0 }],
      ['amount', { to: 'bob', amount: -10 }],
      ['amount', { to: 'bob', amount: 10.5 }],
      ['amount', { to: 'bob', amount: 1e300 }],
      ['amount', { to: 'bob', amount: '10.50' }],
      ['amount', { to: 'bob', amount: '0x10' }],
      ['amount', { to: 'bob', amount: '١٠' }],
      ['amount', { to: 'bob', amount: [10] }],
    ];
    for (const [field, body] of bad) {
      const answer = await send(ada.browser, body);
      assert.equal(answer.status, 400, JSON.stringify(body));
      assert.equal(answer.body.code, 'request_invalid');
      assert.equal(answer.body.field, field, JSON.stringify(body));
    }
    await ada.browser.post('/transfers').type('form').send('to=bob&amount=10').expect(400);
    await ada.browser.post('/transfers').expect(400);
  });

  it('is refused without a session, and when another site sends it', async () => {
    const ada = await customerWithPasskey();
    await approve(ada, await send(ada.browser, { to: 'bob', amount: 10 }));
    const { body } = await send(ada.browser, { to: 'bob', amount: 10 }).set('Sec-Fetch-Site', 'cross-site').expect(403);
    assert.equal(body.code, 'cross_origin');
    await ada.browser.post('/auth/logout').expect(204);
    const refused = await send(ada.browser, { to: 'bob', amount: 10 }).expect(401);
    assert.equal(refused.body.code, 'session_required');
  });

  it('leaves nothing in the log', () => {
    assert.equal(bank.errors(), '');
  });
});
