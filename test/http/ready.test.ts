import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, it, jest } from '@jest/globals';
import { SetupError } from '../../lib/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { sqliteStore } from '../../lib/stores/sqlite/index.js';
import { cleanUp } from '../support/clean-up.js';
import { fakeTimers } from '../support/fake-timers.js';
import { faultyStore } from '../support/faulty-store.js';
import { testInstance } from '../support/instance.js';
import { forEachStore } from '../support/stores.js';

forEachStore((_name, makeStore) => {
  describe('ready', () => {
    it('resolves when the store can be used', async () => {
      await testInstance({ store: await makeStore() }).auth.ready();
    });

    it('rejects where the store belongs to another instance', async () => {
      const store = await makeStore();
      await testInstance({ store }).auth.ready();
      const other = testInstance({ store: { ...store, close: async () => {} }, audience: 'https://other.example' });
      await assert.rejects(other.auth.ready(), (error: unknown) => error instanceof SetupError);
    });
  });
});

describe('ready', () => {
  it('rejects with what the store says', async () => {
    const store = faultyStore(memoryStore());
    const { auth } = testInstance({ store });
    store.replace('list', () => Promise.reject(new Error('the disk is gone')));
    await assert.rejects(auth.ready(), /the disk is gone/);
    store.mend();
    await auth.ready();
  });

  it('rejects for a file that can’t be opened', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stepgate-'));
    cleanUp(() => rm(folder, { recursive: true }));
    const { auth } = testInstance({ store: sqliteStore(join(folder, 'nowhere', 'app.db')) });
    await assert.rejects(auth.ready(), /can't open/);
  });

  it('rejects when the store hangs', async () => {
    const store = faultyStore(memoryStore());
    const { auth } = testInstance({ store, storeTimeout: '1s' });
    store.replace('list', () => new Promise(() => {}));
    fakeTimers(['setTimeout']);
    const answer = assert.rejects(auth.ready(), /No answer within 1000 ms/);
    await setImmediate(); // by then it has asked
    jest.advanceTimersByTime(1_000);
    await answer;
  });
});
