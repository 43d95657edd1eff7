import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { given, sessionRow } from '../lib/conformance/session-rows.js';
import { hashOf, NOW } from '../lib/conformance/setting.js';
import { confirmedTotp, givenPasskeys, passkeyRow } from '../lib/conformance/step-up-rows.js';
import { copyStore } from '../lib/copy/index.js';
import { SetupError } from '../lib/internal/setup-error.js';
import type { RowCopy } from '../lib/stores/contract/copy.js';
import type { Store, StoreParts } from '../lib/stores/contract/store.js';
import { memoryStore } from '../lib/stores/memory/index.js';
import { fakeTimers } from './support/fake-timers.js';
import { withStores } from './support/stores.js';

const clock = { now: () => NOW };

/** A store with a row of each kind, and two of some. */
async function filled(store: Store & StoreParts = memoryStore()): Promise<Store & StoreParts> {
  const { sessions, attempts, passkeys, totp, recoveryCodes, challenges } = store;
  await sessions.revokeAllForUser('revoked', null, NOW - 1);
  await given(sessions, sessionRow({ id: 'a' }), sessionRow({ id: 'b', userId: 'user2' }));
  await given(sessions, sessionRow({ id: 'over', idleExpiresAt: NOW }));
  await attempts.count('user', [{ key: 'failures totp', limit: null, window: null }], NOW);
  await givenPasskeys(passkeys, passkeyRow({ id: 'key' }), passkeyRow({ id: 'other key' }));
  await totp.put(confirmedTotp());
  await recoveryCodes.replace('user', [hashOf('1'), hashOf('2')], NOW);
  await challenges.spend(hashOf('challenge'), NOW + 1, NOW);
  return store;
}

const COPIED = { sessions: 2, notBefore: 1, attempts: 1, passkeys: 2, totp: 1, recoveryCodes: 1 };

describe('copyStore', () => {
  it('moves what has to last, and says how many rows of each kind', async () => {
    const [from, to] = [await filled(), memoryStore()];
    assert.deepEqual(await copyStore(from, to, { clock }), COPIED);
    assert.deepEqual(await to.sessions.get('a'), await from.sessions.get('a'));
    assert.equal(await to.sessions.get('over'), null);
    assert.equal((await to.passkeys.listForUser('user')).length, 2);
  });

  it('refuses a store that has rows of any kind, and writes nothing', async () => {
    const from = await filled();
    for (const put of [
      (store: StoreParts & Store) => given(store.sessions, sessionRow({ id: 'there' })),
      (store: StoreParts & Store) => store.sessions.revokeAllForUser('there', null, NOW),
      (store: StoreParts & Store) => store.attempts.count('there', [{ key: 'a', limit: null, window: null }], NOW),
      (store: StoreParts & Store) => givenPasskeys(store.passkeys, passkeyRow({ id: 'there' })),
      (store: StoreParts & Store) => store.totp.put(confirmedTotp({ userId: 'there' })),
      (store: StoreParts & Store) => store.recoveryCodes.replace('there', [hashOf('there')], NOW),
    ]) {
      const to = memoryStore();
      await put(to);
      await assert.rejects(copyStore(from, to, { clock }), (error: unknown) => {
        assert.ok(error instanceof SetupError);
        assert.match(error.message, /nothing was written.*empty/);
        return true;
      });
      assert.equal(await to.sessions.get('a'), null);
      assert.equal(await to.passkeys.findById('key'), null);
    }
  });

  it('refuses to run again when it has run, so that nothing ended comes back', async () => {
    const [from, to] = [await filled(), memoryStore()];
    await copyStore(from, to, { clock });
    await to.sessions.revoke('a', null);
    await assert.rejects(copyStore(from, to, { clock }), SetupError);
    assert.equal(await to.sessions.get('a'), null);
  });

  it('refuses a store without a part that the other has, and says which, before it writes', async () => {
    const from = await filled();
    for (const part of ['attempts', 'passkeys', 'totp', 'recoveryCodes'] as const) {
      const { [part]: _, ...to } = memoryStore();
      await assert.rejects(copyStore(from, to, { clock }), new RegExp(`SetupError: .*no \`${part}\``));
      assert.equal(await to.sessions.get('a'), null);
    }
  });

  it('does without parts that the old store has not', async () => {
    const from = await filled();
    const to = memoryStore();
    assert.deepEqual(await copyStore({ sessions: from.sessions }, to, { clock }), {
      ...COPIED,
      attempts: 0,
      passkeys: 0,
      totp: 0,
      recoveryCodes: 0,
    });
  });

  it('leaves a part where it is that is the same in both', async () => {
    const from = await filled();
    const to = { ...from, sessions: memoryStore().sessions };
    assert.deepEqual(await copyStore(from, to, { clock }), {
      ...COPIED,
      attempts: 0,
      passkeys: 0,
      totp: 0,
      recoveryCodes: 0,
    });
    assert.equal((await to.passkeys.listForUser('user')).length, 2);
  });

  it('refuses stores that cannot be moved, and what is no store', async () => {
    const whole = memoryStore();
    const { copy: _, ...passkeys } = whole.passkeys;
    const fixed = { ...whole, passkeys };
    await assert.rejects(copyStore(fixed, memoryStore()), /`passkeys` of the store to copy from has no `copy`/);
    await assert.rejects(copyStore(memoryStore(), fixed), /`passkeys` of the store to copy to has no `copy`/);
    await assert.rejects(copyStore('app.db' as unknown as Store, whole), SetupError); // what JavaScript lets through
    await assert.rejects(copyStore(memoryStore(), whole, { now: 1 } as object), /`copyStore.now` is unknown/);
  });

  it('leaves no session in the new store when it fails before them, and the old one as it was', async () => {
    for (const part of ['attempts', 'passkeys', 'totp', 'recoveryCodes'] as const) {
      const from = await filled();
      const whole = memoryStore();
      const put = () => Promise.reject(new Error('the disk is full'));
      const to = { ...whole, [part]: { ...whole[part], copy: { ...whole[part].copy, put } } };
      await assert.rejects(copyStore(from, to, { clock }), /the disk is full/);
      assert.deepEqual(await whole.sessions.list({ limit: 10, after: null, now: NOW }), []);
      await assert.rejects(copyStore(from, whole, { clock }), SetupError);
      assert.deepEqual(await copyStore(from, memoryStore(), { clock }), COPIED);
    }
  });

  it('names the row that the new store refuses, and never a token', async () => {
    const whole = memoryStore();
    const refuses = <Row extends { readonly userId: string }>({ rows, put }: RowCopy<Row>, userId: string) => ({
      rows,
      put: async (batch: readonly Row[], now: number) => {
        if (batch.some((row) => row.userId === userId)) throw new Error('there is no room');
        return await put(batch, now);
      },
    });
    const { sessions } = whole;
    const { totp } = memoryStore();
    assert.ok(sessions.copy !== undefined && totp.copy !== undefined);
    const to = {
      ...whole,
      sessions: { ...sessions, copy: { ...sessions.copy, ...refuses(sessions.copy, 'user2') } },
    };
    await assert.rejects(copyStore(await filled(), to, { clock }), (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.equal(
        error.message,
        'The row {"userId":"user2","id":"b"} of the sessions can\'t be written: there is no room',
      );
      return true;
    });
    const other = { ...memoryStore(), totp: { ...totp, copy: refuses(totp.copy, 'user') } };
    await assert.rejects(copyStore(await filled(), other, { clock }), /row \{"userId":"user"\} of the TOTP can't/);
  });

  it('fails as the new store does where each row alone can be written', async () => {
    const whole = memoryStore();
    const { copy } = whole.passkeys;
    assert.ok(copy !== undefined);
    const put: typeof copy.put = async (rows, now) => {
      if (rows.length > 1) throw new Error('one at a time');
      return await copy.put(rows, now);
    };
    const to = { ...whole, passkeys: { ...whole.passkeys, copy: { ...copy, put } } };
    await assert.rejects(copyStore(await filled(), to, { clock }), { message: 'one at a time' });
  });

  it('asks the time when it is called, of a clock that may give parts of milliseconds', async () => {
    fakeTimers(['Date'], NOW);
    assert.deepEqual(await copyStore(await filled(), memoryStore()), COPIED);
    const fine = { now: () => NOW + 0.5 };
    assert.deepEqual(await copyStore(await filled(), memoryStore(), { clock: fine }), COPIED);
  });
});

withStores('copyStore between SQLite and PostgreSQL', ['sqlite', 'postgres'], (makeSqlite, makePostgres) => {
  it('names the passkey whose label PostgreSQL does not take', async () => {
    const [from, to] = [await filled(await makeSqlite()), await makePostgres()];
    await givenPasskeys(from.passkeys, passkeyRow({ id: 'nul', userId: 'mallory', label: 'x\0y' }));
    await assert.rejects(
      copyStore(from, to, { clock }),
      /row \{"userId":"mallory","id":"nul"\} of the passkeys can't be written/,
    );
    for (const store of [from, to]) await store.close?.();
  });

  it('gives back there and back again what was there', async () => {
    const [first, second, third] = [await filled(await makeSqlite()), await makePostgres(), await makeSqlite()];
    assert.deepEqual(await copyStore(first, second, { clock }), COPIED);
    assert.deepEqual(await copyStore(second, third, { clock }), COPIED);
    for (const kind of [
      (store: Store) => store.sessions.copy?.rows(NOW),
      (store: Store) => store.sessions.copy?.notBefore.rows(NOW),
      (store: Store) => store.attempts?.copy?.rows(NOW),
      (store: Store) => store.passkeys?.copy?.rows(NOW),
      (store: Store) => store.totp?.copy?.rows(NOW),
      (store: Store) => store.recoveryCodes?.copy?.rows(NOW),
    ]) {
      assert.deepEqual(await rowsOf(kind(third)), await rowsOf(kind(first)));
    }
    for (const store of [first, second, third]) await store.close?.();
  });
});

async function rowsOf(batches: AsyncIterable<readonly unknown[]> | undefined): Promise<readonly unknown[]> {
  const rows: unknown[] = [];
  for await (const batch of batches ?? []) rows.push(...batch);
  assert.notEqual(rows.length, 0);
  return rows;
}
