import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { SetupError } from '../../lib/index.js';
import { type TotpOptions, totp } from '../../lib/methods/totp/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { forRules } from '../support/stores.js';
import { totpCode, wrongCode } from '../support/totp.js';
import { contextOn, methodContext, NO_STRINGS, NOW, OTHER_SECRET, PASSKEY, SECRET } from './context.js';
import {
  begin,
  enrol,
  MALFORMED,
  method,
  REPLAYED,
  UNKNOWN,
  UNREADABLE,
  VERIFIED,
  verify,
  WRONG,
} from './totp-support.js';

const { enrolment } = method;
const CONFIRMED = { outcome: 'confirmed', replaced: false };
const REPLACED = { outcome: 'confirmed', replaced: true };

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
    assert.equal(await context.services.store.totp?.findWaiting('ada'), null);
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

  it('takes one of 80 bits and more, and tells of those that are weaker than 128', async () => {
    const events: object[] = [];
    const { services, ...context } = methodContext();
    const telling = { ...context, services: { ...services, emit: (event: object) => void events.push(event) } };
    for (const [secret, bits] of [
      ['JBSWY3DPEHPK3PXP', 80],
      ['JBSWY3DPEHPK3PXPJBSWY3DP', 120],
      ['GEZDGNBVGY3TQOJQGEZDGNBVGY', null],
    ] as const) {
      events.length = 0;
      await method.import(telling, { secret });
      assert.deepEqual(events, bits === null ? [] : [{ type: 'totp.weak-secret', userId: 'ada', bits }]);
      assert.deepEqual(await verify(telling, totpCode(secret, NOW)), VERIFIED);
    }
  });

  it('rejects with a SetupError for anything else, and writes nothing', async () => {
    const context = methodContext();
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
    const secrets = [
      '',
      'GEZDGNBVGY3TQO',
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

forRules((_name, makeStore) => {
  describe('confirming a TOTP', () => {
    it('makes it count, and uses its code up', async () => {
      const context = await contextOn(makeStore);
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

    it('refuses wrong and malformed codes, and leaves it waiting', async () => {
      const context = await contextOn(makeStore);
      const { secret } = await begin(context);
      for (const code of ['', '12345', '1234567', '١٢٣٤٥', 'ABCDEF', ...NO_STRINGS]) {
        assert.deepEqual(await enrolment.confirm(context, { code, onlyIfNone: true }), MALFORMED);
      }
      const wrong = wrongCode(secret, NOW);
      assert.deepEqual(await enrolment.confirm(context, { code: wrong, onlyIfNone: true }), WRONG);
      assert.equal(await method.enrolled(context), false);
      assert.deepEqual(await enrolment.confirm(context, { code: totpCode(secret, NOW), onlyIfNone: true }), CONFIRMED);
    });

    it('is for the secret that was shown last', async () => {
      const context = await contextOn(makeStore);
      const [older, newer] = [await begin(context), await begin(context)];
      const confirm = (secret: string) => enrolment.confirm(context, { code: totpCode(secret, NOW), onlyIfNone: true });
      assert.deepEqual(await confirm(older.secret), WRONG);
      assert.deepEqual(await confirm(newer.secret), CONFIRMED);
    });

    it('happens once: of 50 parallel ones one succeeds, and nothing waits any more', async () => {
      const context = await contextOn(makeStore);
      const { secret } = await begin(context);
      const confirmation = { code: totpCode(secret, NOW), onlyIfNone: true };
      const all = await Promise.all(Array.from({ length: 50 }, async () => enrolment.confirm(context, confirmation)));
      assert.equal(all.filter(({ outcome }) => outcome === 'confirmed').length, 1);
      assert.deepEqual(await enrolment.confirm(context, confirmation), UNKNOWN);
      assert.deepEqual(await verify(context, totpCode(secret, NOW + 30_000)), VERIFIED);
    });

    it('finds nothing where nothing was begun, or where it was removed meanwhile', async () => {
      const context = await contextOn(makeStore);
      assert.deepEqual(await enrolment.confirm(context, { code: '123456', onlyIfNone: true }), UNKNOWN);
      const { secret } = await begin(context);
      assert.equal(await method.remove(context, null), true);
      const code = totpCode(secret, NOW);
      assert.deepEqual(await enrolment.confirm(context, { code, onlyIfNone: true }), UNKNOWN);
    });

    it('fails as the first method when a passkey came first', async () => {
      const context = await contextOn(makeStore);
      const passkeys = context.services.store.passkeys;
      assert.ok(passkeys !== undefined);
      const { secret } = await begin(context);
      await passkeys.insert(PASSKEY, { onlyIfNone: true, max: 50 });
      const code = totpCode(secret, NOW);
      assert.deepEqual(await enrolment.confirm(context, { code, onlyIfNone: true }), UNKNOWN);
      assert.equal(await method.enrolled(context), false);
      assert.deepEqual(await enrolment.confirm(context, { code, onlyIfNone: false }), CONFIRMED);
    });
  });

  describe('replacing a TOTP', () => {
    it('leaves the old one in force until the first code of the new one, and then ends it', async () => {
      const context = await contextOn(makeStore);
      const old = await enrol(context);
      const { secret } = await begin(context);
      assert.notEqual(secret, old);
      assert.deepEqual(await verify(context, totpCode(secret, NOW)), WRONG);
      const verified = await method.verify({ ...context, response: { code: totpCode(old, NOW) }, challenge: null });
      assert.ok(verified.outcome === 'verified' && verified.credential !== undefined);
      assert.equal(await method.holds(context, verified.credential), true);
      const wrong = wrongCode(secret, NOW);
      assert.deepEqual(await enrolment.confirm(context, { code: wrong, onlyIfNone: false }), WRONG);
      assert.deepEqual(await verify(context, totpCode(old, NOW + 30_000)), VERIFIED);

      const confirmation = { code: totpCode(secret, NOW), onlyIfNone: false };
      assert.deepEqual(await enrolment.confirm(context, confirmation), REPLACED);
      assert.equal(await method.holds(context, verified.credential), false);
      assert.deepEqual(await verify({ ...context, now: NOW + 60_000 }, totpCode(old, NOW + 60_000)), WRONG);
      assert.deepEqual(await verify(context, confirmation.code), REPLAYED);
      assert.deepEqual(await verify(context, totpCode(secret, NOW + 30_000)), VERIFIED);
      assert.deepEqual(await enrolment.confirm(context, confirmation), UNKNOWN);
    });

    it('is no first method: whoever has one isn’t without', async () => {
      const context = await contextOn(makeStore);
      const old = await enrol(context);
      const { secret } = await begin(context);
      const confirmation = { code: totpCode(secret, NOW), onlyIfNone: true };
      assert.deepEqual(await enrolment.confirm(context, confirmation), UNKNOWN);
      assert.deepEqual(await verify(context, totpCode(old, NOW)), VERIFIED);
    });

    it('happens once of 50 parallel times, and not after a removal', async () => {
      const context = await contextOn(makeStore);
      await enrol(context);
      const { secret } = await begin(context);
      const confirmation = { code: totpCode(secret, NOW), onlyIfNone: false };
      const all = await Promise.all(Array.from({ length: 50 }, async () => enrolment.confirm(context, confirmation)));
      assert.equal(all.filter((answer) => answer.outcome === 'confirmed' && answer.replaced).length, 1);
      assert.equal(all.filter(({ outcome }) => outcome === 'failed').length, 49);
      const next = await begin(context);
      assert.equal(await method.remove(context, null), true);
      const late = { code: totpCode(next.secret, NOW), onlyIfNone: false };
      assert.deepEqual(await enrolment.confirm(context, late), UNKNOWN);
      assert.equal(await method.enrolled(context), false);
    });
  });

  describe('a TOTP secret after the app’s secret was replaced', () => {
    it('is encrypted with the new one when it is used, so that the old one can go', async () => {
      const context = await contextOn(makeStore);
      const { store } = context.services;
      const secret = await enrol(context);
      const both = methodContext({ store, secret: [OTHER_SECRET, SECRET] });
      const alone = methodContext({ store, secret: OTHER_SECRET });
      assert.deepEqual(await verify(both, wrongCode(secret, NOW)), WRONG);
      assert.deepEqual(await verify(alone, totpCode(secret, NOW)), UNREADABLE);
      assert.deepEqual(await verify(both, totpCode(secret, NOW)), VERIFIED);
      assert.deepEqual(await verify(alone, totpCode(secret, NOW)), REPLAYED);
      assert.deepEqual(await verify(alone, totpCode(secret, NOW + 30_000)), VERIFIED);
    });

    it('accepts no code twice and loses none, whichever of 50 parallel attempts encrypts it', async () => {
      const context = await contextOn(makeStore);
      const secret = await enrol(context);
      const both = methodContext({ store: context.services.store, secret: [OTHER_SECRET, SECRET] });
      const offsets = [-30_000, 0, 30_000];
      const all = await Promise.all(
        Array.from({ length: 50 }, async (_, n) => verify(both, totpCode(secret, NOW + (offsets[n % 3] ?? 0)))),
      );
      const verified = all.flatMap(({ outcome }, n) => (outcome === 'verified' ? [n % 3] : []));
      assert.equal(new Set(verified).size, verified.length);
      assert.ok(verified.includes(2)); // the latest step passes, whatever came before it
      const failed = all.filter(({ outcome }) => outcome === 'failed');
      assert.deepEqual(
        failed,
        Array.from(failed, () => REPLAYED),
      );
    });
  });

  describe('removing a TOTP', () => {
    it('lets another be set up', async () => {
      const context = await contextOn(makeStore);
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
