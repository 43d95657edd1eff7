// One person wants to be the two that a rule asks for.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import {
  approvalApp,
  approve,
  approved,
  ask,
  assertCode,
  assertRefusedAs,
  KEY,
  TRANSFER,
  transfer,
} from '../approvals/app.js';

const FOUR_EYES = '/four-eyes';

describe('a transfer under four eyes', () => {
  it('is approved by a colleague who may, and by nobody else', async () => {
    const bank = approvalApp();
    const [ada, bea, dan] = [await bank.signIn('ada'), await bank.signIn('bea'), await bank.signIn('dan')];
    const approval = await ask(ada, TRANSFER, FOUR_EYES);
    assert.deepEqual((await dan.get('/auth/approvals')).body.approvals, []);
    for (const stranger of [ada, dan, await bank.signIn('ada')]) {
      assertCode(await approve(stranger, approval, bank.key), 404, 'not_found');
      assertCode(await stranger.post(`/auth/approvals/${approval.id}/deny`), 404, 'not_found');
      assertCode(await stranger.get(`/auth/approvals/${approval.id}`), 404, 'not_found');
    }
    assert.equal((await bea.get(`/auth/approvals/${approval.id}`)).body.status, 'pending');
    await approved(bea, approval, bank.key);
    assert.equal((await transfer(ada, TRANSFER, { approval, path: FOUR_EYES })).status, 200);
    assert.equal(bank.done[0]?.approverId, 'bea');
  });

  it('is approved by no manager who asked for it: by the own API key, or in another session', async () => {
    const bank = approvalApp();
    bank.managers.push('ada');
    const own = await bank.signIn('ada');
    for (const asker of [bank.agent(KEY), await bank.signIn('ada'), await bank.device('ada')]) {
      const approval = await ask(asker, TRANSFER, FOUR_EYES);
      assertCode(await approve(own, approval, bank.key), 404, 'not_found');
    }
    assert.deepEqual((await own.get('/auth/approvals')).body.approvals, []);
    bank.managers.splice(0, 3, 'ada');
    assertCode(await transfer(own, TRANSFER, { path: FOUR_EYES }), 403, 'step_up_unavailable');
  });

  it('is asked for and approved by nobody who acts as another user', async () => {
    const bank = approvalApp({
      routes: (auth) => ({
        '/as': [
          (req, res, next) =>
            void auth
              .impersonate(req, res, { userId: String(req.headers['x-user']), reason: 'x' })
              .then(() => next(), next),
        ],
      }),
    });
    const approval = await ask(await bank.signIn('ada'), TRANSFER, FOUR_EYES);
    const admin = await bank.signIn('dan');
    assert.equal((await admin.post('/as', { headers: { 'X-User': 'bea' } })).status, 200);
    assertCode(await approve(admin, approval, bank.key), 403, 'restricted');
    assertCode(await admin.post(`/auth/approvals/${approval.id}/deny`), 403, 'restricted');
    assertCode(await admin.get('/auth/approvals'), 403, 'restricted');
    assertCode(await transfer(admin, TRANSFER, { path: FOUR_EYES }), 403, 'restricted');
  });

  it('is refused when the approver’s role is taken away, before or after the approval', async () => {
    const bank = approvalApp();
    const [ada, bea] = [await bank.signIn('ada'), await bank.signIn('bea')];
    const before = await ask(ada, TRANSFER, FOUR_EYES);
    const other = { to: 'p1', amount: 2 };
    const after = await ask(ada, other, FOUR_EYES);
    await approved(bea, after, bank.key);
    bank.managers.splice(0, 1);
    await approve(bea, before, bank.key);
    await assertRefusedAs(await transfer(ada, TRANSFER, { approval: before, path: FOUR_EYES }), 'denied');
    await assertRefusedAs(await transfer(ada, other, { approval: after, path: FOUR_EYES }), 'denied');
    // It has ended for good, whatever she may be again.
    bank.managers.push('bea');
    await assertRefusedAs(await transfer(ada, other, { approval: after, path: FOUR_EYES }), 'denied');
    assert.deepEqual(bank.done, []);
  });

  it('is refused when the app no longer knows who approved it', async () => {
    let isKnown = true;
    const bank = approvalApp({ users: { find: (id) => (id === 'bea' && !isKnown ? null : { name: id }) } });
    const [ada, bea] = [await bank.signIn('ada'), await bank.signIn('bea')];
    const approval = await ask(ada, TRANSFER, FOUR_EYES);
    await approved(bea, approval, bank.key);
    isKnown = false;
    await assertRefusedAs(await transfer(ada, TRANSFER, { approval, path: FOUR_EYES }), 'denied');
    assert.deepEqual(bank.done, []);
  });

  it('is a failure of the store, and no way through, when the app can’t say who may approve', async () => {
    const bank = approvalApp();
    const ada = await bank.signIn('ada');
    const approval = await ask(ada, TRANSFER, FOUR_EYES);
    bank.managers.splice(0, 2, '');
    assertCode(await transfer(ada, TRANSFER, { approval, path: FOUR_EYES }), 500, 'store_unavailable');
    assertCode(await transfer(ada, { to: 'p1', amount: -1 }, { path: FOUR_EYES }), 403, 'step_up_unavailable');
  });
});
