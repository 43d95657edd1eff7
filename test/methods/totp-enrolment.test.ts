import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SetupError } from '../../lib/index.js';
import { type TotpOptions, totp } from '../../lib/methods/totp/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { forEachStore } from '../support/stores.js';
import { totpCode, wrongCode } from '../support/totp.js';
import { contextOn, methodContext, NO_STRINGS, NOW, PASSKEY } from './context.js';
import { begin, enrol, MALFORMED, method, REPLAYED, UNKNOWN, VERIFIED, verify, WRONG } from './totp-support.js';

const { enrolment } = method;
const CONFIRMED = { outcome: 'confirmed' };

describe('beginning a TOTP', () => {
  it('gives a secret of 160 bits, another each time', async () => {
    const context = methodContext();
    const setups = await Promise.all(Array.from({ length: 50 }, async () => begin(context)));
    for (const { secret } of setups) assert.match(secret, /^[A-Z2-7]{32}$/);
    assert.equal(new Set(setups.map(({ secret }) => secret)).size, 50);
  });

  it('gives the URI that authenticator apps read, with the name of the user and the host of the issuer', async () => {
    const { secret, uri } = await begin(methodContext({ issuer: 'https://app.example:8443/tenant' }));
    assert.equal(
      uri,
      `otpauth://totp/app.example:ada%40app.example?issuer=app.example&secret=${secret}&algorithm=SHA1&digits=6&period=30`,
    );
  });

  it('puts the issuer of its options there', async () => {
    const begun = await totp({ issuer: 'Ada & Söhne' }).enrolment.begin(methodContext());
    assert.ok(begun.outcome === 'begun');
    const uri = new URL(begun.uri);
    assert.equal(uri.searchParams.get('issuer'), 'Ada & Söhne');
    assert.equal(decodeURIComponent(uri.pathname), '/Ada & Söhne:ada@app.example');
  });

  it('makes a URI of whatever name a user has', async () => {
    for (const name of ['', '%', 'a/b?c#d&secret=x', '\ud800', 'a:b', '\0', '😀']) {
      const { secret, uri } = await begin(methodContext({ findUser: async () => ({ name }) }));
      const { pathname, searchParams } = new URL(uri);
      assert.equal(decodeURIComponent(pathname), `/app.example:${name === '\ud800' ? '\ufffd' : name}`);
      assert.deepEqual(searchParams.getAll('secret'), [secret]);
    }
  });

  it('makes nothing for a user who is unknown or disabled', async () => {
    const context = methodContext({ findUser: async () => null });
    assert.deepEqual(await enrolment.begin(context), { outcome: 'unknown-user' });
    assert.equal(await context.kit.store.totp?.find('ada'), null);
  });

  it('refuses wrong options at set-up, and says what to write', () => {
    for (const issuer of ['', 'a:b', 1, null]) {
      assert.throws(() => totp({ issuer } as TotpOptions), SetupError); // as in JavaScript
    }
    assert.throws(() => totp({ isuer: 'Example' } as TotpOptions), /Did you mean `issuer`/);
  });
});

describe('importing a TOTP', () => {
  it('takes the secret of another system, which counts at once', async () => {
    const context = methodContext();
    for (const secret of ['GEZDGNBVGY3TQOJQGEZDGNBVGY', 'gezdgnbvgy3tqojqgezdgnbvgy3tqojq', `${'A'.repeat(103)}=`]) {
      await method.import(context, { secret });
      assert.equal(await method.enrolled(context), true);
      assert.deepEqual(await verify(context, totpCode(secret, NOW)), VERIFIED);
    }
  });

  it('rejects with a SetupError for anything else, and writes nothing', async () => {
    const context = methodContext();
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
    const secrets = [
      '',
      'GEZDGNBVGY3TQOJQ',
      'A'.repeat(105),
      'A'.repeat(1_000_000),
      `${secret} `,
      `${secret}1`,
      `=${secret}`,
    ];
    const members = [...secrets, ...NO_STRINGS].map((given) => ({ secret: given }));
    const shapes = [null, undefined, secret, {}, { secret, digits: 8 }, { secert: secret }];
    const wrong = [...members, ...shapes];
    for (const data of wrong) await assert.rejects(method.import(context, data), SetupError, JSON.stringify(data));
    assert.equal(await method.enrolled(context), false);
  });
});

forEachStore((_name, makeStore) => {
  describe('confirming a TOTP', () => {
    it('makes it count, and uses its code up', async (t) => {
      const context = await contextOn(t, makeStore, 'totp');
      if (context === null) return;
      const { secret } = await begin(context);
      const code = totpCode(secret, NOW);
      assert.equal(await method.enrolled(context), false);
      assert.deepEqual(await verify(context, code), UNKNOWN);
      assert.deepEqual(await enrolment.confirm(context, { code, onlyIfNone: true }), CONFIRMED);
      assert.equal(await method.enrolled(context), true);
      assert.deepEqual(await verify(context, code), REPLAYED);
      assert.deepEqual(await verify(context, totpCode(secret, NOW - 30_000)), REPLAYED);
      assert.deepEqual(await verify(context, totpCode(secret, NOW + 30_000)), VERIFIED);
    });

    it('refuses wrong and malformed codes, and leaves it waiting', async (t) => {
      const context = await contextOn(t, makeStore, 'totp');
      if (context === null) return;
      const { secret } = await begin(context);
      for (const code of ['', '12345', '1234567', '١٢٣٤٥', 'ABCDEF', ...NO_STRINGS]) {
        assert.deepEqual(await enrolment.confirm(context, { code, onlyIfNone: true }), MALFORMED);
      }
      const wrong = wrongCode(secret, NOW);
      assert.deepEqual(await enrolment.confirm(context, { code: wrong, onlyIfNone: true }), WRONG);
      assert.equal(await method.enrolled(context), false);
      assert.deepEqual(await enrolment.confirm(context, { code: totpCode(secret, NOW), onlyIfNone: true }), CONFIRMED);
    });

    it('is for the secret that was shown last', async (t) => {
      const context = await contextOn(t, makeStore, 'totp');
      if (context === null) return;
      const [older, newer] = [await begin(context), await begin(context)];
      const confirm = (secret: string) => enrolment.confirm(context, { code: totpCode(secret, NOW), onlyIfNone: true });
      assert.deepEqual(await confirm(older.secret), WRONG);
      assert.deepEqual(await confirm(newer.secret), CONFIRMED);
    });

    it('happens once: of 50 parallel ones one succeeds, and nothing waits any more', async (t) => {
      const context = await contextOn(t, makeStore, 'totp');
      if (context === null) return;
      const { secret } = await begin(context);
      const confirmation = { code: totpCode(secret, NOW), onlyIfNone: true };
      const all = await Promise.all(Array.from({ length: 50 }, async () => enrolment.confirm(context, confirmation)));
      assert.equal(all.filter(({ outcome }) => outcome === 'confirmed').length, 1);
      assert.deepEqual(await enrolment.confirm(context, confirmation), UNKNOWN);
      assert.deepEqual(await enrolment.begin(context), { outcome: 'enrolled-already' });
      assert.deepEqual(await verify(context, totpCode(secret, NOW + 30_000)), VERIFIED);
    });

    it('finds nothing where nothing was begun, or where it was removed meanwhile', async (t) => {
      const context = await contextOn(t, makeStore, 'totp');
      if (context === null) return;
      assert.deepEqual(await enrolment.confirm(context, { code: '123456', onlyIfNone: true }), UNKNOWN);
      const { secret } = await begin(context);
      assert.equal(await method.remove(context, null), true);
      const code = totpCode(secret, NOW);
      assert.deepEqual(await enrolment.confirm(context, { code, onlyIfNone: true }), UNKNOWN);
    });

    it('fails as the first method when a passkey came first', async (t) => {
      const context = await contextOn(t, makeStore, 'totp');
      const passkeys = context?.kit.store.passkeys;
      if (context === null) return;
      if (passkeys === undefined) return t.skip('the store has no passkeys');
      const { secret } = await begin(context);
      await passkeys.insert(PASSKEY, { onlyIfNone: true, max: 50 });
      const code = totpCode(secret, NOW);
      assert.deepEqual(await enrolment.confirm(context, { code, onlyIfNone: true }), UNKNOWN);
      assert.equal(await method.enrolled(context), false);
      assert.deepEqual(await enrolment.confirm(context, { code, onlyIfNone: false }), CONFIRMED);
    });
  });

  describe('removing a TOTP', () => {
    it('lets another be set up', async (t) => {
      const context = await contextOn(t, makeStore, 'totp');
      if (context === null) return;
      assert.equal(await method.remove(context, null), false);
      const old = await enrol(context);
      assert.equal(await method.remove(context, 'an id'), false);
      assert.equal(await method.remove(context, null), true);
      assert.equal(await method.enrolled(context), false);
      assert.deepEqual(await verify(context, totpCode(old, NOW)), UNKNOWN);
      const secret = await enrol(context);
      assert.deepEqual(await verify(context, totpCode(secret, NOW)), VERIFIED);
    });
  });
});

describe('a failing store', () => {
  it('is no answer of the method', async () => {
    const store = memoryStore();
    const failure = new Error('the disk is full');
    const fail = (): never => {
      throw failure;
    };
    const context = methodContext({ store: { ...store, totp: { ...store.totp, useStep: fail, confirm: fail } } });
    const { secret } = await begin(context);
    const code = totpCode(secret, NOW);
    await assert.rejects(enrolment.confirm(context, { code, onlyIfNone: true }), failure);
    await method.import(context, { secret });
    await assert.rejects(verify(context, code), failure);
  });
});
