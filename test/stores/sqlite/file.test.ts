import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { isPromise } from '../../../lib/internal/maybe-promise.js';
import { SetupError } from '../../../lib/internal/setup-error.js';
import { sqliteStore } from '../../../lib/stores/sqlite/index.js';
import { connect, inserting, listing, messageOf, NOW, newFile, newRow, openStore, start } from './support.js';

describe('the file of a SQLite store', () => {
  it('keeps whole rows for the next process', async () => {
    const file = newFile();
    const row = newRow({
      label: 'Anna’s phone',
      data: { tenant: 'a "quoted" \u0000 name', deep: [1, { two: null }] },
      previousTokenHash: newRow().tokenHash,
      tokenNonce: 'nonce',
      tokenMethod: 'passkey',
      tokenIssuedAt: NOW + 4,
      refreshHash: newRow().tokenHash,
      parentRefreshHash: newRow().tokenHash,
      refreshNonce: 'nonce',
      refreshedAt: NOW + 1,
      refreshConfirmedAt: NOW + 2,
      amr: ['pwd', 'otp'],
      acr: 'https://acr.example/é',
      generation: 5,
      passedMethods: ['totp', 'passkey'],
      stepUpProofs: { passkey: NOW + 3 },
    });
    const first = openStore(file);
    await first.sessions.insert(inserting(row));
    await first.close();

    const { sessions } = openStore(file);
    assert.deepEqual(await sessions.find(row.tokenHash), row);
    assert.deepEqual(await sessions.get(row.id), row);
    assert.deepEqual(await sessions.listForUser(listing(row.userId)), [row]);
  });

  it('leaves no write-ahead log behind when it is closed', async () => {
    const file = newFile();
    const store = openStore(file);
    const row = newRow();
    await store.sessions.insert(inserting(row));
    assert.deepEqual(store.sessions.find(row.tokenHash), row);
    assert.ok(existsSync(`${file}-wal`));
    await store.close();
    assert.ok(!existsSync(`${file}-wal`));
  });

  it('can be the file of an app that has tables of its own', async () => {
    const file = newFile();
    const app = connect(file);
    app.exec("CREATE TABLE users (name TEXT); INSERT INTO users VALUES ('anna')");
    await openStore(file).sessions.insert(inserting(newRow()));
    const tables = app.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'users'").pluck().all();
    assert.ok(tables.length > 0 && tables.every((name) => String(name).startsWith('stepgate_')));
    assert.equal(app.prepare('SELECT name FROM users').pluck().get(), 'anna');
  });

  it('is shared by two processes', async () => {
    const file = newFile();
    const { sessions } = openStore(file);
    assert.equal(await sessions.get('nobody'), null);
    const child = start('insert-on-demand');
    assert.equal(await messageOf(child), 'started');
    child.send(file);
    const tokenHash = await messageOf(child);
    const [found] = await sessions.listForUser(listing('user-1'));
    assert.equal(found?.tokenHash, tokenHash);
  });

  it('can be made by two processes at the same time', async () => {
    const file = newFile();
    const children = [start('insert-on-demand'), start('insert-on-demand')];
    await Promise.all(children.map(messageOf));
    for (let round = 0; round < 10; round++) {
      for (const child of children) child.send(`${file}.${round}`);
      const inserted = await Promise.all(children.map(messageOf));
      const found = await openStore(`${file}.${round}`).sessions.listForUser(listing('user-1'));
      assert.deepEqual(new Set(found.map((row) => row.tokenHash)), new Set(inserted));
    }
  });

  const unusable: Record<string, { make(file: string): string; reason: RegExp }> = {
    'in a folder that does not exist': {
      make: (file) => join(file, 'nowhere', 'sessions.db'),
      reason: /can't open .*directory does not exist/,
    },
    'that is a folder': { make: dirname, reason: /can't open .*unable to open database file/ },
    'that is no database': {
      make(file) {
        writeFileSync(file, 'x'.repeat(4096));
        return file;
      },
      reason: /can't open .*file is not a database/,
    },
    'that is read-only': { make: makeReadOnly, reason: /can't open .*(readonly|write-ahead log)/ },
    'that a newer stepgate has made': {
      make(file) {
        const db = new Database(file);
        db.exec('CREATE TABLE stepgate_schema (version INTEGER); INSERT INTO stepgate_schema VALUES (1000)');
        db.close();
        return file;
      },
      reason: /made by a newer stepgate/,
    },
  };
  for (const [what, { make, reason }] of Object.entries(unusable)) {
    it(`rejects reads and writes of a file ${what}`, async () => {
      const { sessions } = openStore(make(newFile()));
      const row = newRow();
      await assert.rejects(sessions.insert(inserting(row)), reason);
      const read = sessions.find(row.tokenHash);
      assert.ok(isPromise(read));
      await assert.rejects(read, reason);
    });
  }

  it('is refused by migrate with what to do when a newer stepgate has made it', async () => {
    const file = newFile();
    const db = connect(file);
    db.exec('CREATE TABLE stepgate_schema (version INTEGER); INSERT INTO stepgate_schema VALUES (1000)');
    await assert.rejects(openStore(file).migrate(), (error: unknown) => {
      assert.ok(error instanceof SetupError);
      assert.match(error.message, /of version 1000, made by a newer stepgate/);
      assert.equal(error.help, 'Update stepgate here, too.');
      return true;
    });
    assert.equal(db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get(), 1);
  });

  it('is tried again after it could not be opened', async () => {
    const file = newFile();
    const { sessions } = openStore(join(file, 'sessions.db'));
    const row = newRow();
    await assert.rejects(sessions.insert(inserting(row)), /directory does not exist/);
    mkdirSync(file);
    await sessions.insert(inserting(row));
    assert.deepEqual(sessions.find(row.tokenHash), row);
  });

  it('keeps what it has while it is read-only, and acknowledges nothing', async () => {
    const file = newFile();
    const [before, refused] = [newRow(), newRow()];
    const first = openStore(file);
    await first.sessions.insert(inserting(before));
    await first.close();

    setWriteVersion(file, UNKNOWN);
    const readOnly = openStore(file);
    await assert.rejects(readOnly.sessions.insert(inserting(refused)), /readonly/);
    await assert.rejects(readOnly.sessions.revoke(before.id, null), /readonly/);
    assert.deepEqual(await readOnly.sessions.find(before.tokenHash), before);
    await readOnly.close();

    setWriteVersion(file, WAL);
    const { sessions } = openStore(file);
    assert.deepEqual(await sessions.find(before.tokenHash), before);
    assert.equal(await sessions.find(refused.tokenHash), null);
    assert.notEqual(await sessions.revoke(before.id, null), null);
  });

  it('is read by the writer thread when it can not be opened for reading here', async () => {
    const file = newFile();
    const { sessions } = openStore(file);
    const row = newRow();
    await sessions.insert(inserting(row));
    unlinkSync(file);
    const read = sessions.find(row.tokenHash);
    assert.ok(isPromise(read));
    assert.deepEqual(await read, row);
  });

  it('does not keep a process alive that does nothing with it, even if it can not be opened', async () => {
    const file = newFile();
    for (const path of [file, join(file, 'nowhere', 'sessions.db')]) {
      assert.deepEqual(await once(start('open-only', path), 'exit'), [0, null]);
    }
  });

  it('does not keep the process alive, but for a write under way', async () => {
    const file = newFile();
    const child = start('leave-open', file);
    const exited = once(child, 'exit');
    assert.equal(await messageOf(child), 'found');
    assert.deepEqual(await exited, [0, null]);
    assert.equal((await openStore(file).sessions.listForUser(listing('user-1'))).length, 1);
  });

  for (const path of ['', ' ', ':memory:', ' :memory: ', 'file:sessions.db?mode=memory']) {
    it(`is not named ${JSON.stringify(path)}`, () => {
      assert.throws(() => sqliteStore(path), SetupError);
    });
  }
});

const WAL = 2;
const UNKNOWN = 3;

function makeReadOnly(file: string): string {
  const db = new Database(file);
  db.exec('CREATE TABLE of_the_app (name TEXT)');
  db.close();
  setWriteVersion(file, UNKNOWN);
  return file;
}

/** One that SQLite doesn't know makes it treat the file as read-only (file format, 1.3.3), for root as well. */
function setWriteVersion(file: string, version: number): void {
  const opened = openSync(file, 'r+');
  writeSync(opened, Buffer.of(version), 0, 1, 18);
  closeSync(opened);
}
