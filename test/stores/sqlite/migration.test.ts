import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type Database from 'better-sqlite3';
import { insertOldSession, makeOldTables } from './layout-0.1.js';
import { connect, inserting, listing, NOW, newFile, newRow, openStore } from './support.js';

const LATER = NOW + 300_000;

/** A file as stepgate 0.1 left it. */
function oldFile(fill: (db: Database.Database) => void = () => {}): string {
  const file = newFile();
  const db = connect(file);
  db.pragma('journal_mode = WAL');
  makeOldTables(db);
  fill(db);
  db.close();
  return file;
}

describe('a SQLite file of stepgate 0.1', () => {
  it('keeps its sessions, whose tokens count as made when they were', async () => {
    const rows = [
      newRow({ createdAt: NOW - 5_000, data: { tenant: 'a' } }),
      newRow({
        previousTokenHash: newRow().tokenHash,
        tokenNonce: 'nonce',
        tokenMethod: 'passkey',
        tokenConfirmedAt: null,
        refreshHash: newRow().tokenHash,
        refreshedAt: NOW,
        stepUpProofs: { passkey: NOW },
      }),
    ];
    const file = oldFile((db) => {
      for (const row of rows) insertOldSession(db, row);
    });
    const { sessions } = openStore(file);
    for (const row of rows) {
      const kept = {
        ...row,
        tokenIssuedAt: row.createdAt,
        generation: 0,
        passedMethods: [],
        idleLifetime: null,
        persistent: true,
        restricted: false,
        impersonator: null,
      };
      assert.deepEqual(await sessions.get(row.id), kept);
      assert.deepEqual(await sessions.find(row.tokenHash), kept);
    }
    assert.equal((await sessions.listForUser(listing('user-1'))).length, 2);
  });

  it('lets its sessions step up, and takes new ones', async () => {
    const row = newRow();
    const file = oldFile((db) => insertOldSession(db, row));
    const { sessions } = openStore(file);
    const next = newRow();
    const change = { type: 'step-up', presented: row.tokenHash, nonce: 'n', tokenHash: next.tokenHash } as const;
    const changed = await sessions.change(row.id, { ...change, method: 'totp', makesProof: true }, LATER);
    assert.deepEqual(changed?.passedMethods, ['totp']);
    assert.deepEqual(await sessions.find(next.tokenHash), changed);
    await sessions.insert(inserting(newRow()));
    assert.equal((await sessions.listForUser(listing('user-1'))).length, 2);
  });

  it('keeps whatever else is in it, but for spent grants', async () => {
    const file = oldFile((db) =>
      db.exec(`
        INSERT INTO stepgate_not_before VALUES ('user-2', ${NOW});
        INSERT INTO stepgate_challenges VALUES
          ('challenge', 'session', 'user-1', 'action', '["totp"]', 'value', 'digest', ${NOW}, ${LATER});
        INSERT INTO stepgate_spent_challenges VALUES ('hash', ${LATER});
        INSERT INTO stepgate_grants VALUES
          ('session', 'live', 'user-1', 'totp', ${NOW}, ${LATER}, 0), ('session', 'spent', 'user-1', 'totp', ${NOW}, ${LATER}, 1);
        INSERT INTO stepgate_attempts VALUES ('user-1', 'totp', 3, NULL);
        INSERT INTO stepgate_totp VALUES ('user-1', 'secret', ${NOW}, ${NOW}, 7), ('user-3', 'other', ${NOW}, NULL, NULL);
        INSERT INTO stepgate_passkeys VALUES ('key', 'user-1', 'handle', 'cose', 5, 1, 0, '["usb"]', NULL, ${NOW}, NULL);
        INSERT INTO stepgate_recovery_codes VALUES ('user-1', 'hash', ${NOW});`),
    );
    const { sessions, challenges, grants, attempts, passkeys, totp, recoveryCodes } = openStore(file);
    const refused = await sessions.insert(inserting(newRow({ userId: 'user-2' })));
    assert.equal(refused.outcome, 'refused');

    const challenge = await challenges.take('session', 'challenge', NOW);
    assert.equal(challenge?.generation, 0);
    assert.deepEqual(challenge.methods, ['totp']);

    const taking = { sessionId: 'session', userId: 'user-1', action: 'action', markedUntil: LATER, now: NOW };
    assert.deepEqual(await grants.take({ ...taking, actionDigest: 'spent' }), { outcome: 'none' });
    assert.equal((await grants.take({ ...taking, actionDigest: 'live' })).outcome, 'taken');
    assert.deepEqual(await grants.take({ ...taking, actionDigest: 'live' }), { outcome: 'spent', spentAt: NOW });

    assert.equal((await attempts.read('user-1', ['totp'], NOW))[0]?.count, 3);
    assert.equal((await totp.find('user-1'))?.lastStep, 7);
    assert.equal(await totp.findWaiting('user-1'), null);
    assert.equal(await totp.find('user-3'), null);
    assert.equal((await totp.findWaiting('user-3'))?.encryptedSecret, 'other');
    const passkey = await passkeys.findById('key');
    assert.deepEqual([passkey?.rpID, passkey?.userHandle, passkey?.counter], [null, 'handle', 5]);
    assert.deepEqual(passkey?.transports, ['usb']);
    assert.equal((await recoveryCodes.count('user-1'))?.left, 1);
  });

  it('has the tables of a new one in the end', async () => {
    const [old, fresh] = [oldFile(), newFile()];
    for (const file of [old, fresh]) await openStore(file).migrate();
    assert.deepEqual(tablesOf(old), tablesOf(fresh));
  });

  it('is migrated once, however many stores open it', async () => {
    const file = oldFile((db) => insertOldSession(db, newRow()));
    const stores = [openStore(file), openStore(file), openStore(file)];
    await Promise.all(stores.map((store) => store.migrate()));
    for (const { sessions } of stores) assert.equal((await sessions.listForUser(listing('user-1'))).length, 1);
  });

  it('has no realm, and takes that of the first instance', async () => {
    const { sessions } = openStore(oldFile());
    assert.equal(await sessions.claim('a'), 'a');
  });
});

function tablesOf(file: string): unknown {
  return connect(file).prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all();
}
