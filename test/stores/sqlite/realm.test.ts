import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { SetupError } from '../../../lib/internal/setup-error.js';
import { connect, newFile, openStore } from './support.js';

describe('the realm of a SQLite file', () => {
  it('is that of the first claim, for every store on the file and on every part', async () => {
    const file = newFile();
    const [first, second] = [openStore(file), openStore(file)];
    assert.equal(await first.sessions.claim('a'), 'a');
    const { sessions, challenges, grants, approvals, attempts, passkeys, totp, recoveryCodes } = second;
    for (const part of [sessions, challenges, grants, approvals, attempts, passkeys, totp, recoveryCodes]) {
      assert.equal(await part.claim('b'), 'a');
    }
    await first.close();
    await second.close();
    assert.equal(await openStore(file).sessions.claim('b'), 'a');
  });

  it('is one, of however many claims at a time', async () => {
    const file = newFile();
    const claims = ['a', 'b', 'c', 'd'].map((realm) => openStore(file).sessions.claim(realm));
    assert.equal(new Set(await Promise.all(claims)).size, 1);
  });

  it('is read while another process holds the write lock', async () => {
    const file = newFile();
    const { sessions } = openStore(file);
    await sessions.claim('a');
    connect(file).exec('BEGIN IMMEDIATE');
    assert.equal(await sessions.claim('b'), 'a');
    assert.equal(await openStore(file).sessions.claim('b'), 'a');
  });

  it('is kept by migrate, and forgotten by migrate with `realm: true`', async () => {
    const file = newFile();
    const store = openStore(file);
    await store.sessions.claim('a');
    await store.migrate();
    await store.migrate({ realm: false });
    assert.equal(await store.sessions.claim('b'), 'a');
    await store.migrate({ realm: true });
    assert.equal(await openStore(file).sessions.claim('b'), 'b');
    assert.equal(await store.sessions.claim('a'), 'b');
  });

  it('is one for each prefix', async () => {
    const file = newFile();
    assert.equal(await openStore(file).sessions.claim('a'), 'a');
    const staff = openStore(file, { prefix: 'staff' });
    assert.equal(await staff.sessions.claim('b'), 'b');
    await staff.migrate({ realm: true });
    assert.equal(await openStore(file).sessions.claim('b'), 'a');
  });

  it('is forgotten by no other option', async () => {
    const { sessions, migrate } = openStore(newFile());
    await sessions.claim('a');
    // @ts-expect-error no such option
    await assert.rejects(migrate({ realms: true }), SetupError);
    // @ts-expect-error no boolean
    await assert.rejects(migrate({ realm: 'yes' }), SetupError);
    assert.equal(await sessions.claim('b'), 'a');
  });
});
