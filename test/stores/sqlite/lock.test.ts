import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { isPromise } from '../../../lib/internal/maybe-promise.js';
import { connect, inserting, messageOf, NOW, newFile, newRow, openStore, start } from './support.js';

describe('a SQLite store whose file another process has locked', () => {
  it('reads at once, and writes as soon as the lock is let go', async () => {
    const file = newFile();
    const { sessions } = openStore(file);
    const [before, during] = [newRow(), newRow()];
    await sessions.insert(inserting(before));
    const child = start('hold-lock', file);
    assert.equal(await messageOf(child), 'locked');

    const inserted = sessions.insert(inserting(during));
    const touched = sessions.touch(
      [{ id: before.id, seenAt: NOW + 1, idleExpiresAt: before.idleExpiresAt, confirms: null }],
      NOW + 1,
    );
    assert.deepEqual(sessions.find(before.tokenHash), before);
    assert.deepEqual(sessions.list({ limit: 10, after: null, now: NOW }), [before]);
    // A round trip to the other process: in that time the thread has tried.
    child.send('release');
    assert.equal((await inserted).outcome, 'inserted');
    await touched;
    assert.deepEqual(sessions.find(during.tokenHash), during);
    assert.deepEqual(sessions.find(before.tokenHash), { ...before, lastSeenAt: NOW + 1 });
  });

  it('is ready for reads when its tables are there already', async () => {
    const file = newFile();
    const row = newRow();
    const first = openStore(file);
    await first.sessions.insert(inserting(row));
    await first.close();
    const other = connect(file);
    other.exec('BEGIN IMMEDIATE');
    const { sessions } = openStore(file);
    assert.deepEqual(await sessions.find(row.tokenHash), row);
    assert.deepEqual(sessions.find(row.tokenHash), row);
  });

  it('answers a read once it can, when the other process had the file to itself', async () => {
    const file = newFile();
    const other = connect(file);
    other.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; CREATE TABLE of_the_app (name TEXT)');
    const { sessions } = openStore(file);
    const read = sessions.get('nobody');
    assert.ok(isPromise(read));
    other.close();
    assert.equal(await read, null);
    assert.equal(sessions.get('nobody'), null);
  });

  it('drops a write that is past its deadline, and never runs it later', async () => {
    const file = newFile();
    const other = connect(file);
    other.exec('BEGIN IMMEDIATE');
    const store = openStore(file, { timeout: 0.2 });
    await assert.rejects(store.sessions.insert(inserting(newRow())), /was not run/);
    other.exec('COMMIT');
    await store.close();
    assert.deepEqual(await openStore(file).sessions.list({ limit: 10, after: null, now: NOW }), []);
  });

  it('takes no more than 10,000 jobs at a time', async () => {
    const file = newFile();
    const { sessions } = openStore(file);
    await sessions.get('nobody');
    const other = connect(file);
    other.exec('BEGIN IMMEDIATE');
    const jobs = Array.from({ length: 10_000 }, () => sessions.revoke('nobody', null));
    await assert.rejects(sessions.revoke('nobody', null), /waiting/);
    other.exec('COMMIT');
    assert.deepEqual(new Set(await Promise.all(jobs)), new Set([null]));
    assert.equal(await sessions.revoke('nobody', null), null);
  });

  it('is closed once its writes have met their deadline', async () => {
    const file = newFile();
    const other = connect(file);
    other.exec('BEGIN IMMEDIATE');
    const store = openStore(file, { timeout: 0.2 });
    const write = store.sessions.insert(inserting(newRow()));
    const closed = store.close();
    await assert.rejects(write, /was not run/);
    await closed;
  });
});
