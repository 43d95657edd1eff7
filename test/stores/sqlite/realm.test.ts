import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SetupError } from '../../../lib/internal/setup-error.js';
import { connect, newFile, openStore } from './support.js';

describe('the realm of a SQLite file', () => {
  it('is that of the first claim, for every store on the file and on every part', async (t) => {
    const file = newFile(t);
    const [first, second] = [openStore(t, file), openStore(t, file)];
    assert.equal(await first.sessions.claim('a'), 'a');
    const { sessions, challenges, grants, attempts, passkeys, totp, recoveryCodes } = second;
    for (const part of [sessions, challenges, grants, attempts, passkeys, totp, recoveryCodes]) {
      assert.equal(await part.claim('b'), 'a');
    }
    await first.close();
    await second.close();
    assert.equal(await openStore(t, file).sessions.claim('b'), 'a');
  });

  it('is one, of however many claims at a time', async (t) => {
    const file = newFile(t);
    const claims = ['a', 'b', 'c', 'd'].map((realm) => openStore(t, file).sessions.claim(realm));
    assert.equal(new Set(await Promise.all(claims)).size, 1);
  });

  it('is read while another process holds the write lock', async (t) => {
    const file = newFile(t);
    const { sessions } = openStore(t, file);
    await sessions.claim('a');
    connect(t, file).exec('BEGIN IMMEDIATE');
    assert.equal(await sessions.claim('b'), 'a');
    assert.equal(await openStore(t, file).sessions.claim('b'), 'a');
  });

  it('is kept by migrate, and forgotten by migrate with `realm: true`', async (t) => {
    const file = newFile(t);
    const store = openStore(t, file);
    await store.sessions.claim('a');
    await store.migrate();
    await store.migrate({ realm: false });
    assert.equal(await store.sessions.claim('b'), 'a');
    await store.migrate({ realm: true });
    assert.equal(await openStore(t, file).sessions.claim('b'), 'b');
    assert.equal(await store.sessions.claim('a'), 'b');
  });

  it('is one for each prefix', async (t) => {
    const file = newFile(t);
    assert.equal(await openStore(t, file).sessions.claim('a'), 'a');
    const staff = openStore(t, file, { prefix: 'staff' });
    assert.equal(await staff.sessions.claim('b'), 'b');
    await staff.migrate({ realm: true });
    assert.equal(await openStore(t, file).sessions.claim('b'), 'a');
  });

  it('is forgotten by no other option', async (t) => {
    const { sessions, migrate } = openStore(t, newFile(t));
    await sessions.claim('a');
    // @ts-expect-error no such option
    await assert.rejects(migrate({ realms: true }), SetupError);
    // @ts-expect-error no boolean
    await assert.rejects(migrate({ realm: 'yes' }), SetupError);
    assert.equal(await sessions.claim('b'), 'a');
  });
});
