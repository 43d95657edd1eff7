import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { storeConformance } from '../../lib/conformance/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';

const PARTS = ['sessions', 'challenges', 'grants', 'approvals', 'attempts', 'passkeys', 'totp', 'recoveryCodes'];
const STORED = [
  'sessions.change: what is stored',
  ...PARTS.map((part) => `${part}: what is stored`),
  ...['challenges', 'grants', 'approvals', 'attempts'].map(
    (part) => `${part}: what is stored of those that have expired`,
  ),
];

describe('storeConformance', () => {
  it('names the part for want of which it skips a case', () => {
    const cases = storeConformance(memoryStore, { without: ['sessions'] });
    const skipped = new Set(cases.filter(({ group }) => group.startsWith('sessions')).map(({ skip }) => skip));
    assert.deepEqual(skipped, new Set(['the store has no sessions']));
  });

  it('skips what needs two parts for want of either', () => {
    for (const part of ['passkeys', 'totp'] as const) {
      const cases = storeConformance(memoryStore, { without: [part] });
      const skipped = cases.filter(({ group }) => group === 'passkeys and totp: the first of a user');
      assert.deepEqual(new Set(skipped.map(({ skip }) => skip)), new Set([`the store has no ${part}`]));
    }
  });

  it('fails the cases of a part that is missing and not named, and no others', async () => {
    const cases = storeConformance(() => ({ sessions: memoryStore().sessions }), { without: ['totp'] });
    const [grant] = cases.filter(({ group }) => group === 'grants.take');
    const message = "The store has no grants, and `without` doesn't name it.";
    await assert.rejects(async () => grant?.run(), { name: 'AssertionError', message });
    await cases[0]?.run();
  });

  it('skips what can only be seen in raw rows when there are none', () => {
    const skipped = storeConformance(memoryStore).filter(({ skip }) => skip === 'no rawRows was given');
    assert.deepEqual(new Set(skipped.map(({ group }) => group)), new Set(STORED));
  });

  it('skips the deletion of what goes by itself, and never that of sessions', () => {
    const skipped = storeConformance(memoryStore, { expiresByItself: true, rawRows: async () => [] }).filter(
      ({ skip }) => skip === 'what has expired goes by itself',
    );
    const groups = ['challenges', 'grants', 'approvals', 'attempts'].flatMap((part) => [
      `${part}.deleteExpired`,
      `${part}: what is stored of those that have expired`,
    ]);
    assert.deepEqual(new Set(skipped.map(({ group }) => group)), new Set(groups));
  });

  it('gives no two cases of a group the same name', () => {
    const names = storeConformance(memoryStore).map(({ group, name }) => `${group} ${name}`);
    assert.equal(new Set(names).size, names.length);
  });

  it('closes the store of a case that passes and of one that fails', async () => {
    const closed: string[] = [];
    const [first] = storeConformance(() => ({ ...memoryStore(), close: async () => void closed.push('first') }));
    await first?.run();
    const broken = { ...memoryStore().sessions, get: () => null };
    const [failing] = storeConformance(() => ({ sessions: broken, close: async () => void closed.push('failing') }));
    await assert.rejects(async () => failing?.run(), { name: 'AssertionError' });
    assert.deepEqual(closed, ['first', 'failing']);
  });
});
