import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { cleanUp } from '../support/clean-up.js';
import { type FullStore, forEachStore } from '../support/stores.js';
import {
  type ApprovalApp,
  approvalApp,
  approve,
  approved,
  ask,
  assertCode,
  assertRefusedAs,
  denied,
  poll,
  TRANSFER,
  transfer,
} from './app.js';

function app(store: FullStore, options: Parameters<typeof approvalApp>[0] = {}): ApprovalApp {
  cleanUp(async () => store.close?.());
  const { close: _, ...rest } = store;
  return approvalApp({ store: rest, ...options });
}

forEachStore((_name, makeStore) => {
  describe('a request of a device that the user approves on the phone', () => {
    it('runs once, with what was approved', async () => {
      const bank = app(await makeStore(), { approvals: { page: '/approvals?tab=1' } });
      const [tv, phone] = [await bank.device(), await bank.signIn()];
      const approval = await ask(tv);
      assert.equal(approval.summary, 'Send 10 to Bea');
      assert.equal(approval.url, `https://app.example/approvals?tab=1&approval=${approval.id}`);
      assert.equal(approval.expiresIn, 600);
      const { approvals } = (await phone.get('/auth/approvals')).body;
      const [shown] = approvals;
      assert.equal(approvals.length, 1);
      assert.deepEqual(
        [shown.id, shown.summary, shown.httpMethod, shown.url, shown.payload, shown.methods, shown.asker.kind],
        [approval.id, 'Send 10 to Bea', 'POST', '/transfers', { to: 'p1', amount: 10 }, ['key', 'code'], 'session'],
      );
      assert.ok(!JSON.stringify(shown).includes(approval.token));
      const waiting = await poll(tv, approval);
      assert.deepEqual([waiting.status, waiting.body.status, waiting.headers['retry-after']], [200, 'pending', '5']);
      await assertRefusedAs(await transfer(tv, TRANSFER, { approval }), 'pending');
      await approved(phone, approval, bank.key);
      bank.clock.advance('5s');
      assert.equal((await poll(tv, approval)).body.status, 'approved');
      assert.equal((await transfer(tv, TRANSFER, { approval })).status, 200);
      assert.deepEqual(bank.done, [{ payload: { to: 'p1', amount: 10 }, method: 'key', approverId: 'ada' }]);
      await assertRefusedAs(await transfer(tv, TRANSFER, { approval }), 'spent');
      bank.clock.advance('5s');
      assert.equal((await poll(tv, approval)).body.status, 'spent');
      assert.deepEqual((await phone.get('/auth/approvals')).body.approvals, []);
      const types = bank.events.map(({ type }) => type).filter((type) => type.startsWith('approval.'));
      assert.deepEqual(types, ['approval.requested', 'approval.approved', 'approval.spent']);
    });

    it('outlives a refresh of the device, and makes no proof on the phone', async () => {
      const bank = app(await makeStore());
      const [tv, phone] = [await bank.device(), await bank.signIn()];
      const approval = await ask(tv);
      await approved(phone, approval, bank.key);
      assertCode(await phone.post('/fresh'), 401, 'step_up_required');
      bank.clock.advance('1m');
      await tv.refreshed();
      assert.equal((await transfer(tv, TRANSFER, { approval })).status, 200);
      assertCode(await tv.post('/fresh'), 403, 'restricted');
    });

    it('is refused once it was denied, or its time has expired, or it was approved too late', async () => {
      const bank = app(await makeStore());
      const [tv, phone] = [await bank.device(), await bank.signIn()];
      const first = await ask(tv);
      await denied(phone, first);
      await assertRefusedAs(await transfer(tv, TRANSFER, { approval: first }), 'denied');
      assertCode(await approve(phone, first, bank.key), 409, 'approval_decided');
      assertCode(await phone.post(`/auth/approvals/${first.id}/deny`), 409, 'approval_decided');

      const second = await ask(tv, { to: 'p2', amount: 1 });
      bank.clock.advance('10m');
      await tv.refreshed();
      await assertRefusedAs(await transfer(tv, { to: 'p2', amount: 1 }, { approval: second }), 'expired');
      assertCode(await approve(phone, second, bank.key), 409, 'approval_decided');
      assert.equal((await poll(tv, second)).body.status, 'expired');

      const third = await ask(tv, { to: 'p3', amount: 1 });
      await approved(phone, third, bank.key);
      bank.clock.advance('5m');
      await tv.refreshed();
      await assertRefusedAs(await transfer(tv, { to: 'p3', amount: 1 }, { approval: third }), 'expired');
      assert.deepEqual(bank.done, []);
      assert.equal(bank.told('approval.expired').length, 2);
    });

    it('is taken back until it is spent', async () => {
      const bank = app(await makeStore());
      const [tv, phone] = [await bank.device(), await bank.signIn()];
      const approval = await ask(tv);
      await approved(phone, approval, bank.key);
      await denied(phone, approval);
      await assertRefusedAs(await transfer(tv, TRANSFER, { approval }), 'denied');
      assert.equal(bank.told('approval.withdrawn').length, 1);
    });

    it('is refused when the user has signed out everywhere meanwhile, and so is the device', async () => {
      const bank = app(await makeStore());
      const [tv, phone] = [await bank.device(), await bank.signIn()];
      const approval = await ask(tv);
      await approved(phone, approval, bank.key);
      await bank.auth.sessions.revokeAllForUser('ada');
      assertCode(await transfer(tv, TRANSFER, { approval }), 401, 'session_invalid');
      assert.deepEqual(bank.done, []);
    });

    it('falls with the session that approved it, with its method, and with changed credentials', async () => {
      const bank = app(await makeStore(), {
        routes: (auth) => ({
          '/changed': [(req, res, next) => void auth.credentialsChanged(req, res).then(() => next(), next)],
        }),
      });
      const tv = await bank.device();
      const signedOut = await bank.signIn();
      const first = await ask(tv);
      await approved(signedOut, first, bank.key);
      await signedOut.post('/auth/logout');
      await assertRefusedAs(await transfer(tv, TRANSFER, { approval: first }), 'denied');

      const phone = await bank.signIn();
      const second = await ask(tv, { to: 'p2', amount: 1 });
      await approved(phone, second, bank.key);
      bank.key.users.delete('ada');
      await assertRefusedAs(await transfer(tv, { to: 'p2', amount: 1 }, { approval: second }), 'denied');
      bank.key.users.add('ada');

      const third = await ask(bank.agent(), { to: 'p3', amount: 1 });
      await approved(phone, third, bank.key);
      assert.equal((await phone.post('/changed')).status, 200);
      assertCode(await transfer(bank.agent(), { to: 'p3', amount: 1 }, { approval: third }), 404, 'not_found');
      assert.deepEqual(bank.done, []);
    });
  });
});
