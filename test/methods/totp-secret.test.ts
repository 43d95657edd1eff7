import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { parseSecrets, type Secrets } from '../../lib/internal/keys.js';
import type { MethodContext } from '../../lib/methods/method.js';
import type { TotpRow } from '../../lib/stores/contract/totp.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { totpCode } from '../support/totp.js';
import { methodContext, NOW, OTHER_SECRET, SECRET } from './context.js';
import { begin, enrol, method, UNREADABLE, VERIFIED, verify } from './totp-support.js';

async function rowOf({ services, userId }: MethodContext): Promise<TotpRow> {
  const row = await services.store.totp?.find(userId);
  assert.ok(row);
  return row;
}

/** A context whose user's row has this stored secret. */
async function withStored(encryptedSecret: string, userId = 'ada'): Promise<MethodContext> {
  const context = { ...methodContext(), userId };
  await context.services.store.totp?.put({ userId, encryptedSecret, createdAt: 0, confirmedAt: 0, lastStep: null });
  return context;
}

describe('a stored TOTP secret', () => {
  it('is one string with the version, the key id, the nonce, the tag and the data', async () => {
    const context = methodContext();
    await enrol(context);
    const [version, keyId, iv = '', tag = '', data = '', ...more] = (await rowOf(context)).encryptedSecret.split('.');
    assert.deepEqual([version, keyId, more], ['v1', parseSecrets(SECRET)[0].id, []]);
    assert.deepEqual(
      [iv, tag, data].map((part) => Buffer.from(part, 'base64url').length),
      [12, 16, 20],
    );
  });

  it('does not show the secret in any spelling, and is another string each time', async () => {
    const store = memoryStore();
    const seen = new Set<string>();
    for (let count = 0; count < 20; count++) {
      const context = methodContext({ store });
      await method.import(context, { secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' });
      seen.add((await rowOf(context)).encryptedSecret);
    }
    assert.equal(seen.size, 20);
    for (const stored of seen) {
      const read = [
        stored,
        ...stored.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1')),
      ].join();
      for (const spelling of ['GEZDGNBV', '12345678', '31323334', 'MTIzNDU2']) assert.ok(!read.includes(spelling));
    }
  });

  it('is no secret of another user', async () => {
    const context = methodContext();
    const secret = await enrol(context);
    const moved = await withStored((await rowOf(context)).encryptedSecret, 'eve');
    assert.deepEqual(await verify(moved, totpCode(secret, NOW)), UNREADABLE);
  });

  it('is no secret under another key id, even one of the same key', async () => {
    const context = methodContext();
    const secret = await enrol(context);
    const [version, keyId, ...others] = (await rowOf(context)).encryptedSecret.split('.');
    const [own] = parseSecrets(SECRET);
    const renamed = await withStored([version, 'AAAAAAAA', ...others].join('.'));
    const secrets: Secrets = [own, { ...own, id: 'AAAAAAAA' }];
    assert.equal(keyId, own.id);
    assert.deepEqual(
      await verify({ ...renamed, services: { ...renamed.services, secrets } }, totpCode(secret, NOW)),
      UNREADABLE,
    );
  });

  it('is none when any character of it has been changed', async () => {
    const context = methodContext();
    const secret = await enrol(context);
    const { encryptedSecret } = await rowOf(context);
    for (let place = 0; place < encryptedSecret.length; place++) {
      // By 16, so that no change falls on the bits that base64url leaves over at an end.
      const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      const letter = letters[(letters.indexOf(encryptedSecret[place] ?? '') + 16) % 64] ?? '';
      const changed = encryptedSecret.slice(0, place) + letter + encryptedSecret.slice(place + 1);
      const answer = await verify(await withStored(changed), totpCode(secret, NOW));
      assert.deepEqual(answer, UNREADABLE, `place ${place}`);
    }
  });

  it('fails without a throw whatever stands in the row, and still counts as enrolled', async () => {
    const { id } = parseSecrets(SECRET)[0];
    const rows = ['', '.', 'v1', 'v1....', `v1.${id}...`, `v2.${id}.${'A'.repeat(16)}.${'A'.repeat(22)}.AA`];
    const lengths = [
      `v1.${id}.A.A.A`,
      `v1.${id}.${'A'.repeat(16)}.${'A'.repeat(8)}.AAAA`,
      'GEZDGNBVGY3TQOJQ',
      'x'.repeat(99_999),
    ];
    for (const stored of [...rows, ...lengths]) {
      const context = await withStored(stored);
      assert.deepEqual(await verify(context, '123456'), UNREADABLE);
      // Else whoever can break the row would have made a weaker method the strongest.
      assert.equal(await method.enrolled(context), true);
    }
  });

  it('fails without a throw when it can’t be read at the confirmation', async () => {
    const context = methodContext();
    const { secret } = await begin(context);
    const services = { ...context.services, secrets: parseSecrets(OTHER_SECRET) };
    const confirmation = { code: totpCode(secret, NOW), onlyIfNone: true };
    assert.deepEqual(await method.enrolment.confirm({ ...context, services }, confirmation), UNREADABLE);
  });

  it('can be read for as long as the app’s secret that made it is there', async () => {
    const store = memoryStore();
    const code = totpCode(await enrol(methodContext({ store, secret: SECRET })), NOW);
    assert.deepEqual(await verify(methodContext({ store, secret: OTHER_SECRET }), code), UNREADABLE);
    assert.deepEqual(await verify(methodContext({ store, secret: [OTHER_SECRET, SECRET] }), code), VERIFIED);
  });

  it('stays the string that it is for as long as the same secret is the first', async () => {
    const context = methodContext({ secret: [SECRET, OTHER_SECRET] });
    const secret = await enrol(context);
    const { encryptedSecret } = await rowOf(context);
    assert.deepEqual(await verify(context, totpCode(secret, NOW)), VERIFIED);
    assert.equal((await rowOf(context)).encryptedSecret, encryptedSecret);
  });

  it('is made with the first of the app’s secrets', async () => {
    const store = memoryStore();
    const code = totpCode(await enrol(methodContext({ store, secret: [OTHER_SECRET, SECRET] })), NOW);
    assert.deepEqual(await verify(methodContext({ store, secret: OTHER_SECRET }), code), VERIFIED);
  });
});
