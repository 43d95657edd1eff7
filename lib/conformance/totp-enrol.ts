import type { TotpRow, TotpStore } from '../stores/contract/totp.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { NOW, parallel } from './setting.js';
import { CONFIRM, confirmedTotp, countOf, useOf, waitingTotp } from './step-up-rows.js';
import { STRANGE } from './strange.js';

/** What a user has: the confirmed one, and the one that waits. */
async function both(totp: TotpStore, userId = 'user'): Promise<readonly (TotpRow | null)[]> {
  return [await totp.find(userId), await totp.findWaiting(userId)];
}

/** The next one of `user`, and its confirmation. */
const NEXT = waitingTotp({ encryptedSecret: 'next', createdAt: NOW });
const CONFIRM_NEXT = { ...CONFIRM, encryptedSecret: 'next', step: 200, now: NOW + 1 };
const NEXT_CONFIRMED = { ...NEXT, confirmedAt: NOW + 1, lastStep: 200 };

export const totpEnrol: CaseGroup = {
  group: 'totp.begin, confirm, put, find and remove',
  part: 'totp',
  cases: {
    'keep what they were given': async ({ totp }) => {
      const rows = [
        ...STRANGE.map((userId, n) => waitingTotp({ userId, encryptedSecret: `${userId} ${n}` })),
        waitingTotp({ userId: 'early', createdAt: 0 }),
      ];
      for (const row of rows) await totp.begin(row);
      for (const row of rows) assert.deepEqual(await both(totp, row.userId), [null, row]);
      const imported = [
        confirmedTotp({ userId: 'never used', lastStep: null }),
        confirmedTotp({ userId: 'early', confirmedAt: 0, lastStep: 0 }),
        confirmedTotp({ userId: 'late', confirmedAt: 8.64e15, lastStep: 8.64e15 / 30_000 }),
      ];
      for (const row of imported) await totp.put(row);
      for (const row of imported) assert.deepEqual(await both(totp, row.userId), [row, null]);
    },

    'find none for a user without one': async ({ totp }) => {
      await totp.put(confirmedTotp());
      await totp.begin(waitingTotp());
      for (const userId of ['user2', 'User', '', 'secret', 'use_', '%']) {
        assert.deepEqual(await both(totp, userId), [null, null], userId);
      }
    },

    'begin again in place of a row that waits, whose secret is confirmed no more': async ({ totp }) => {
      await totp.begin(waitingTotp());
      await totp.begin(NEXT);
      assert.equal(await totp.confirm(CONFIRM), 'refused');
      assert.deepEqual(await both(totp), [null, NEXT]);
      assert.equal(await totp.confirm(CONFIRM_NEXT), 'confirmed');
      assert.deepEqual(await both(totp), [NEXT_CONFIRMED, null]);
    },

    'begin beside a confirmed one, which goes on until the new one is confirmed': async ({ totp }) => {
      await totp.begin(waitingTotp());
      assert.equal(await totp.confirm(CONFIRM), 'confirmed');
      await totp.begin(NEXT);
      assert.deepEqual(await both(totp), [confirmedTotp(), NEXT]);
      assert.equal(await totp.useStep(useOf(101)), true);
      assert.equal(await totp.confirm(CONFIRM_NEXT), 'replaced');
      assert.deepEqual(await both(totp), [NEXT_CONFIRMED, null]);
      assert.equal(await totp.useStep(useOf(201)), false);
      assert.equal(await totp.useStep({ ...useOf(201), encryptedSecret: 'next', renewed: 'next' }), true);
    },

    'confirm once, and note the step': async ({ totp }) => {
      await totp.begin(waitingTotp());
      assert.equal(await totp.confirm(CONFIRM), 'confirmed');
      assert.equal(await totp.confirm({ ...CONFIRM, step: 101, now: NOW + 1 }), 'refused');
      assert.deepEqual(await both(totp), [confirmedTotp(), null]);
      assert.equal(await totp.useStep(useOf(100)), false);
      assert.equal(await totp.useStep(useOf(101)), true);
    },

    'confirm no other secret and no other user': async ({ totp }) => {
      await totp.put(confirmedTotp({ encryptedSecret: 'old' }));
      await totp.begin(waitingTotp());
      await totp.begin(waitingTotp({ userId: 'user2', encryptedSecret: 'theirs' }));
      for (const confirm of [
        { encryptedSecret: 'Secret' },
        { encryptedSecret: '' },
        { encryptedSecret: 'old' },
        { encryptedSecret: 'theirs' },
        { userId: 'user2' },
        { userId: 'nobody' },
      ]) {
        assert.equal(await totp.confirm({ ...CONFIRM, ...confirm }), 'refused');
      }
      assert.deepEqual(await both(totp), [confirmedTotp({ encryptedSecret: 'old' }), waitingTotp()]);
      assert.deepEqual(await both(totp, 'user2'), [null, waitingTotp({ userId: 'user2', encryptedSecret: 'theirs' })]);
      assert.deepEqual(await both(totp, 'nobody'), [null, null]);
    },

    'confirm one of 50 parallel times, whether or not it replaces another': async ({ totp }) => {
      await totp.begin(waitingTotp());
      const answers = await parallel(50, (n) => totp.confirm({ ...CONFIRM, step: 100 + n }));
      assert.deepEqual([countOf(answers, 'confirmed'), countOf(answers, 'refused')], [1, 49]);
      assert.deepEqual(await both(totp), [confirmedTotp({ lastStep: 100 + answers.indexOf('confirmed') }), null]);
      await totp.begin(NEXT);
      const next = await parallel(50, (n) => totp.confirm({ ...CONFIRM_NEXT, step: 200 + n }));
      assert.deepEqual([countOf(next, 'replaced'), countOf(next, 'refused')], [1, 49]);
      assert.deepEqual(await both(totp), [{ ...NEXT_CONFIRMED, lastStep: 200 + next.indexOf('replaced') }, null]);
    },

    'leave one of 50 parallel beginnings': async ({ totp }) => {
      await totp.put(confirmedTotp({ encryptedSecret: 'old' }));
      await parallel(50, (n) => totp.begin(waitingTotp({ encryptedSecret: `secret ${n}` })));
      const confirms = await parallel(50, (n) => totp.confirm({ ...CONFIRM, encryptedSecret: `secret ${n}` }));
      assert.deepEqual([countOf(confirms, 'replaced'), countOf(confirms, 'refused')], [1, 49]);
      const n = confirms.indexOf('replaced');
      assert.deepEqual(await both(totp), [confirmedTotp({ encryptedSecret: `secret ${n}` }), null]);
    },

    'either confirm the old secret or begin with a new one in its place, when both come at once': async ({ totp }) => {
      for (const userId of ['user1', 'user2']) {
        await totp.begin(waitingTotp({ userId }));
        const confirm = () => totp.confirm({ ...CONFIRM, userId });
        const begin = () => totp.begin({ ...NEXT, userId });
        const early = userId === 'user1' ? confirm() : begin();
        const late = userId === 'user1' ? begin() : confirm();
        const isConfirmed = (await Promise.all([early, late])).includes('confirmed');
        const expected = isConfirmed ? confirmedTotp({ userId }) : null;
        assert.deepEqual(await both(totp, userId), [expected, { ...NEXT, userId }]);
      }
    },

    'either replace the old one or remove both, when both come at once': async ({ totp }) => {
      for (const userId of ['user1', 'user2', 'user3', 'user4']) {
        await totp.put(confirmedTotp({ userId }));
        await totp.begin({ ...NEXT, userId });
        const confirm = () => totp.confirm({ ...CONFIRM_NEXT, userId });
        const remove = () => totp.remove(userId);
        const isConfirmFirst = userId < 'user3';
        const early = isConfirmFirst ? confirm() : remove();
        const late = isConfirmFirst ? remove() : confirm();
        const answers: readonly unknown[] = await Promise.all([early, late]);
        assert.equal(answers.includes(true), true);
        assert.equal(answers.includes('replaced') || answers.includes('refused'), true);
        assert.deepEqual(await both(totp, userId), [null, null]);
      }
    },

    'leave the step of one secret and not of both, when one is used while it is replaced': async ({ totp }) => {
      for (const userId of ['user1', 'user2']) {
        await totp.put(confirmedTotp({ userId }));
        await totp.begin({ ...NEXT, userId });
        const early = parallel(10, (n) => totp.useStep({ ...useOf(101 + n), userId }));
        const confirmed = totp.confirm({ ...CONFIRM_NEXT, userId });
        const late = parallel(10, (n) => totp.useStep({ ...useOf(301 + n), userId }));
        await Promise.all([early, late]);
        assert.equal(await confirmed, 'replaced');
        assert.deepEqual(await both(totp, userId), [{ ...NEXT_CONFIRMED, userId }, null]);
      }
    },

    'put a confirmed row in place of any other, of one that waits, and of none': async ({ totp }) => {
      const imported = confirmedTotp({ encryptedSecret: 'imported', confirmedAt: NOW - 9, lastStep: null });
      await totp.put(imported);
      assert.deepEqual(await both(totp), [imported, null]);
      await totp.begin(NEXT);
      await totp.put(confirmedTotp({ lastStep: 7 }));
      assert.deepEqual(await both(totp), [confirmedTotp({ lastStep: 7 }), null]);
      await totp.begin(waitingTotp({ userId: 'user2' }));
      await totp.put({ ...imported, userId: 'user2' });
      assert.deepEqual(await both(totp, 'user2'), [{ ...imported, userId: 'user2' }, null]);
      assert.equal(await totp.confirm({ ...CONFIRM, userId: 'user2' }), 'refused');
    },

    'remove what waits and what is confirmed, once': async ({ totp }) => {
      await totp.begin(waitingTotp());
      await totp.put(confirmedTotp({ userId: 'user2' }));
      await totp.put(confirmedTotp({ userId: 'user3' }));
      await totp.begin({ ...NEXT, userId: 'user3' });
      await totp.put(confirmedTotp({ userId: 'user4' }));
      for (const userId of ['user', 'user2', 'user3']) {
        assert.equal(await totp.remove(userId), true);
        assert.equal(await totp.remove(userId), false);
        assert.deepEqual(await both(totp, userId), [null, null]);
      }
      assert.equal(await totp.confirm(CONFIRM), 'refused');
      assert.equal(await totp.confirm({ ...CONFIRM_NEXT, userId: 'user3' }), 'refused');
      assert.deepEqual(await both(totp, 'user4'), [confirmedTotp({ userId: 'user4' }), null]);
    },

    'give one of 50 parallel removals true': async ({ totp }) => {
      await totp.put(confirmedTotp());
      await totp.begin(NEXT);
      const answers = await parallel(50, () => totp.remove('user'));
      assert.equal(countOf(answers, true), 1);
    },

    'keep what they were given though the caller changes it or an answer afterwards': async ({ totp }) => {
      const row = { ...waitingTotp() };
      const begun = totp.begin(row);
      row.encryptedSecret = 'other';
      await begun;
      const answer = await totp.findWaiting('user');
      Reflect.set(answer ?? {}, 'confirmedAt', NOW); // has no effect where the answer is frozen
      assert.deepEqual(await totp.findWaiting('user'), waitingTotp());
    },
  },
};
