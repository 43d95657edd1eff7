import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { SetupError } from '../../../lib/internal/setup-error.js';
import { userHandle } from '../../../lib/methods/passkey/assertion.js';
import { parseLabel } from '../../../lib/methods/passkey/response.js';
import { publicPasskey } from '../../../lib/methods/passkey/routes.js';
import { memoryStore } from '../../../lib/stores/memory/index.js';
import { authenticator, NOW, setUp } from './setting.js';

/** A passkey as another system has it, and the authenticator that signs with it. */
async function elsewhere(more: Parameters<typeof authenticator>[0] = {}) {
  const other = setUp({ secret: 'the secret of another system, never seen here' });
  const key = authenticator(more);
  const outcome = await other.register('alice', key);
  assert.equal(outcome.outcome, 'enrolled');
  const row = outcome.outcome === 'enrolled' ? outcome.row : assert.fail();
  const { id, publicKey, counter, backupEligible, backedUp, transports } = row;
  return { key, passkey: { id, userHandle: row.userHandle, publicKey, counter, backupEligible, backedUp, transports } };
}

const context = (services: ReturnType<typeof setUp>['services'], userId: string) => ({ services, userId, now: NOW });

describe('importing a passkey', () => {
  it('makes it work as if it had been registered here', async () => {
    const setting = setUp();
    const { key, passkey } = await elsewhere();
    await setting.method.import(context(setting.services, 'alice'), { ...passkey, counter: 3, label: ' laptop ' });
    const [row] = await setting.store.passkeys.listForUser('alice');
    assert.deepEqual(row, {
      ...passkey,
      userId: 'alice',
      rpID: 'app.example',
      counter: 3,
      label: 'laptop',
      createdAt: NOW,
      lastUsedAt: null,
    });
    assert.deepEqual(await setting.stepUp('alice', key, { counter: 4 }), { outcome: 'verified' });
  });

  for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
    it(`takes one with ${algorithm}`, async () => {
      const setting = setUp();
      const { key, passkey } = await elsewhere({ algorithm });
      await setting.method.import(context(setting.services, 'alice'), passkey);
      assert.deepEqual(await setting.stepUp('alice', key), { outcome: 'verified' });
    });
  }

  it('takes one without its user handle: it steps up, whatever handle comes with it, and signs nobody in', async () => {
    const setting = setUp();
    const { key, passkey } = await elsewhere();
    await setting.method.import(context(setting.services, 'alice'), { ...passkey, userHandle: null });
    assert.equal((await setting.store.passkeys.findById(passkey.id))?.userHandle, null);
    for (const handle of [undefined, null, 'bW9uYQ']) {
      const variant = handle === undefined ? {} : { userHandle: handle };
      assert.deepEqual(await setting.stepUp('alice', key, variant), { outcome: 'verified' });
    }
    const challenge = Buffer.alloc(32, 1).toString('base64url');
    const signIn = async (handle?: string) => {
      const options = { challenge, rpId: 'app.example' };
      const response = key.get(options, handle === undefined ? {} : { userHandle: handle });
      return setting.method.signIn.verify(setting.services, { response, challenge, now: NOW });
    };
    assert.deepEqual(await signIn(), { outcome: 'failed', reason: 'rejected' });
    assert.deepEqual(await signIn('bW9uYQ'), { outcome: 'failed', reason: 'rejected' });
    // An authenticator can't be told our handle afterwards; one that brings it is who it says.
    const [secret] = setting.services.secrets;
    assert.deepEqual(await signIn(userHandle('alice', secret)), { outcome: 'verified', userId: 'alice' });
    assert.deepEqual(await signIn(userHandle('bob', secret)), { outcome: 'failed', reason: 'rejected' });
  });

  it('leaves one alone that the user has here already, so that it may be repeated', async () => {
    const setting = setUp();
    const { key, passkey } = await elsewhere();
    await setting.method.import(context(setting.services, 'alice'), passkey);
    await setting.stepUp('alice', key);
    const rows = await setting.store.passkeys.listForUser('alice');
    await setting.method.import(context(setting.services, 'alice'), passkey);
    assert.deepEqual(await setting.store.passkeys.listForUser('alice'), rows);
  });

  it("refuses another user's", async () => {
    const setting = setUp();
    const { passkey } = await elsewhere();
    await setting.method.import(context(setting.services, 'alice'), passkey);
    await assert.rejects(setting.method.import(context(setting.services, 'bob'), passkey), SetupError);
  });

  it('refuses one more than 50, and says so; one of the 50 may be repeated', async () => {
    const setting = setUp();
    const { passkey } = await elsewhere();
    const nth = (n: number) => ({ ...passkey, id: Buffer.alloc(32, n).toString('base64url') });
    for (let n = 1; n <= 50; n++) await setting.method.import(context(setting.services, 'alice'), nth(n));
    await assert.rejects(
      setting.method.import(context(setting.services, 'alice'), nth(51)),
      (error) => error instanceof SetupError && /50 passkeys/.test(error.message),
    );
    await setting.method.import(context(setting.services, 'alice'), nth(7));
    assert.equal((await setting.store.passkeys.listForUser('alice')).length, 50);
    await setting.method.import(context(setting.services, 'bob'), nth(51));
  });

  it('refuses what would be more than 50 when many come at once', async () => {
    const setting = setUp();
    const { passkey } = await elsewhere();
    const imports = Array.from({ length: 60 }, async (_, n) =>
      setting.method.import(context(setting.services, 'alice'), {
        ...passkey,
        id: Buffer.alloc(32, n).toString('base64url'),
      }),
    );
    const settled = await Promise.allSettled(imports);
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 50);
    assert.equal((await setting.store.passkeys.listForUser('alice')).length, 50);
  });

  const key = (hex: string) => ({ publicKey: Buffer.from(hex.replaceAll(' ', ''), 'hex').toString('base64url') });
  const x = '58200'.concat('1'.padStart(63, '0'));
  const refused: readonly (readonly [what: string, change: object, message: RegExp])[] = [
    ['an unknown member', { credentialId: 'x' }, /credentialId/],
    ['no id', { id: undefined }, /`id`/],
    ['an id in base64', { id: 'ab+/' }, /`id`/],
    ['no user handle', { userHandle: undefined }, /`userHandle`/],
    ['an empty user handle', { userHandle: '' }, /`userHandle`.*null where/],
    ['a user handle of 65 bytes', { userHandle: 'a'.repeat(87) }, /`userHandle`/],
    ['a public key in bytes', { publicKey: new Uint8Array(77) }, /`publicKey`/],
    ['a public key that is no COSE key', { publicKey: 'AAAA' }, /`publicKey`/],
    ['a key of another curve than its algorithm', key(`a5010203262002 21${x} 22${x}`), /`publicKey`/],
    ['a key without a point', key('a301020326 2001'), /`publicKey`/],
    ['an RSA key of 1,024 bits', key(`a401030339010020 5880${'ff'.repeat(128)} 2143010001`), /`publicKey`/],
    ['an RSA key of 8,192 bits', key(`a401030339010020 590400${'ff'.repeat(1024)} 2143010001`), /`publicKey`/],
    ['RS1', key(`a401030339fffe20 590100${'ff'.repeat(256)} 2143010001`), /`publicKey`/],
    ['a negative counter', { counter: -1 }, /`counter`/],
    ['a counter of more than 32 bits', { counter: 2 ** 32 }, /`counter`/],
    ['no backup flags', { backupEligible: undefined }, /`backupEligible`/],
    ['a backup of what can have none', { backupEligible: false, backedUp: true }, /`backedUp`/],
    ['transports that are no list', { transports: 'usb' }, /`transports`/],
    ['no transports', { transports: undefined }, /`transports`/],
    ['an empty transport', { transports: ['usb', ''] }, /`transports`/],
    ['eleven transports', { transports: Array.from({ length: 11 }, () => 'usb') }, /`transports`/],
    ['a label of 65 characters', { label: 'x'.repeat(65) }, /`label`/],
    ['a label with a NUL', { label: 'my\0phone' }, /`label`/],
  ];

  for (const [what, change, message] of refused) {
    it(`refuses ${what}`, async () => {
      const setting = setUp();
      const { passkey } = await elsewhere();
      await assert.rejects(
        setting.method.import(context(setting.services, 'alice'), { ...passkey, ...change }),
        (error) => error instanceof SetupError && message.test(error.message),
      );
      assert.deepEqual(await setting.store.passkeys.listForUser('alice'), []);
    });
  }

  for (const data of [null, undefined, 'passkey', 1, []]) {
    it(`refuses ${JSON.stringify(data)}`, async () => {
      const setting = setUp();
      await assert.rejects(setting.method.import(context(setting.services, 'alice'), data), SetupError);
    });
  }
});

describe('removing passkeys', () => {
  it('takes one, or all, of this user only, and says whether there was any', async () => {
    const setting = setUp();
    const { services, method, store } = setting;
    for (const userId of ['alice', 'alice', 'bob']) await setting.register(userId, authenticator());
    const [first] = await store.passkeys.listForUser('alice');
    const [bobs] = await store.passkeys.listForUser('bob');
    assert.ok(first && bobs);
    assert.equal(await method.enrolled(context(services, 'alice')), true);
    assert.equal(await method.remove(context(services, 'alice'), bobs.id), false);
    assert.equal(await method.remove(context(services, 'alice'), first.id), true);
    assert.equal(await method.remove(context(services, 'alice'), first.id), false);
    assert.equal(await method.remove(context(services, 'alice'), null), true);
    assert.equal(await method.remove(context(services, 'alice'), null), false);
    assert.equal(await method.enrolled(context(services, 'alice')), false);
    assert.equal(await method.enrolled(context(services, 'bob')), true);
  });
});

describe('removing a passkey by an id that can be none', () => {
  it('finds none, and does not ask the store', async () => {
    const memory = memoryStore();
    const fail = () => Promise.reject(new Error('asked'));
    const setting = setUp({ store: { ...memory, passkeys: { ...memory.passkeys, remove: fail } } });
    for (const id of ['', 'a\0b', 'ab+/', '\ud83e', 'x'.repeat(2_000)]) {
      assert.equal(await setting.method.remove(context(setting.services, 'alice'), id), false);
    }
  });
});

describe('a passkey in public', () => {
  it('has neither key nor counter nor user handle', async () => {
    const setting = setUp();
    const outcome = await setting.register('alice', authenticator());
    const row = outcome.outcome === 'enrolled' ? outcome.row : assert.fail();
    assert.deepEqual(publicPasskey(row), {
      id: row.id,
      label: null,
      createdAt: NOW,
      lastUsedAt: null,
      backedUp: false,
      transports: ['internal'],
    });
  });

  for (const [given, label] of [
    ['phone', 'phone'],
    [' my phone \n', 'my phone'],
    ['x'.repeat(64), 'x'.repeat(64)],
    [` ${'x'.repeat(64)} `, 'x'.repeat(64)],
    ['x'.repeat(65), null],
    ['', null],
    [' \t', null],
    ['👩‍👩‍👧‍👦 שלום', '👩‍👩‍👧‍👦 שלום'],
    ['my\0phone', null],
    ['phone\0', null],
    ['\ud83e', null],
    ['\udd8a my fox', null],
    ['two\nlines', null],
    ['a\u001b[31mred', null],
    ['\u007f', null],
    ['\u0085x', null],
    [7, null],
    [null, null],
    [['phone'], null],
  ] as const) {
    it(`reads the label ${JSON.stringify(given).slice(0, 20)} as ${JSON.stringify(label)?.slice(0, 20)}`, () => {
      assert.equal(parseLabel(given), label);
    });
  }
});
