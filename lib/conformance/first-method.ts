import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { parallel } from './setting.js';
import { ANY, CONFIRM, confirmedTotp, countOf, FIRST, givenPasskeys, passkeyRow, waitingTotp } from './step-up-rows.js';

export const firstMethod: CaseGroup = {
  group: 'passkeys and totp: the first of a user',
  part: 'passkeys',
  beside: 'totp',
  cases: {
    'is no passkey beside a confirmed TOTP, and nothing is written': async ({ passkeys, totp }) => {
      await totp.begin(waitingTotp());
      await totp.confirm(CONFIRM);
      assert.equal(await passkeys.insert(passkeyRow({ id: 'a' }), FIRST), 'not-first-method');
      assert.equal(await passkeys.findById('a'), null);
      assert.equal(await passkeys.insert(passkeyRow({ id: 'a' }), ANY), 'inserted');
    },

    'is no passkey beside a TOTP that came from elsewhere': async ({ passkeys, totp }) => {
      await totp.put(confirmedTotp({ lastStep: null }));
      assert.equal(await passkeys.insert(passkeyRow({ id: 'a' }), FIRST), 'not-first-method');
    },

    'may be a passkey while a TOTP only waits, which is then not the first': async ({ passkeys, totp }) => {
      await totp.begin(waitingTotp());
      assert.equal(await passkeys.insert(passkeyRow({ id: 'a' }), FIRST), 'inserted');
      assert.equal(await totp.confirm({ ...CONFIRM, onlyIfNone: true }), 'refused');
      assert.deepEqual(await totp.findWaiting('user'), waitingTotp());
      assert.equal(await totp.confirm(CONFIRM), 'confirmed');
    },

    'may be a TOTP, and is none beside another': async ({ totp }) => {
      await totp.begin(waitingTotp());
      assert.equal(await totp.confirm({ ...CONFIRM, onlyIfNone: true }), 'confirmed');
      await totp.begin(waitingTotp());
      assert.equal(await totp.confirm({ ...CONFIRM, onlyIfNone: true }), 'refused');
      assert.deepEqual(await totp.find('user'), confirmedTotp());
    },

    'may be a TOTP beside a passkey of another domain only': async ({ passkeys, totp }) => {
      await givenPasskeys(passkeys, passkeyRow({ id: 'a', rpID: 'old.example' }));
      await givenPasskeys(passkeys, passkeyRow({ id: 'b', userId: 'user2' }));
      for (const userId of ['user', 'user2']) await totp.begin(waitingTotp({ userId }));
      const first = { ...CONFIRM, onlyIfNone: true };
      assert.equal(await totp.confirm({ ...first, rpID: 'old.example' }), 'refused');
      assert.equal(await totp.confirm({ ...first, rpID: null }), 'refused');
      assert.equal(await totp.confirm({ ...first, userId: 'user2' }), 'refused');
      assert.equal(await totp.confirm(first), 'confirmed');
    },

    'may be made again once the others are gone': async ({ passkeys, totp }) => {
      await totp.put(confirmedTotp());
      await givenPasskeys(passkeys, passkeyRow({ id: 'a' }));
      await totp.remove('user');
      assert.equal(await passkeys.insert(passkeyRow({ id: 'b' }), FIRST), 'not-first-method');
      await passkeys.remove('user', 'a');
      assert.equal(await passkeys.insert(passkeyRow({ id: 'b' }), FIRST), 'inserted');
      await passkeys.dropForUser('user');
      await totp.begin(waitingTotp());
      assert.equal(await totp.confirm({ ...CONFIRM, onlyIfNone: true }), 'confirmed');
    },

    "is none of another user's business": async ({ passkeys, totp }) => {
      await totp.put(confirmedTotp({ userId: 'user2' }));
      await givenPasskeys(passkeys, passkeyRow({ id: 'theirs', userId: 'user3' }));
      await totp.begin(waitingTotp());
      assert.equal(await totp.confirm({ ...CONFIRM, onlyIfNone: true }), 'confirmed');
      assert.equal(await passkeys.insert(passkeyRow({ id: 'a', userId: 'user4' }), FIRST), 'inserted');
    },

    'is exactly one of a passkey and a TOTP that are enrolled at once': async ({ passkeys, totp }) => {
      for (const userId of ['user1', 'user2', 'user3', 'user4']) {
        await totp.begin(waitingTotp({ userId }));
        const insert = () => passkeys.insert(passkeyRow({ id: userId, userId }), FIRST);
        const confirm = () => totp.confirm({ ...CONFIRM, onlyIfNone: true, userId });
        const isPasskeyFirst = userId < 'user3';
        const early = isPasskeyFirst ? insert() : confirm();
        const late = isPasskeyFirst ? confirm() : insert();
        const answers = await Promise.all([early, late]);
        assert.equal(countOf<unknown>(answers, 'inserted') + countOf<unknown>(answers, 'confirmed'), 1, userId);
        const isConfirmed = (await totp.find(userId)) !== null;
        assert.equal((await passkeys.findById(userId)) === null, isConfirmed);
      }
    },

    'is exactly one of 25 passkeys and 25 confirmations at once': async ({ passkeys, totp }) => {
      await totp.begin(waitingTotp());
      const answers = await parallel(50, async (n) =>
        n % 2 === 0
          ? (await passkeys.insert(passkeyRow({ id: `passkey-${n}` }), FIRST)) === 'inserted'
          : (await totp.confirm({ ...CONFIRM, onlyIfNone: true })) === 'confirmed',
      );
      assert.equal(countOf(answers, true), 1);
      const isConfirmed = (await totp.find('user')) !== null;
      assert.equal((await passkeys.listForUser('user')).length, isConfirmed ? 0 : 1);
    },
  },
};
