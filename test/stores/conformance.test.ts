import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { storeConformance } from '../../lib/testing/index.js';
import { forEachStore } from '../support/stores.js';

forEachStore((_name, makeStore, { rawRows }) => {
  const cases = storeConformance(makeStore, rawRows ? { rawRows } : {});
  for (const group of new Set(cases.map((each) => each.group))) {
    describe(group, () => {
      for (const { name, skip, run } of cases.filter((each) => each.group === group)) it(name, { skip }, run);
    });
  }
});

describe('storeConformance', () => {
  it('names the part for want of which it skips a case', () => {
    const cases = storeConformance(memoryStore, { without: ['sessions'] });
    assert.deepEqual(new Set(cases.map(({ skip }) => skip)), new Set(['the store has no sessions']));
  });

  it('skips what can only be seen in raw rows when there are none', () => {
    const skipped = storeConformance(memoryStore).filter(({ skip }) => skip === 'no rawRows was given');
    assert.deepEqual(new Set(skipped.map(({ group }) => group)), new Set(['sessions: what is stored']));
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
