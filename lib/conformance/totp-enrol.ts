import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { NOW, parallel } from './setting.js';
import { CONFIRM, confirmedTotp, countOf, useOf, waitingTotp } from './step-up-rows.js';
import { STRANGE } from './strange.js';

export const totpEnrol: CaseGroup = {
  group: 'totp.begin, confirm, put, find and remove',
  part: 'totp',
  cases: {
    'keep what they were given': async ({ totp }) => {
      const rows = [
        ...STRANGE.map((userId, n) => waitingTotp({ userId, encryptedSecret: `${userId} ${n}` })),
        waitingTotp({ userId: 'early', createdAt: 0 }),
      ];
      for (const row of rows) assert.equal(await totp.begin(row), true);
      for (const row of rows) assert.deepEqual(await totp.find(row.userId), row);
      const imported = [
        confirmedTotp({ userId: 'never used', lastStep: null }),
        confirmedTotp({ userId: 'early', confirmedAt: 0, lastStep: 0 }),
        confirmedTotp({ userId: 'late', confirmedAt: 8.64e15, lastStep: 8.64e15 / 30_000 }),
      ];
      for (const row of imported) await totp.put(row);
      for (const row of imported) assert.deepEqual(await totp.find(row.userId), row);
    },

    'find none for a user without one': async ({ totp }) => {
      await totp.begin(waitingTotp());
      for (const userId of ['user2', 'User', '', 'secret', 'use_', '%']) {
        assert.equal(await totp.find(userId), null, userId);
      }
    },

    'begin again in place of a row that waits, whose secret is confirmed no more': async ({ totp }) => {
      await totp.begin(waitingTotp());
      const second = waitingTotp({ encryptedSecret: 'second', createdAt: NOW });
      assert.equal(await totp.begin(second), true);
      assert.equal(await totp.confirm(CONFIRM), false);
      assert.deepEqual(await totp.find('user'), second);
      assert.equal(await totp.confirm({ ...CONFIRM, encryptedSecret: 'second' }), true);
      assert.deepEqual(await totp.find('user'), confirmedTotp({ encryptedSecret: 'second', createdAt: NOW }));
    },

    'begin nothing while a confirmed one is there': async ({ totp }) => {
      await totp.begin(waitingTotp());
      await totp.confirm(CONFIRM);
      assert.equal(await totp.begin(waitingTotp({ encryptedSecret: 'second' })), false);
      assert.deepEqual(await totp.find('user'), confirmedTotp());
    },

    'confirm once, and note the step': async ({ totp }) => {
      await totp.begin(waitingTotp());
      assert.equal(await totp.confirm(CONFIRM), true);
      assert.equal(await totp.confirm({ ...CONFIRM, step: 101, now: NOW + 1 }), false);
      assert.deepEqual(await totp.find('user'), confirmedTotp());
      assert.equal(await totp.useStep(useOf(100)), false);
      assert.equal(await totp.useStep(useOf(101)), true);
    },

    'confirm no other secret and no other user': async ({ totp }) => {
      await totp.begin(waitingTotp());
      await totp.begin(waitingTotp({ userId: 'user2', encryptedSecret: 'theirs' }));
      for (const confirm of [
        { encryptedSecret: 'Secret' },
        { encryptedSecret: '' },
        { encryptedSecret: 'theirs' },
        { userId: 'user2' },
        { userId: 'nobody' },
      ]) {
        assert.equal(await totp.confirm({ ...CONFIRM, ...confirm }), false);
      }
      assert.deepEqual(await totp.find('user'), waitingTotp());
      assert.deepEqual(await totp.find('user2'), waitingTotp({ userId: 'user2', encryptedSecret: 'theirs' }));
      assert.equal(await totp.find('nobody'), null);
    },

    'confirm one of 50 parallel times': async ({ totp }) => {
      await totp.begin(waitingTotp());
      const answers = await parallel(50, (n) => totp.confirm({ ...CONFIRM, step: 100 + n }));
      assert.equal(countOf(answers, true), 1);
      assert.deepEqual(await totp.find('user'), confirmedTotp({ lastStep: 100 + answers.indexOf(true) }));
    },

    'leave one of 50 parallel beginnings': async ({ totp }) => {
      const answers = await parallel(50, (n) => totp.begin(waitingTotp({ encryptedSecret: `secret ${n}` })));
      assert.equal(countOf(answers, true), 50);
      const confirms = await parallel(50, (n) => totp.confirm({ ...CONFIRM, encryptedSecret: `secret ${n}` }));
      assert.equal(countOf(confirms, true), 1);
    },

    'either confirm the old secret or begin with a new one, when both come at once': async ({ totp }) => {
      for (const userId of ['user1', 'user2']) {
        await totp.begin(waitingTotp({ userId }));
        const confirm = () => totp.confirm({ ...CONFIRM, userId });
        const begin = () => totp.begin(waitingTotp({ userId, encryptedSecret: 'second' }));
        const answers = await Promise.all(userId === 'user1' ? [confirm(), begin()] : [begin(), confirm()]);
        assert.equal(countOf(answers, true), 1);
        const isConfirmed = answers[userId === 'user1' ? 0 : 1];
        const expected = isConfirmed ? confirmedTotp({ userId }) : waitingTotp({ userId, encryptedSecret: 'second' });
        assert.deepEqual(await totp.find(userId), expected);
      }
    },

    'put a confirmed row in place of any other, and of none': async ({ totp }) => {
      const imported = confirmedTotp({ encryptedSecret: 'imported', confirmedAt: NOW - 9, lastStep: null });
      await totp.put(imported);
      assert.deepEqual(await totp.find('user'), imported);
      await totp.put(confirmedTotp({ lastStep: 7 }));
      assert.deepEqual(await totp.find('user'), confirmedTotp({ lastStep: 7 }));
      await totp.begin(waitingTotp({ userId: 'user2' }));
      await totp.put({ ...imported, userId: 'user2' });
      assert.deepEqual(await totp.find('user2'), { ...imported, userId: 'user2' });
      assert.equal(await totp.confirm({ ...CONFIRM, userId: 'user2' }), false);
      assert.equal(await totp.begin(waitingTotp({ userId: 'user2' })), false);
    },

    'remove a row that waits or is confirmed, once': async ({ totp }) => {
      await totp.begin(waitingTotp());
      await totp.put(confirmedTotp({ userId: 'user2' }));
      await totp.put(confirmedTotp({ userId: 'user3' }));
      for (const userId of ['user', 'user2']) {
        assert.equal(await totp.remove(userId), true);
        assert.equal(await totp.remove(userId), false);
        assert.equal(await totp.find(userId), null);
      }
      assert.equal(await totp.confirm(CONFIRM), false);
      assert.equal(await totp.begin(waitingTotp({ userId: 'user2' })), true);
      assert.deepEqual(await totp.find('user3'), confirmedTotp({ userId: 'user3' }));
    },

    'give one of 50 parallel removals true': async ({ totp }) => {
      await totp.put(confirmedTotp());
      const answers = await parallel(50, () => totp.remove('user'));
      assert.equal(countOf(answers, true), 1);
    },

    'keep what they were given though the caller changes it or an answer afterwards': async ({ totp }) => {
      const row = { ...waitingTotp() };
      const begun = totp.begin(row);
      row.encryptedSecret = 'other';
      await begun;
      const answer = await totp.find('user');
      Reflect.set(answer ?? {}, 'confirmedAt', NOW); // has no effect where the answer is frozen
      assert.deepEqual(await totp.find('user'), waitingTotp());
    },
  },
};
