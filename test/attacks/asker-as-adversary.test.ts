// Who asks for an approval wants another thing done than the one that is approved.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { answer, ask as askOwn } from '../actions/app.js';
import {
  approvalApp,
  approve,
  approved,
  ask,
  assertCode,
  assertRefusedAs,
  denied,
  header,
  TRANSFER,
  transfer,
} from '../approvals/app.js';
import { Client } from '../support/client.js';

describe('an asker with an approval in hand', () => {
  it('gets no other currency through, which `bind` and the summary leave out', async () => {
    const bank = approvalApp();
    const [tv, phone] = [await bank.device(), await bank.signIn()];
    const approval = await ask(tv, { ...TRANSFER, currency: 'EUR' });
    await approved(phone, approval, bank.key);
    await assertRefusedAs(await transfer(tv, { ...TRANSFER, currency: 'KWD' }, { approval }), 'mismatch');
    assert.deepEqual(bank.done, []);
    assert.equal((await transfer(tv, { ...TRANSFER, currency: 'EUR' }, { approval })).status, 200);
  });

  it('gets nothing through once the thing behind an id has another name', async () => {
    const bank = approvalApp();
    const [tv, phone] = [await bank.device(), await bank.signIn()];
    const approval = await ask(tv);
    await approved(phone, approval, bank.key);
    bank.payees.set('p1', 'Eve');
    await assertRefusedAs(await transfer(tv, TRANSFER, { approval }), 'mismatch');
    assert.deepEqual(bank.done, []);
  });

  it('gets no other URL and no other HTTP method through under the same summary', async () => {
    const bank = approvalApp();
    const [tv, phone] = [await bank.device(), await bank.signIn()];
    const approval = await ask(tv);
    await approved(phone, approval, bank.key);
    for (const path of ['/payments', '/transfers?tenant=2', '/transfers/', '/Transfers']) {
      await assertRefusedAs(await transfer(tv, TRANSFER, { approval, path }), 'mismatch');
    }
    const put = await tv.send('PUT', '/transfers', { body: TRANSFER, headers: header(approval) });
    await assertRefusedAs(put, 'mismatch');
    assert.deepEqual(bank.done, []);
  });

  it('gets nothing through by a confirmation of its own session, nor its own rule by an approval', async () => {
    const bank = approvalApp();
    const [thief, phone] = [await bank.signIn(), await bank.signIn()];
    const own = await askOwn(thief, { path: '/own', body: TRANSFER });
    assert.equal((await answer(thief, own, bank.key)).status, 200);
    for (const path of ['/four-eyes', '/transfers']) {
      await assertRefusedAs(await transfer(thief, TRANSFER, { path }), 'missing');
    }
    assert.equal((await transfer(thief, TRANSFER, { path: '/own' })).status, 200);
    const approval = await ask(thief, { to: 'p1', amount: 2 });
    await approved(phone, approval, bank.key);
    assertCode(await transfer(thief, { to: 'p1', amount: 2 }, { approval, path: '/own' }), 401, 'step_up_required');
    assert.equal(bank.done.length, 1);
  });

  it('can’t answer for it itself, by whichever route', async () => {
    const bank = approvalApp();
    const [thief, phone] = [await bank.signIn(), await bank.signIn()];
    const approval = await ask(thief);
    assertCode(await approve(thief, approval, bank.key), 404, 'not_found');
    assert.deepEqual((await thief.get('/auth/approvals')).body.approvals, []);
    // The phone's challenge fits no other route, and no other approval.
    const other = await ask(thief, { to: 'p1', amount: 2 });
    const begun = await phone.post(`/auth/approvals/${approval.id}/options`, { body: { method: 'key' } });
    const { challengeId, options } = begun.body;
    const body = { method: 'key', challengeId, response: bank.key.right(options) };
    assertCode(await phone.post(`/auth/approvals/${other.id}/approve`, { body }), 403, 'step_up_failed');
    const again = (await phone.post(`/auth/approvals/${approval.id}/options`, { body: { method: 'key' } })).body;
    const second = { method: 'key', challengeId: again.challengeId, response: bank.key.right(again.options) };
    assertCode(await phone.post('/auth/step-up/verify', { body: second }), 403, 'step_up_failed');
    const third = (await phone.post('/auth/step-up/options', { body: { method: 'key' } })).body;
    const fresh = { method: 'key', challengeId: third.challengeId, response: bank.key.right(third.options) };
    assertCode(await phone.post(`/auth/approvals/${approval.id}/approve`, { body: fresh }), 403, 'step_up_failed');
    await assertRefusedAs(await transfer(thief, TRANSFER, { approval }), 'pending');
  });

  it('asks again after a denial in vain, and a copy of its credential spends nothing without the token', async () => {
    const bank = approvalApp();
    const [tv, phone] = [await bank.device(), await bank.signIn()];
    await denied(phone, await ask(tv));
    await assertRefusedAs(await transfer(tv), 'denied');
    const other = { to: 'p1', amount: 2 };
    const approval = await ask(tv, other);
    await approved(phone, approval, bank.key);
    const copy = tv.copy();
    const another = await ask(copy, other);
    assertCode(await transfer(copy, other, { approval: { ...approval, token: another.token } }), 404, 'not_found');
    assert.deepEqual(bank.done, []);
  });
});

describe('a restricted session', () => {
  it('is refused at every guard that doesn’t ask for it', async () => {
    const bank = approvalApp({
      routes: (auth) => ({ '/shown': [auth.requireSession({ restricted: true })] }),
    });
    const tv = await bank.device();
    for (const path of ['/me', '/maybe', '/fresh', '/own']) {
      assertCode(await tv.post(path, { body: TRANSFER }), 403, 'restricted');
    }
    assert.equal((await tv.get('/shown')).status, 200);
  });

  it('signs nobody in, changes no credentials and acts as nobody, whichever of its tokens it sends', async () => {
    const bank = approvalApp({
      routes: (auth) => ({
        '/changed': [(req, res, next) => void auth.credentialsChanged(req, res).then(() => next(), next)],
        '/begin': [
          (req, res, next) =>
            void auth.beginSignIn(req, res, { userId: 'ada', method: 'code', then: ['key'] }).then(() => next(), next),
        ],
        '/as-bea': [
          (req, res, next) => void auth.impersonate(req, res, { userId: 'bea', reason: 'x' }).then(() => next(), next),
        ],
      }),
    });
    for (const delivery of ['cookie', 'bearer', 'token-cookies'] as const) {
      const tv = await Client.signedIn(bank, delivery, { restricted: true });
      assertCode(await tv.post('/login', { body: { userId: 'ada', delivery: 'bearer' } }), 403, 'restricted');
      for (const path of ['/changed', '/begin', '/as-bea']) assert.notEqual((await tv.post(path)).status, 200, path);
      if (delivery === 'cookie') continue;
      await tv.refreshed();
      assertCode(await tv.get('/me'), 403, 'restricted');
    }
    assert.deepEqual(new Set(bank.errors.map((error) => (error as { code?: string }).code)), new Set(['restricted']));
    assert.deepEqual(bank.passed, []);
    assertCode(await bank.agent().post('/login', { body: { userId: 'ada' } }), 403, 'api_key_refused');
  });
});
