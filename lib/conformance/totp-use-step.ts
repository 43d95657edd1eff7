import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { parallel } from './setting.js';
import { confirmedTotp, countOf, useOf, waitingTotp } from './step-up-rows.js';

export const totpUseStep: CaseGroup = {
  group: 'totp.useStep',
  part: 'totp',
  cases: {
    'notes a later step, and nothing else': async ({ totp }) => {
      await totp.put(confirmedTotp({ lastStep: 100 }));
      assert.equal(await totp.useStep(useOf(101)), true);
      assert.equal(await totp.useStep(useOf(105)), true);
      assert.deepEqual(await totp.find('user'), confirmedTotp({ lastStep: 105 }));
    },

    'gives false for the last step and for those before, and writes nothing': async ({ totp }) => {
      await totp.put(confirmedTotp({ lastStep: 100 }));
      for (const step of [100, 99, 0]) assert.equal(await totp.useStep(useOf(step)), false);
      assert.deepEqual(await totp.find('user'), confirmedTotp({ lastStep: 100 }));
    },

    'takes any step after none': async ({ totp }) => {
      await totp.put(confirmedTotp({ lastStep: null }));
      assert.equal(await totp.useStep(useOf(0)), true);
      assert.equal(await totp.useStep(useOf(0)), false);
      assert.deepEqual(await totp.find('user'), confirmedTotp({ lastStep: 0 }));
    },

    'takes an earlier step after one that is later than the latest, and goes on from there': async ({ totp }) => {
      await totp.put(confirmedTotp({ lastStep: 111 }));
      assert.equal(await totp.useStep({ ...useOf(100), latest: 111 }), false);
      assert.deepEqual(await totp.find('user'), confirmedTotp({ lastStep: 111 }));
      assert.equal(await totp.useStep({ ...useOf(100), latest: 110 }), true);
      assert.deepEqual(await totp.find('user'), confirmedTotp({ lastStep: 100 }));
      for (const step of [99, 100]) assert.equal(await totp.useStep({ ...useOf(step), latest: 110 }), false);
      assert.equal(await totp.useStep({ ...useOf(101), latest: 110 }), true);
    },

    'takes one of 50 parallel calls with one step after one that is not believed': async ({ totp }) => {
      await totp.put(confirmedTotp({ lastStep: 1_000_000 }));
      const answers = await parallel(50, () => totp.useStep({ ...useOf(101), latest: 110 }));
      assert.equal(countOf(answers, true), 1);
      assert.deepEqual(await totp.find('user'), confirmedTotp({ lastStep: 101 }));
    },

    'gives false for a row that waits, whatever is believed': async ({ totp }) => {
      await totp.begin(waitingTotp());
      assert.equal(await totp.useStep({ ...useOf(100), latest: 0 }), false);
      assert.deepEqual(await totp.findWaiting('user'), waitingTotp());
    },

    'takes a step that needs more than 32 bits': async ({ totp }) => {
      const step = 8.64e15 / 30_000;
      await totp.put(confirmedTotp());
      assert.equal(await totp.useStep(useOf(step)), true);
      assert.equal(await totp.useStep(useOf(2 ** 32)), false);
      assert.deepEqual(await totp.find('user'), confirmedTotp({ lastStep: step }));
    },

    'gives false for a row that waits, and for none': async ({ totp }) => {
      await totp.begin(waitingTotp());
      assert.equal(await totp.useStep(useOf(100)), false);
      assert.deepEqual(await totp.findWaiting('user'), waitingTotp());
      assert.equal(await totp.useStep({ ...useOf(100), userId: 'nobody' }), false);
      assert.equal(await totp.find('nobody'), null);
    },

    'gives false for another secret, as after a new one was confirmed, and writes nothing': async ({ totp }) => {
      await totp.put(confirmedTotp({ encryptedSecret: 'new secret' }));
      assert.equal(await totp.useStep(useOf(101)), false);
      assert.deepEqual(await totp.find('user'), confirmedTotp({ encryptedSecret: 'new secret' }));
    },

    'puts the renewed secret in the place of the old one, and knows the old one no more': async ({ totp }) => {
      await totp.put(confirmedTotp());
      assert.equal(await totp.useStep({ ...useOf(100), renewed: 'renewed' }), false);
      assert.deepEqual(await totp.find('user'), confirmedTotp());
      assert.equal(await totp.useStep({ ...useOf(101), renewed: 'renewed' }), true);
      assert.deepEqual(await totp.find('user'), confirmedTotp({ encryptedSecret: 'renewed', lastStep: 101 }));
      assert.equal(await totp.useStep(useOf(102)), false);
      assert.equal(await totp.useStep({ ...useOf(102), encryptedSecret: 'renewed', renewed: 'renewed' }), true);
    },

    'renews a secret by one of 50 parallel steps': async ({ totp }) => {
      await totp.put(confirmedTotp());
      const answers = await parallel(50, (n) => totp.useStep({ ...useOf(101 + n), renewed: `renewed ${n}` }));
      assert.equal(countOf(answers, true), 1);
      const n = answers.indexOf(true);
      const expected = confirmedTotp({ encryptedSecret: `renewed ${n}`, lastStep: 101 + n });
      assert.deepEqual(await totp.find('user'), expected);
    },

    'notes nothing of a row that waits beside': async ({ totp }) => {
      await totp.put(confirmedTotp());
      await totp.begin(waitingTotp({ encryptedSecret: 'next' }));
      assert.equal(await totp.useStep({ ...useOf(101), encryptedSecret: 'next' }), false);
      assert.equal(await totp.useStep({ ...useOf(101), renewed: 'renewed' }), true);
      assert.deepEqual(await totp.findWaiting('user'), waitingTotp({ encryptedSecret: 'next' }));
    },

    "leaves other users' steps alone": async ({ totp }) => {
      await totp.put(confirmedTotp());
      await totp.put(confirmedTotp({ userId: 'user2' }));
      assert.equal(await totp.useStep(useOf(200)), true);
      assert.deepEqual(await totp.find('user2'), confirmedTotp({ userId: 'user2' }));
    },

    'takes one of 50 parallel calls with one step': async ({ totp }) => {
      await totp.put(confirmedTotp());
      assert.equal(countOf(await parallel(50, () => totp.useStep(useOf(101))), true), 1);
    },

    'ends at the latest of 50 parallel steps': async ({ totp }) => {
      await totp.put(confirmedTotp());
      const steps = Array.from({ length: 50 }, (_, n) => 101 + ((n * 7) % 50));
      const answers = await parallel(50, (n) => totp.useStep(useOf(steps[n] ?? 0)));
      assert.equal((await totp.find('user'))?.lastStep, 150);
      assert.equal(answers[steps.indexOf(150)], true);
    },

    'brings no row back around its removal': async ({ totp }) => {
      await totp.put(confirmedTotp());
      const early = parallel(10, (n) => totp.useStep(useOf(101 + n)));
      const removed = totp.remove('user');
      const late = parallel(10, (n) => totp.useStep(useOf(201 + n)));
      await Promise.all([early, late]);
      assert.equal(await removed, true);
      assert.equal(await totp.find('user'), null);
    },
  },
};
