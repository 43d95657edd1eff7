import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import { recoveryCode } from '../../lib/index.js';
import type { MethodContext, MethodOutcome } from '../../lib/methods/method.js';
import type { RecoveryCodeStore } from '../../lib/stores/contract/recovery-codes.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { forRules } from '../support/stores.js';
import { contextOn, methodContext, NO_STRINGS, NOW, OTHER_SECRET, SECRET } from './context.js';

const method = recoveryCode();
const MALFORMED = { outcome: 'failed', reason: 'malformed' };
const WRONG = { outcome: 'failed', reason: 'rejected' };
const VERIFIED = { outcome: 'verified' };

async function verify(context: MethodContext, code: unknown): Promise<MethodOutcome> {
  return method.verify({ ...context, response: { code }, challenge: null });
}

/** Ada's codes, and a context to use them in. */
async function withCodes(context: MethodContext = methodContext()) {
  const codes = await method.generate(context);
  const [code = ''] = codes;
  return { context, codes, code };
}

describe('recovery codes', () => {
  it('are ten of 80 bits, in four groups of letters and digits that nobody confuses', async () => {
    const { codes } = await withCodes();
    assert.equal(codes.length, 10);
    for (const code of codes) assert.match(code, /^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/);
  });

  it('are never the same, and use each letter in each place', async () => {
    const context = methodContext();
    const sets = await Promise.all(Array.from({ length: 100 }, async () => method.generate(context)));
    const codes = sets.flat();
    assert.equal(new Set(codes).size, 1_000);
    for (let place = 0; place < 19; place++) {
      const letters = new Set(codes.map((code) => code[place]));
      assert.equal(letters.size, place % 5 === 4 ? 1 : 32, `place ${place}`);
    }
  });

  it('are taken in small letters, with dashes and spaces anywhere or nowhere', async () => {
    const { context, codes } = await withCodes();
    const ways: readonly ((code: string) => string)[] = [
      (code) => code,
      (code) => code.toLowerCase(),
      (code) => code.replaceAll('-', ''),
      (code) => code.replaceAll('-', ' '),
      (code) => ` ${code} `,
      (code) => `--${code.replaceAll('-', '- ')}--`,
      (code) => code.replace(/-?(.)/g, '$1-'),
      (code) => code.replace(/./g, '$& ').padEnd(64),
    ];
    for (const [index, way] of ways.entries()) {
      const typed = way(codes[index] ?? '');
      assert.deepEqual(await verify(context, typed), VERIFIED, typed);
      assert.deepEqual(await verify(context, codes[index]), WRONG, 'it is used up');
    }
  });

  it('are taken as they are read by mistake', async () => {
    const context = methodContext();
    const readings = [
      ['O', 'I'],
      ['o', 'l'],
      ['0', 'L'],
      ['O', 'i'],
      ['o', '1'],
    ] as const;
    for (const [zero, one] of readings) {
      let code: string | undefined;
      while (code === undefined) code = (await method.generate(context)).find((some) => /0.*1|1.*0/.test(some));
      const typed = code.replaceAll('0', zero).replaceAll('1', one);
      assert.deepEqual(await verify(context, typed), VERIFIED, typed);
    }
  });

  it('are malformed with any other character in them, and stay good', async () => {
    const { context, code } = await withCodes();
    const noneOfIts = fc
      .oneof(fc.constantFrom('U', 'u', '_', '\0', '.', '·', '½'), fc.string({ unit: 'binary', minLength: 1 }))
      .filter((text) => /[^A-TV-Za-tv-z\p{Nd}\s\x85\p{Dash}\u2043\p{Default_Ignorable_Code_Point}]/u.test(text));
    await fc.assert(
      fc.asyncProperty(noneOfIts, fc.nat({ max: 19 }), async (text, place) => {
        const typed = code.slice(0, place) + text + code.slice(place);
        assert.deepEqual(await verify(context, typed), MALFORMED);
        const replaced = code.slice(0, place) + text + code.slice(place + 1);
        assert.deepEqual(await verify(context, replaced), MALFORMED);
      }),
    );
    assert.deepEqual(await verify(context, code), VERIFIED);
  });

  it('do not take letters of other scripts for their capitals', async () => {
    const context = methodContext();
    for (const code of ['ſ', 'ı', 'ﬀ', 'Α', 'К', 'Ａ']) {
      assert.deepEqual(await verify(context, code.repeat(16)), MALFORMED);
      assert.deepEqual(await verify(context, code + '0'.repeat(15)), MALFORMED);
    }
  });

  it('are malformed when they are too short or too long, or no strings at all', async () => {
    const { context, code } = await withCodes();
    const codes = [
      '',
      '-',
      code.slice(1),
      `${code}0`,
      `${code}${'-'.repeat(46)}`,
      'A'.repeat(1_000_000),
      ...NO_STRINGS,
    ];
    for (const wrong of codes) assert.deepEqual(await verify(context, wrong), MALFORMED);
  });

  it('are malformed in a response of another shape', async () => {
    const { context, code } = await withCodes();
    for (const response of [null, code, [code], { codes: [code] }, { code, userId: 'eve' }, Object.create({ code })]) {
      assert.deepEqual(await method.verify({ ...context, response, challenge: null }), MALFORMED);
    }
  });

  it('are kept as keyed hashes that say nothing about the code and the user', async () => {
    const store = memoryStore();
    const kept: string[] = [];
    const watching: RecoveryCodeStore = {
      ...store.recoveryCodes,
      replace: async (_, hashes) => void kept.push(...hashes),
    };
    const watched = methodContext({ store: { ...store, recoveryCodes: watching } });
    const { codes } = await withCodes(watched);
    assert.equal(new Set(kept).size, 10);
    for (const hash of kept) assert.match(hash, /^[\w-]{43}$/);
    for (const code of codes) assert.ok(!kept.join(' ').includes(code.replaceAll('-', '')));

    await withCodes({
      ...watched,
      services: methodContext({ store: watched.services.store, secret: OTHER_SECRET }).services,
    });
    assert.equal(new Set(kept).size, 20);
  });

  it('are no codes of another user, even when their rows are moved there', async () => {
    const store = memoryStore();
    const moving: RecoveryCodeStore = {
      ...store.recoveryCodes,
      replace: (_, hashes, now) => store.recoveryCodes.replace('eve', hashes, now),
    };
    const { codes, context } = await withCodes(methodContext({ store: { ...store, recoveryCodes: moving } }));
    for (const code of codes) assert.deepEqual(await verify({ ...context, userId: 'eve' }, code), WRONG);
  });

  it('stay good for as long as the secret that made them is there', async () => {
    const store = memoryStore();
    const { codes } = await withCodes(methodContext({ store, secret: SECRET }));
    const [first, second] = codes;
    assert.deepEqual(await verify(methodContext({ store, secret: OTHER_SECRET }), first), WRONG);
    assert.deepEqual(await verify(methodContext({ store, secret: [OTHER_SECRET, SECRET] }), first), VERIFIED);

    const rotated = methodContext({ store, secret: [OTHER_SECRET, SECRET] });
    const [made] = await method.generate(rotated);
    assert.deepEqual(await verify(rotated, second), WRONG);
    assert.deepEqual(await verify(methodContext({ store, secret: OTHER_SECRET }), made), VERIFIED);
  });

  it('can be guessed, and name no method of their own in tokens', () => {
    const { name, amr, acr, guessable } = method;
    assert.deepEqual(
      { name, amr, acr, guessable },
      { name: 'recovery-code', amr: ['otp'], acr: null, guessable: true },
    );
  });
});

const NONE_LEFT = { outcome: 'failed', reason: 'unknown-credential' };

forRules((_name, makeStore) => {
  describe('recovery codes', () => {
    it('are good for one of 50 parallel uses each', async () => {
      const context = await contextOn(makeStore);
      const { codes, code } = await withCodes(context);
      const uses = await Promise.all(Array.from({ length: 50 }, async () => verify(context, code)));
      assert.equal(uses.filter(({ outcome }) => outcome === 'verified').length, 1);
      for (const other of codes.slice(1)) assert.deepEqual(await verify(context, other), VERIFIED);
      assert.deepEqual(await verify(context, code), NONE_LEFT);
    });

    it('are dead as soon as there is a new set', async () => {
      const context = await contextOn(makeStore);
      const { codes: old } = await withCodes(context);
      const { code } = await withCodes(context);
      for (const dead of old) assert.deepEqual(await verify(context, dead), WRONG);
      assert.deepEqual(await verify(context, code), VERIFIED);
    });

    it('are of their user only', async () => {
      const context = await contextOn(makeStore);
      const { code } = await withCodes(context);
      const eve = { ...context, userId: 'eve' };
      assert.deepEqual(await verify(eve, code), NONE_LEFT);
      await withCodes(eve);
      assert.deepEqual(await verify(eve, code), WRONG);
      assert.deepEqual(await verify(context, code), VERIFIED);
    });

    it('count as enrolled until the last is used or they are removed', async () => {
      const context = await contextOn(makeStore);
      assert.equal(await method.enrolled(context), false);
      assert.equal(await method.remove(context, null), false);
      const { codes } = await withCodes(context);
      for (const code of codes) {
        assert.equal(await method.enrolled(context), true);
        await verify(context, code);
      }
      assert.equal(await method.enrolled(context), false);

      const { code } = await withCodes(context);
      assert.equal(await method.remove(context, 'one of them'), false);
      assert.equal(await method.remove(context, null), true);
      assert.equal(await method.enrolled(context), false);
      assert.deepEqual(await verify(context, code), NONE_LEFT);
    });

    it('answer no challenge that is older than they are, and stay good', async () => {
      const context = await contextOn(makeStore);
      const { code } = await withCodes(context);
      const answer = (createdAt: number) =>
        method.verify({ ...context, response: { code }, challenge: { value: 'x', createdAt } });
      assert.deepEqual(await answer(NOW - 1), { outcome: 'failed', reason: 'enrolled-after-challenge' });
      assert.deepEqual(await answer(NOW), { outcome: 'failed', reason: 'enrolled-after-challenge' });
      assert.deepEqual(await answer(NOW + 1), VERIFIED);
    });

    it('answer a challenge at once when they were made on a clock that was ahead, and was put right', async () => {
      const context = await contextOn(makeStore);
      const { code } = await withCodes({ ...context, now: NOW + 365 * 86_400_000 });
      const challenge = { value: 'x', createdAt: NOW };
      assert.deepEqual(await method.verify({ ...context, response: { code }, challenge }), VERIFIED);
    });
  });
});
