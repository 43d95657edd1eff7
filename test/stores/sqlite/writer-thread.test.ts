import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { describe, it } from '@jest/globals';
import { isPromise } from '../../../lib/internal/maybe-promise.js';
import type { SessionRow } from '../../../lib/stores/contract/sessions.js';
import { cleanUp } from '../../support/clean-up.js';
import { inserting, listing, NOW, newFile, newRow, type OpenStore, openStore, start } from './support.js';

describe('the writer thread of a SQLite store', () => {
  it('undoes an operation that throws, and only that one', async () => {
    const { sessions } = openStore(newFile());
    const [touched, first, last] = [newRow(), newRow(), newRow()];
    await sessions.insert(inserting(touched));
    const touch = { id: touched.id, seenAt: NOW + 1, idleExpiresAt: touched.idleExpiresAt, confirms: null };
    const results = await Promise.allSettled([
      sessions.insert(inserting(first)),
      // The second touch breaks the table's types, after the first one was written.
      sessions.touch([touch, { ...touch, seenAt: NOW + 1.5 }], NOW),
      sessions.insert(inserting(last)),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    for (const row of [touched, first, last]) assert.deepEqual(sessions.get(row.id), row);
  });

  it('names neither hashes nor values in an error', async () => {
    const { sessions } = openStore(newFile());
    const row = newRow();
    await sessions.insert(inserting(row));
    await assert.rejects(sessions.insert(inserting({ ...row, id: 'another' })), (error: Error) => {
      return /UNIQUE/.test(error.message) && !error.message.includes(row.tokenHash);
    });
  });

  it("lists a user's sessions, page by page, however few there are", async () => {
    const { sessions } = openStore(newFile());
    const rows = [
      newRow({ id: 'a', lastSeenAt: NOW + 2 }),
      newRow({ id: 'd', lastSeenAt: NOW + 1, createdAt: NOW + 1 }),
      newRow({ id: 'b', lastSeenAt: NOW + 1 }),
      newRow({ id: 'c', lastSeenAt: NOW + 1 }),
      newRow({ id: 'e' }),
    ];
    for (const row of [...rows].reverse()) await sessions.insert(inserting(row));
    assert.equal(isPromise(sessions.get('a')), false);
    const seen: SessionRow[] = [];
    for (let after: SessionRow | null = null; ; after = seen.at(-1) ?? null) {
      const page = sessions.listForUser({ ...listing('user-1'), limit: 2, after });
      assert.ok(isPromise(page));
      const found = await page;
      if (found.length === 0) break;
      seen.push(...found);
    }
    assert.deepEqual(seen, rows);
  });

  it('finishes queued writes when the store is closed, and then takes nothing', async () => {
    const file = newFile();
    const store = openStore(file);
    const rows = Array.from({ length: 50 }, () => newRow());
    const writes = rows.map((row) => store.sessions.insert(inserting(row)));
    const read = store.sessions.get('nobody');
    await Promise.all([store.close(), store.close()]);
    await Promise.all([...writes, read]);
    await assert.rejects(store.sessions.insert(inserting(newRow())), /store is closed/);
    await assert.rejects(async () => store.sessions.get('nobody'), /store is closed/);
    assert.equal((await openStore(file).sessions.listForUser(listing('user-1'))).length, 50);
  });

  it('rejects what is under way when it ends, and is started again by the next job', async () => {
    const { store, worker } = await openWithWorker(newFile());
    const [kept, lost, next] = [newRow(), newRow(), newRow()];
    await store.sessions.insert(inserting(kept));
    const ended = worker.terminate();
    await assert.rejects(store.sessions.insert(inserting(lost)), /writer thread ended/);
    await ended;

    assert.deepEqual(store.sessions.find(kept.tokenHash), kept);
    await store.sessions.insert(inserting(next));
    assert.deepEqual(store.sessions.find(next.tokenHash), next);
    assert.deepEqual(store.sessions.find(kept.tokenHash), kept);
    assert.equal(store.sessions.get(lost.id), null);
  });

  it('goes by its own clock while fake timers have put another in its place', async () => {
    const { sessions } = openStore(newFile());
    const { hrtime } = process;
    cleanUp(() => {
      process.hrtime = hrtime;
    });
    process.hrtime = Object.assign((): [number, number] => [0, 0], { bigint: () => 0n });
    await sessions.insert(inserting(newRow()));
  });

  it('can be closed after it ended', async () => {
    const { store, worker } = await openWithWorker(newFile());
    await worker.terminate();
    await store.close();
    await assert.rejects(store.sessions.insert(inserting(newRow())), /store is closed/);
  });

  it('has written whatever it acknowledged before the process was killed', async () => {
    const file = newFile();
    for (let kill = 1; kill <= 5; kill++) {
      const child = start('write-until-killed', file);
      const inserted: string[] = [];
      const revoked: string[] = [];
      child.on('message', (message: { inserted?: string; revoked?: string }) => {
        if (message.inserted !== undefined) inserted.push(message.inserted);
        if (message.revoked !== undefined) revoked.push(message.revoked);
        if (inserted.length + revoked.length === 40 * kill) child.kill('SIGKILL');
      });
      await once(child, 'close');
      assert.ok(inserted.length > 0 && revoked.length > 0);

      const store = openStore(file);
      for (const id of inserted) assert.equal((await store.sessions.get(id))?.id, id);
      for (const id of revoked) assert.equal(await store.sessions.get(id), null);
      await store.close();
    }
  });
});

/** Node tells of each thread that starts, so that a test can end it as a crash would. */
async function openWithWorker(file: string): Promise<{ store: OpenStore; worker: Worker }> {
  const created = once(process, 'worker');
  const store = openStore(file);
  const [worker] = await created;
  await store.sessions.get('nobody');
  return { store, worker };
}
