import type { PasskeyRow, PasskeyStore, PasskeyUse } from '../stores/contract/passkeys.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { NOW, parallel } from './setting.js';
import { countOf, givenPasskeys, PASSKEY_USE, passkeyRow, usedPasskeyRow } from './step-up-rows.js';

async function used(passkeys: PasskeyStore, row: PasskeyRow, use: Partial<PasskeyUse>): Promise<boolean> {
  await givenPasskeys(passkeys, row);
  return await passkeys.use({ ...PASSKEY_USE, ...use });
}

export const passkeysUse: CaseGroup = {
  group: 'passkeys.use',
  part: 'passkeys',
  cases: {
    'notes the counter, the backup state and the time, and nothing else': async ({ passkeys }) => {
      const row = usedPasskeyRow({ id: 'a', counter: 7 });
      assert.equal(await used(passkeys, row, { backedUp: false }), true);
      assert.deepEqual(await passkeys.findById('a'), { ...row, counter: 8, backedUp: false, lastUsedAt: NOW });
    },

    'notes the first use': async ({ passkeys }) => {
      const row = passkeyRow({ id: 'a' });
      assert.equal(await used(passkeys, row, { counter: 1 }), true);
      const { rpID } = PASSKEY_USE;
      assert.deepEqual(await passkeys.findById('a'), { ...row, rpID, counter: 1, backedUp: true, lastUsedAt: NOW });
    },

    'notes the domain of a passkey that names none, and leaves it where one is named': async ({ passkeys }) => {
      await givenPasskeys(passkeys, passkeyRow({ id: 'a' }), passkeyRow({ id: 'b' }));
      assert.equal(await passkeys.use({ ...PASSKEY_USE, counter: 1, rpID: 'first.example' }), true);
      assert.equal(await passkeys.use({ ...PASSKEY_USE, counter: 2, rpID: 'second.example' }), true);
      assert.equal((await passkeys.findById('a'))?.rpID, 'first.example');
      assert.equal((await passkeys.findById('b'))?.rpID, null);
    },

    'gives false for a counter that is not greater, and writes nothing': async ({ passkeys }) => {
      const row = usedPasskeyRow({ id: 'a', counter: 7, backedUp: false });
      assert.equal(await used(passkeys, row, { counter: 7 }), false);
      for (const counter of [0, 1, 6]) assert.equal(await passkeys.use({ ...PASSKEY_USE, counter }), false);
      assert.deepEqual(await passkeys.findById('a'), row);
    },

    'takes any number of uses by an authenticator that does not count: 0 after 0': async ({ passkeys }) => {
      const row = passkeyRow({ id: 'a', rpID: PASSKEY_USE.rpID });
      assert.equal(await used(passkeys, row, { counter: 0 }), true);
      assert.equal(await passkeys.use({ ...PASSKEY_USE, counter: 0, backedUp: false, usedAt: NOW + 1 }), true);
      assert.deepEqual(await passkeys.findById('a'), { ...row, lastUsedAt: NOW + 1 });
      assert.deepEqual(
        await parallel(10, () => passkeys.use({ ...PASSKEY_USE, counter: 0 })),
        Array.from({ length: 10 }, () => true),
      );
    },

    'gives false for a repeat': async ({ passkeys }) => {
      assert.equal(await used(passkeys, usedPasskeyRow({ id: 'a' }), {}), true);
      assert.equal(await passkeys.use(PASSKEY_USE), false);
    },

    'never moves the last use back': async ({ passkeys }) => {
      const row = usedPasskeyRow({ id: 'a', lastUsedAt: NOW });
      assert.equal(await used(passkeys, row, { usedAt: NOW - 1 }), true);
      assert.deepEqual(await passkeys.findById('a'), { ...row, counter: 8 });
    },

    'counts to the end': async ({ passkeys }) => {
      assert.equal(await used(passkeys, usedPasskeyRow({ id: 'a' }), { counter: 2 ** 32 - 1 }), true);
      assert.equal(await passkeys.use({ ...PASSKEY_USE, counter: 2 ** 31 }), false);
      assert.equal((await passkeys.findById('a'))?.counter, 2 ** 32 - 1);
    },

    "gives false for another user's passkey and for one that is gone, and writes nothing": async ({ passkeys }) => {
      const row = usedPasskeyRow({ id: 'a' });
      assert.equal(await used(passkeys, row, { userId: 'user2' }), false);
      assert.deepEqual(await passkeys.findById('a'), row);
      await passkeys.remove('user', 'a');
      assert.equal(await passkeys.use(PASSKEY_USE), false);
      assert.equal(await passkeys.findById('a'), null);
    },

    'uses no other passkey of the user': async ({ passkeys }) => {
      const other = usedPasskeyRow({ id: 'b' });
      await givenPasskeys(passkeys, other);
      assert.equal(await used(passkeys, usedPasskeyRow({ id: 'a' }), {}), true);
      assert.deepEqual(await passkeys.findById('b'), other);
    },

    'takes one of 50 parallel uses with one counter': async ({ passkeys }) => {
      await givenPasskeys(passkeys, usedPasskeyRow({ id: 'a' }));
      const answers = await parallel(50, () => passkeys.use(PASSKEY_USE));
      assert.equal(countOf(answers, true), 1);
    },

    'ends at the greatest of 50 parallel counters': async ({ passkeys }) => {
      await givenPasskeys(passkeys, usedPasskeyRow({ id: 'a' }));
      const counters = Array.from({ length: 50 }, (_, n) => 8 + ((n * 7) % 50));
      const answers = await parallel(50, (n) => passkeys.use({ ...PASSKEY_USE, counter: counters[n] ?? 0 }));
      assert.equal((await passkeys.findById('a'))?.counter, 57);
      assert.equal(answers[counters.indexOf(57)], true);
    },

    'notes a counter that went back, if it is told to': async ({ passkeys }) => {
      const row = usedPasskeyRow({ id: 'a', counter: 50 });
      assert.equal(await used(passkeys, row, { counter: 3, backedUp: false, evenIfRegressed: true }), true);
      assert.deepEqual(await passkeys.findById('a'), { ...row, counter: 3, backedUp: false, lastUsedAt: NOW });
      assert.equal(await passkeys.use({ ...PASSKEY_USE, counter: 3 }), false);
      assert.equal(await passkeys.use({ ...PASSKEY_USE, counter: 0, evenIfRegressed: true }), true);
      assert.equal(await passkeys.use({ ...PASSKEY_USE, counter: 0 }), true);
      assert.equal((await passkeys.findById('a'))?.counter, 0);
    },

    'notes it for a passkey that is there and of this user only': async ({ passkeys }) => {
      const row = usedPasskeyRow({ id: 'a' });
      const use = { counter: 1, evenIfRegressed: true };
      assert.equal(await used(passkeys, row, { ...use, userId: 'user2' }), false);
      assert.equal(await passkeys.use({ ...PASSKEY_USE, ...use, id: 'b' }), false);
      assert.deepEqual(await passkeys.findById('a'), row);
    },

    'takes no counter of 0 once the authenticator counts': async ({ passkeys }) => {
      await givenPasskeys(passkeys, passkeyRow({ id: 'a' }));
      const uses = await Promise.all([0, 1, 0].map((counter) => passkeys.use({ ...PASSKEY_USE, counter })));
      assert.equal(uses[1], true);
      assert.equal(await passkeys.use({ ...PASSKEY_USE, counter: 0 }), false);
      assert.equal((await passkeys.findById('a'))?.counter, 1);
    },
  },
};
