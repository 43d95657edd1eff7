import { assert } from './assert.js';
import type { CaseGroup, StorePart } from './case.js';
import { parallel } from './setting.js';
import { STRANGE } from './strange.js';

const claim: CaseGroup = {
  group: 'sessions.claim',
  part: 'sessions',
  cases: {
    'gives from then on the realm that was asked with first': async ({ sessions }) => {
      for (const realm of ['first', 'second', 'first', 'First', '']) {
        assert.equal(await sessions.claim(realm), 'first', realm);
      }
    },

    'says the same to 50 parallel claims, whatever they ask with': async ({ sessions }) => {
      const claimed = await parallel(50, (n) => sessions.claim(`realm ${n}`));
      const [realm = ''] = claimed;
      assert.match(realm, /^realm \d+$/);
      assert.deepEqual(new Set(claimed), new Set([realm]));
      assert.equal(await sessions.claim('later'), realm);
    },

    'keeps a realm of any characters': async ({ sessions }) => {
      const realm = STRANGE.join(' ');
      assert.equal(await sessions.claim(realm), realm);
      assert.equal(await sessions.claim('other'), realm);
    },

    'stays though all else is deleted': async ({ sessions }) => {
      await sessions.claim('first');
      await sessions.revokeAllForUser('user', null, 0);
      await sessions.deleteExpired(8.64e15, 8.64e15, 100);
      assert.equal(await sessions.claim('second'), 'first');
    },
  },
};

function claimOf(part: StorePart): CaseGroup {
  return {
    group: `${part}.claim`,
    part,
    beside: 'sessions',
    cases: {
      'is that of the sessions': async (bench) => {
        assert.equal(bench[part].claim, bench.sessions.claim);
      },
    },
  };
}

export const claims: readonly CaseGroup[] = [
  claim,
  ...(['challenges', 'grants', 'approvals', 'attempts', 'passkeys', 'totp', 'recoveryCodes'] as const).map(claimOf),
];
