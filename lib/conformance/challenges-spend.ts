import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { hashOf, MINUTE, NOW, parallel } from './setting.js';
import { challengeRow, countOf, givenChallenges, takeAll } from './step-up-rows.js';

const END = NOW + MINUTE;

export const challengesSpend: CaseGroup = {
  group: 'challenges.spend',
  part: 'challenges',
  cases: {
    'gives true for the first call with a hash, and false from then on': async ({ challenges }) => {
      assert.equal(await challenges.spend(hashOf('a'), END, NOW), true);
      assert.equal(await challenges.spend(hashOf('a'), END, NOW), false);
      assert.equal(await challenges.spend(hashOf('a'), END + MINUTE, NOW), false);
      assert.equal(await challenges.spend(hashOf('a'), END, END - 1), false);
    },

    'gives true to one of 50 parallel calls': async ({ challenges }) => {
      const spent = await parallel(50, () => challenges.spend(hashOf('a'), END, NOW));
      assert.equal(countOf(spent, true), 1);
    },

    'gives true to one call for each of several hashes': async ({ challenges }) => {
      const spent = await parallel(50, (n) => challenges.spend(hashOf(`hash ${n % 10}`), END, NOW));
      assert.equal(countOf(spent, true), 10);
    },

    'leaves the stored challenges alone, as they leave the mark': async ({ challenges }) => {
      const row = challengeRow({ id: hashOf('a') });
      await givenChallenges(challenges, row);
      assert.equal(await challenges.spend(hashOf('a'), END, NOW), true);
      assert.deepEqual(await takeAll(challenges, 'session', [row.id]), [row.id]);
      await challenges.dropForSession('session');
      await challenges.dropForUser('user');
      assert.equal(await challenges.spend(hashOf('a'), END, NOW), false);
    },
  },
};
