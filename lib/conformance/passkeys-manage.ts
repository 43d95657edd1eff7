import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { NOW, parallel } from './setting.js';
import { countOf, givenPasskeys, PASSKEY_USE, passkeyRow, usedPasskeyRow } from './step-up-rows.js';
import { STRANGE } from './strange.js';

export const passkeysManage: CaseGroup = {
  group: 'passkeys.rename, remove and dropForUser',
  part: 'passkeys',
  cases: {
    'rename a passkey and give it as it is then': async ({ passkeys }) => {
      const row = usedPasskeyRow({ id: 'a' });
      await givenPasskeys(passkeys, row, usedPasskeyRow({ id: 'b' }));
      for (const label of ['my key', ...STRANGE]) {
        assert.deepEqual(await passkeys.rename('user', 'a', label), { ...row, label });
        assert.deepEqual(await passkeys.find('user', 'a'), { ...row, label });
      }
      assert.deepEqual(await passkeys.findById('b'), usedPasskeyRow({ id: 'b' }));
    },

    "give null for the name of another user's passkey or of none, and write nothing": async ({ passkeys }) => {
      const row = usedPasskeyRow({ id: 'a' });
      await givenPasskeys(passkeys, row, passkeyRow({ id: 'b', userId: 'user2' }));
      assert.equal(await passkeys.rename('user2', 'a', 'stolen'), null);
      assert.equal(await passkeys.rename('user', 'c', 'new'), null);
      assert.deepEqual(await passkeys.findById('a'), row);
      assert.equal(await passkeys.findById('c'), null);
    },

    'lose neither a name nor a use that come at once': async ({ passkeys }) => {
      for (const id of ['named first', 'used first']) {
        const row = usedPasskeyRow({ id });
        await givenPasskeys(passkeys, row);
        const rename = () => passkeys.rename('user', id, 'new');
        const use = () => passkeys.use({ ...PASSKEY_USE, id });
        await Promise.all(id === 'named first' ? [rename(), use()] : [use(), rename()]);
        assert.deepEqual(await passkeys.findById(id), { ...row, counter: 8, lastUsedAt: NOW, label: 'new' });
      }
    },

    'remove a passkey once, and let its id be registered again': async ({ passkeys }) => {
      await givenPasskeys(passkeys, usedPasskeyRow({ id: 'a' }), passkeyRow({ id: 'b' }));
      assert.equal(await passkeys.remove('user', 'a'), true);
      assert.equal(await passkeys.remove('user', 'a'), false);
      assert.equal(await passkeys.find('user', 'a'), null);
      assert.equal(await passkeys.findById('a'), null);
      assert.deepEqual(await passkeys.listForUser('user'), [passkeyRow({ id: 'b' })]);
      const again = passkeyRow({ id: 'a', userId: 'user2' });
      await givenPasskeys(passkeys, again);
      assert.deepEqual(await passkeys.findById('a'), again);
    },

    'remove no passkey of another user, and give false for it': async ({ passkeys }) => {
      await givenPasskeys(passkeys, passkeyRow({ id: 'a' }), passkeyRow({ id: 'b', userId: 'user2' }));
      for (const userId of ['user2', 'User', '']) assert.equal(await passkeys.remove(userId, 'a'), false);
      assert.deepEqual(await passkeys.findById('a'), passkeyRow({ id: 'a' }));
    },

    'give one of 50 parallel removals true': async ({ passkeys }) => {
      await givenPasskeys(passkeys, passkeyRow({ id: 'a' }));
      const answers = await parallel(50, () => passkeys.remove('user', 'a'));
      assert.equal(countOf(answers, true), 1);
    },

    'bring no passkey back by uses and names around its removal': async ({ passkeys }) => {
      await givenPasskeys(passkeys, usedPasskeyRow({ id: 'a' }));
      const change = async (n: number): Promise<void> => {
        if (n % 2 === 0) await passkeys.use({ ...PASSKEY_USE, counter: 8 + n });
        else await passkeys.rename('user', 'a', `name ${n}`);
      };
      const early = parallel(10, change);
      const removed = passkeys.remove('user', 'a');
      const late = parallel(10, (n) => change(10 + n));
      await Promise.all([early, late]);
      assert.equal(await removed, true);
      assert.equal(await passkeys.findById('a'), null);
      assert.deepEqual(await passkeys.listForUser('user'), []);
    },

    "drop all of a user's passkeys and nobody else's": async ({ passkeys }) => {
      const rows = STRANGE.flatMap((userId, n) => [
        passkeyRow({ id: `a${n}`, userId }),
        passkeyRow({ id: `b${n}`, userId }),
      ]);
      await givenPasskeys(passkeys, ...rows);
      for (const userId of STRANGE) {
        assert.equal((await passkeys.listForUser(userId)).length, 2, userId);
        await passkeys.dropForUser(userId);
        assert.deepEqual(await passkeys.listForUser(userId), []);
      }
      await passkeys.dropForUser('nobody');
      assert.equal(await passkeys.findById('a0'), null);
    },
  },
};
