import type { TokenHash } from '../internal/tokens.js';
import type { RecoveryCodeStore } from '../stores/contract/recovery-codes.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { hashOf, NOW, parallel } from './setting.js';
import { countOf } from './step-up-rows.js';
import { STRANGE } from './strange.js';

const CODES: readonly TokenHash[] = ['a', 'b', 'c'].map(hashOf);

async function takes(
  store: RecoveryCodeStore,
  userId: string,
  ...names: readonly string[]
): Promise<readonly string[]> {
  const answers = await Promise.all(names.map((name) => store.take(userId, hashOf(name))));
  return names.filter((_name, n) => answers[n] === true);
}

export const recoveryCodesTake: CaseGroup = {
  group: 'recoveryCodes.replace, take, count and dropForUser',
  part: 'recoveryCodes',
  cases: {
    'take each code of a set once': async ({ recoveryCodes }) => {
      await recoveryCodes.replace('user', CODES, NOW);
      assert.deepEqual(await takes(recoveryCodes, 'user', 'a', 'c'), ['a', 'c']);
      assert.deepEqual(await takes(recoveryCodes, 'user', 'a', 'b', 'c'), ['b']);
    },

    'give true to one of 50 parallel takes of a code': async ({ recoveryCodes }) => {
      await recoveryCodes.replace('user', CODES, NOW);
      const answers = await parallel(50, () => recoveryCodes.take('user', hashOf('a')));
      assert.equal(countOf(answers, true), 1);
      assert.deepEqual(await recoveryCodes.count('user'), { left: 2, createdAt: NOW });
    },

    'take no code that there never was, or of another user': async ({ recoveryCodes }) => {
      await recoveryCodes.replace('user', CODES, NOW);
      await recoveryCodes.replace('user2', [hashOf('theirs')], NOW);
      assert.deepEqual(await takes(recoveryCodes, 'user', 'd', 'theirs'), []);
      assert.deepEqual(await takes(recoveryCodes, 'user2', 'a'), []);
      assert.deepEqual(await takes(recoveryCodes, 'nobody', 'a'), []);
      assert.deepEqual(await recoveryCodes.count('user'), { left: 3, createdAt: NOW });
    },

    'say how many are left, and since when the set exists; null for none': async ({ recoveryCodes }) => {
      assert.equal(await recoveryCodes.count('user'), null);
      await recoveryCodes.replace('user', CODES, NOW);
      assert.deepEqual(await recoveryCodes.count('user'), { left: 3, createdAt: NOW });
      await takes(recoveryCodes, 'user', 'a', 'b');
      assert.deepEqual(await recoveryCodes.count('user'), { left: 1, createdAt: NOW });
      await takes(recoveryCodes, 'user', 'c');
      assert.equal(await recoveryCodes.count('user'), null);
      for (const userId of ['user2', 'User', '', '%']) assert.equal(await recoveryCodes.count(userId), null);
    },

    'kill what is left of the older set by a new one': async ({ recoveryCodes }) => {
      await recoveryCodes.replace('user', CODES, NOW - 5);
      await takes(recoveryCodes, 'user', 'a');
      await recoveryCodes.replace('user', ['c', 'd'].map(hashOf), NOW);
      assert.deepEqual(await recoveryCodes.count('user'), { left: 2, createdAt: NOW });
      assert.deepEqual(await takes(recoveryCodes, 'user', 'a', 'b', 'c', 'd'), ['c', 'd']);
    },

    'kill them by a set of none': async ({ recoveryCodes }) => {
      await recoveryCodes.replace('user', CODES, NOW);
      await recoveryCodes.replace('user', [], NOW);
      assert.equal(await recoveryCodes.count('user'), null);
      assert.deepEqual(await takes(recoveryCodes, 'user', 'a', 'b', 'c'), []);
    },

    'leave one whole set of 20 that are made at once': async ({ recoveryCodes }) => {
      const sets = Array.from({ length: 20 }, (_, set) => [0, 1, 2, 3].map((n) => `set ${set} code ${n}`));
      await parallel(20, (set) => recoveryCodes.replace('user', (sets[set] ?? []).map(hashOf), NOW + set));
      const count = await recoveryCodes.count('user');
      const alive = await takes(recoveryCodes, 'user', ...sets.flat());
      assert.deepEqual(alive, sets[(count?.createdAt ?? 0) - NOW]);
      assert.equal(count?.left, 4);
    },

    'take no code of a set that is replaced before': async ({ recoveryCodes }) => {
      await recoveryCodes.replace('user', CODES, NOW);
      const early = parallel(10, () => recoveryCodes.take('user', hashOf('a')));
      const replaced = recoveryCodes.replace('user', [hashOf('new')], NOW + 1);
      await Promise.all([early, replaced]);
      assert.ok(countOf(await early, true) <= 1);
      assert.deepEqual(await takes(recoveryCodes, 'user', 'a', 'b', 'c'), []);
      assert.deepEqual(await recoveryCodes.count('user'), { left: 1, createdAt: NOW + 1 });
    },

    'let users have the same code, and tell users apart whose ids look alike': async ({ recoveryCodes }) => {
      for (const userId of STRANGE) await recoveryCodes.replace(userId, CODES, NOW);
      for (const [n, userId] of STRANGE.entries()) {
        assert.deepEqual(await recoveryCodes.count(userId), { left: 3, createdAt: NOW }, userId);
        assert.deepEqual(await takes(recoveryCodes, userId, 'a'), ['a'], userId);
        await (n % 2 === 0 ? recoveryCodes.dropForUser(userId) : recoveryCodes.replace(userId, [], NOW));
        assert.equal(await recoveryCodes.count(userId), null);
      }
    },

    "drop a user's codes and nobody else's": async ({ recoveryCodes }) => {
      for (const userId of ['user', 'user2']) await recoveryCodes.replace(userId, CODES, NOW);
      for (const userId of ['user', 'user', 'nobody']) await recoveryCodes.dropForUser(userId);
      assert.deepEqual(await takes(recoveryCodes, 'user', 'a', 'b', 'c'), []);
      assert.equal(await recoveryCodes.count('user'), null);
      assert.deepEqual(await recoveryCodes.count('user2'), { left: 3, createdAt: NOW });
    },

    'keep what they were given though the caller changes it afterwards': async ({ recoveryCodes }) => {
      const hashes = [...CODES];
      const replaced = recoveryCodes.replace('user', hashes, NOW);
      hashes[0] = hashOf('other');
      hashes.length = 1;
      await replaced;
      assert.deepEqual(await takes(recoveryCodes, 'user', 'other', 'a', 'b', 'c'), ['a', 'b', 'c']);
    },
  },
};
