import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { MAX_PENDING } from '../../lib/stores/contract/approval-state.js';
import {
  approvalApp,
  approved,
  ask,
  assertCode,
  assertRefusedAs,
  denied,
  OTHER_KEY,
  poll,
  TRANSFER,
  transfer,
} from './app.js';

describe('an agent with an API key', () => {
  it('asks, looks no more often than it is told, and acts once', async () => {
    const bank = approvalApp();
    const [agent, phone] = [bank.agent(), await bank.signIn()];
    const approval = await ask(agent);
    const { approvals } = (await phone.get('/auth/approvals')).body;
    assert.deepEqual([approvals[0].asker.kind, approvals[0].asker.label], ['api-key', 'agent']);
    assert.equal((await poll(agent, approval)).body.status, 'pending');
    const tooSoon = await poll(agent, approval);
    assertCode(tooSoon, 429, 'slow_down');
    assert.deepEqual([tooSoon.headers['retry-after'], tooSoon.body.retryAfter], ['5', 5]);
    bank.clock.advance('5s');
    await approved(phone, approval, bank.code);
    assert.equal((await poll(agent, approval)).body.status, 'approved');
    assert.equal((await transfer(agent, TRANSFER, { approval })).status, 200);
    await assertRefusedAs(await transfer(agent, TRANSFER, { approval }), 'spent');
    assert.equal(bank.done.length, 1);
  });

  it('is refused with another amount, and its approval is left for what it is for', async () => {
    const bank = approvalApp();
    const [agent, phone] = [bank.agent(), await bank.signIn()];
    const approval = await ask(agent);
    await approved(phone, approval, bank.key);
    await assertRefusedAs(await transfer(agent, { to: 'p1', amount: 11 }, { approval }), 'mismatch');
    assert.equal((await transfer(agent, TRANSFER, { approval })).status, 200);
  });

  it('is told of nothing that another key of the same user asked for', async () => {
    const bank = approvalApp();
    const [agent, other, phone] = [bank.agent(), bank.agent(OTHER_KEY), await bank.signIn()];
    const approval = await ask(agent);
    await approved(phone, approval, bank.key);
    assertCode(await poll(other, approval), 404, 'not_found');
    assertCode(await transfer(other, TRANSFER, { approval }), 404, 'not_found');
    assertCode(await transfer(phone, TRANSFER, { approval }), 404, 'not_found');
    assert.deepEqual(bank.done, []);
  });

  it('is told of nothing without its token, or with a broken one', async () => {
    const bank = approvalApp();
    const agent = bank.agent();
    const approval = await ask(agent);
    const wrong = {
      ...approval,
      token: `${approval.token.slice(0, -1)}A` === approval.token ? 'x' : `${approval.token.slice(0, -1)}A`,
    };
    for (const token of [wrong.token, '', 'x', `${approval.token}.x`, '\u00e9']) {
      assertCode(await poll(agent, { ...approval, token }), 404, 'not_found');
      assertCode(await transfer(agent, TRANSFER, { approval: { ...approval, token } }), 404, 'not_found');
    }
    assertCode(await agent.get(`/auth/approvals/${approval.id}`), 403, 'api_key_refused');
  });

  it('has no more than 16 approvals that wait, and is told when to try again', async () => {
    const bank = approvalApp();
    const agent = bank.agent();
    for (let n = 0; n < MAX_PENDING; n++) await ask(agent, { to: 'p1', amount: n });
    const full = await transfer(agent, { to: 'p1', amount: 99 });
    assertCode(full, 429, 'too_many_pending');
    assert.equal(full.headers['retry-after'], '600');
    bank.clock.advance('10m');
    await ask(agent, { to: 'p1', amount: 99 });
  });

  it('is not asked for again for ten minutes after a denial, and blocked for an hour after three', async () => {
    const bank = approvalApp();
    const [agent, phone] = [bank.agent(), await bank.signIn()];
    await denied(phone, await ask(agent));
    await assertRefusedAs(await transfer(agent), 'denied');
    assert.deepEqual((await phone.get('/auth/approvals')).body.approvals, []);
    for (const amount of [1, 2]) await denied(phone, await ask(agent, { to: 'p1', amount }));
    const blocked = await transfer(agent, { to: 'p1', amount: 3 });
    assertCode(blocked, 429, 'too_many_pending');
    assert.equal(blocked.headers['retry-after'], '3600');
    assert.equal((await transfer(bank.agent(OTHER_KEY), { to: 'p1', amount: 3 })).body.reason, 'missing');
    bank.clock.advance('1h');
    await ask(agent);
  });

  it('may ask only where the app lets keys ask, and a key without an id is a failure', async () => {
    const silent = approvalApp({ apiKeys: { prefix: 'bank_', verify: () => ({ userId: 'ada', id: 'agent' }) } });
    assertCode(await transfer(silent.agent()), 403, 'api_key_refused');
    const nameless = approvalApp({
      apiKeys: { prefix: 'bank_', ask: true, verify: () => ({ userId: 'ada', id: '' }) },
    });
    assertCode(await transfer(nameless.agent()), 500, 'store_unavailable');
  });

  it('gets 400 for what can’t be told, and nobody is asked', async () => {
    const bank = approvalApp();
    const [agent, phone] = [bank.agent(), await bank.signIn()];
    bank.payees.set('p1', 'Bea\u202e');
    assertCode(await transfer(agent), 400, 'action_incomplete');
    assertCode(await agent.post(`/transfers?x=${'a'.repeat(3_000)}`, { body: TRANSFER }), 400, 'action_incomplete');
    assertCode(
      await agent.post('/transfers', { body: { to: 'b'.repeat(20_000), amount: 1 } }),
      400,
      'action_incomplete',
    );
    assert.deepEqual((await phone.get('/auth/approvals')).body.approvals, []);
  });
});
