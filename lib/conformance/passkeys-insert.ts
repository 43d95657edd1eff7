import type { PasskeyRow } from '../stores/contract/passkeys.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { NOW, parallel } from './setting.js';
import { ANY, countOf, FIRST, givenPasskeys, passkeyRow, usedPasskeyRow } from './step-up-rows.js';
import { STRANGE } from './strange.js';

const ROWS: Readonly<Record<string, readonly PasskeyRow[]>> = {
  'a passkey without what can be absent': [passkeyRow({ id: 'a', userHandle: null })],
  'a passkey with everything': [usedPasskeyRow({ id: 'a' })],
  'each flag by itself': [
    passkeyRow({ id: 'a', backupEligible: true }),
    passkeyRow({ id: 'b', backedUp: true }),
    usedPasskeyRow({ id: 'c', backupEligible: false }),
    usedPasskeyRow({ id: 'd', backedUp: false }),
  ],
  'user ids, labels and transports of any characters': STRANGE.map((text, n) =>
    passkeyRow({ id: `passkey-${n}`, userId: text, label: text, transports: [text, '"', text] }),
  ),
  'an empty label, which is not null': [passkeyRow({ id: 'a', label: '' })],
  'ids that look alike': STRANGE.map((id) => passkeyRow({ id })),
  'an id of 1023 bytes, a long key and the greatest counter': [
    passkeyRow({ id: '_-Aa'.repeat(341), publicKey: '-_'.repeat(1024), counter: 2 ** 32 - 1 }),
  ],
  'the earliest and the latest time there is': [passkeyRow({ id: 'a', createdAt: 0, lastUsedAt: 8.64e15 })],
};

export const passkeysInsert: CaseGroup = {
  group: 'passkeys.insert and find',
  part: 'passkeys',
  cases: {
    ...Object.fromEntries(
      Object.entries(ROWS).map(([what, rows]) => [
        `keep ${what}`,
        async ({ passkeys }) => {
          await givenPasskeys(passkeys, ...rows);
          for (const row of rows) {
            assert.deepEqual(await passkeys.find(row.userId, row.id), row);
            assert.deepEqual(await passkeys.findById(row.id), row);
            assert.deepEqual(
              (await passkeys.listForUser(row.userId)).find(({ id }) => id === row.id),
              row,
            );
          }
        },
      ]),
    ),

    'say that an id is taken, whoever has it, and leave its passkey as it is': async ({ passkeys }) => {
      const row = usedPasskeyRow({ id: 'a' });
      await givenPasskeys(passkeys, row);
      for (const userId of ['user', 'user2']) {
        const second = passkeyRow({ id: 'a', userId, publicKey: 'other' });
        assert.equal(await passkeys.insert(second, ANY), 'already-enrolled');
      }
      assert.equal(await passkeys.insert(passkeyRow({ id: 'a', userId: 'user2' }), FIRST), 'already-enrolled');
      assert.deepEqual(await passkeys.findById('a'), row);
      assert.deepEqual(await passkeys.listForUser('user2'), []);
    },

    'insert one of 50 parallel passkeys with one id': async ({ passkeys }) => {
      const answers = await parallel(50, (n) => passkeys.insert(passkeyRow({ id: 'a', userId: `user${n % 5}` }), ANY));
      assert.deepEqual([countOf(answers, 'inserted'), countOf(answers, 'already-enrolled')], [1, 49]);
      assert.equal((await passkeys.findById('a'))?.userId, `user${answers.indexOf('inserted') % 5}`);
    },

    'insert a first passkey, and none as the first beside it': async ({ passkeys }) => {
      assert.equal(await passkeys.insert(passkeyRow({ id: 'a' }), FIRST), 'inserted');
      assert.equal(await passkeys.insert(passkeyRow({ id: 'b' }), FIRST), 'not-first-method');
      assert.equal(await passkeys.findById('b'), null);
      assert.equal(await passkeys.insert(passkeyRow({ id: 'b' }), ANY), 'inserted');
      assert.equal(await passkeys.insert(passkeyRow({ id: 'c', userId: 'user2' }), FIRST), 'inserted');
      await passkeys.dropForUser('user');
      assert.equal(await passkeys.insert(passkeyRow({ id: 'd' }), FIRST), 'inserted');
    },

    'insert one of 50 parallel first passkeys of a user': async ({ passkeys }) => {
      const answers = await parallel(50, (n) => passkeys.insert(passkeyRow({ id: `passkey-${n}` }), FIRST));
      assert.deepEqual([countOf(answers, 'inserted'), countOf(answers, 'not-first-method')], [1, 49]);
      assert.equal((await passkeys.listForUser('user')).length, 1);
    },

    'count for a first passkey and for the cap those of its domain, and those that name none': async ({ passkeys }) => {
      const here = (id: string, row: Partial<PasskeyRow> = {}) => passkeyRow({ id, rpID: 'app.example', ...row });
      await givenPasskeys(passkeys, here('old', { rpID: 'old.example' }), here('App', { rpID: 'App.example' }));
      assert.equal(await passkeys.insert(here('a'), { onlyIfNone: true, max: 1 }), 'inserted');
      assert.equal(await passkeys.insert(here('b'), FIRST), 'not-first-method');
      assert.equal(await passkeys.insert(here('b'), { onlyIfNone: false, max: 1 }), 'full');
      assert.equal(await passkeys.insert(passkeyRow({ id: 'b' }), { onlyIfNone: false, max: 3 }), 'full');
      await givenPasskeys(passkeys, passkeyRow({ id: 'c', userId: 'user2' }));
      assert.equal(await passkeys.insert(here('d', { userId: 'user2' }), FIRST), 'not-first-method');
      assert.equal(await passkeys.insert(here('d', { userId: 'user2' }), { onlyIfNone: false, max: 1 }), 'full');
      assert.equal((await passkeys.listForUser('user')).length, 3);
    },

    'insert passkeys up to the cap, and none beyond it': async ({ passkeys }) => {
      const insert = async (id: string, options = { onlyIfNone: false, max: 3 }) =>
        passkeys.insert(passkeyRow({ id }), options);
      assert.deepEqual([await insert('a'), await insert('b'), await insert('c')], ['inserted', 'inserted', 'inserted']);
      assert.equal(await insert('d'), 'full');
      assert.equal(await passkeys.findById('d'), null);
      assert.equal(await insert('a'), 'already-enrolled');
      assert.equal(await insert('d', { onlyIfNone: true, max: 3 }), 'not-first-method');
      assert.equal(await insert('d', { onlyIfNone: false, max: 2 }), 'full');
      assert.equal(await insert('d', { onlyIfNone: false, max: 4 }), 'inserted');
      const theirs = passkeyRow({ id: 'e', userId: 'user2' });
      assert.equal(await passkeys.insert(theirs, { onlyIfNone: false, max: 1 }), 'inserted');
      await passkeys.remove('user', 'a');
      await passkeys.remove('user', 'b');
      assert.equal(await insert('f'), 'inserted');
      assert.equal(await insert('g'), 'full');
      await passkeys.dropForUser('user');
      assert.equal(await insert('g', { onlyIfNone: true, max: 1 }), 'inserted');
    },

    'insert as many of 50 parallel passkeys of a user as the cap leaves room for': async ({ passkeys }) => {
      await givenPasskeys(passkeys, passkeyRow({ id: 'a' }), passkeyRow({ id: 'theirs', userId: 'user2' }));
      const answers = await parallel(50, (n) =>
        passkeys.insert(passkeyRow({ id: `passkey-${n}` }), { onlyIfNone: false, max: 8 }),
      );
      assert.deepEqual([countOf(answers, 'inserted'), countOf(answers, 'full')], [7, 43]);
      assert.equal((await passkeys.listForUser('user')).length, 8);
    },

    'leave nobody above the cap when passkeys come and go at once': async ({ passkeys }) => {
      const options = { onlyIfNone: false, max: 5 };
      await givenPasskeys(passkeys, ...['a', 'b', 'c', 'd', 'e'].map((id) => passkeyRow({ id })));
      const early = parallel(10, (n) => passkeys.insert(passkeyRow({ id: `early-${n}` }), options));
      const removed = passkeys.remove('user', 'a');
      const late = parallel(10, (n) => passkeys.insert(passkeyRow({ id: `late-${n}` }), options));
      const inserted = countOf([...(await early), ...(await late)], 'inserted');
      assert.equal(await removed, true);
      assert.ok(inserted <= 1);
      assert.equal((await passkeys.listForUser('user')).length, 4 + inserted);
    },

    'find a passkey by its user only, or by its id alone': async ({ passkeys }) => {
      const row = passkeyRow({ id: 'a' });
      await givenPasskeys(passkeys, row, passkeyRow({ id: 'b', userId: 'user2' }));
      assert.deepEqual(await passkeys.findById('a'), row);
      for (const userId of ['user2', 'User', 'handle', '', 'a', 'use_', 'user%']) {
        assert.equal(await passkeys.find(userId, 'a'), null, userId);
      }
      for (const id of ['', 'A', 'c', 'user', 'key of a', '_']) {
        assert.equal(await passkeys.find('user', id), null, id);
        assert.equal(await passkeys.findById(id), null, id);
      }
    },

    "list a user's passkeys alone, oldest first, then by id in byte order": async ({ passkeys }) => {
      await givenPasskeys(
        passkeys,
        passkeyRow({ id: 'newer', createdAt: NOW + 1 }),
        ...['b', '_', 'B', '-', 'a', '0'].map((id) => passkeyRow({ id, createdAt: NOW })),
        passkeyRow({ id: 'older', createdAt: NOW - 1 }),
        passkeyRow({ id: 'theirs', userId: 'user2', createdAt: NOW }),
      );
      const listed = await passkeys.listForUser('user');
      assert.deepEqual(
        listed.map(({ id }) => id),
        ['older', '-', '0', 'B', '_', 'a', 'b', 'newer'],
      );
      for (const userId of ['nobody', '', 'us%', 'use_', 'handle']) {
        assert.deepEqual(await passkeys.listForUser(userId), [], userId);
      }
    },

    'keep what they were given though the caller changes it or an answer afterwards': async ({ passkeys }) => {
      const transports = ['usb'];
      const row = { ...passkeyRow({ id: 'a' }), transports };
      const inserted = passkeys.insert(row, ANY);
      transports[0] = 'nfc';
      row.userId = 'user2';
      await inserted;
      const expected = passkeyRow({ id: 'a', transports: ['usb'] });
      const answer = await passkeys.findById('a');
      assert.deepEqual(answer, expected);
      // An answer may be frozen: then these writes have no effect, and no error either.
      Reflect.set(answer ?? {}, 'counter', 9);
      Reflect.set(answer?.transports ?? [], 0, 'nfc');
      assert.deepEqual(await passkeys.find('user', 'a'), expected);
    },
  },
};
