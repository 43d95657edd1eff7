import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { MethodContext } from '../../lib/methods/method.js';
import { forRules } from '../support/stores.js';
import { totpCode, wrongCode } from '../support/totp.js';
import { contextOn, methodContext, NO_STRINGS, NOW } from './context.js';
import {
  enrol,
  MALFORMED,
  method,
  outcomeOf,
  REPLAYED,
  TOO_YOUNG,
  UNKNOWN,
  VERIFIED,
  verify,
  WRONG,
} from './totp-support.js';

const STEP = 30_000;
/** The key of RFC 6238's appendix B, '12345678901234567890', in base32. */
const RFC_SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
/** Its codes by time in seconds, SHA-1, 8 digits. */
const RFC_CODES = [
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
] as const;

/** A context whose user has the key of RFC 6238. */
async function withRfcSecret(now: number) {
  const context = { ...methodContext(), now };
  await method.import({ ...context, now: 0 }, { secret: RFC_SECRET });
  return context;
}

describe('a TOTP code', () => {
  for (const [seconds, eightDigits] of RFC_CODES) {
    it(`is what RFC 6238 says at ${seconds} s`, async () => {
      const context = await withRfcSecret(seconds * 1_000);
      const code = String(Number(eightDigits) % 1_000_000).padStart(6, '0'); // RFC 4226 5.3: the code modulo 10^digits
      assert.deepEqual(await verify(context, eightDigits), MALFORMED);
      assert.deepEqual(await verify(context, code), VERIFIED);
    });
  }

  it('is taken one step early and one step late, to the millisecond', async () => {
    const start = NOW - (NOW % STEP);
    const cases = [
      [start - STEP - 1, WRONG],
      [start - STEP, VERIFIED],
      [start - 1, VERIFIED],
      [start, VERIFIED],
      [start + STEP - 1, VERIFIED],
      [start + 2 * STEP - 1, VERIFIED],
      [start + 2 * STEP, WRONG],
    ] as const;
    for (const [now, expected] of cases) {
      const context = await withRfcSecret(now);
      assert.deepEqual(await verify(context, totpCode(RFC_SECRET, start)), expected, String(now - start));
    }
  });

  it('is that of the later step when two steps have the same, so that it is good for once', async () => {
    const first = 59_061_240 * STEP; // found by trying: 963181 is the code of this step and of the next
    assert.equal(totpCode(RFC_SECRET, first), totpCode(RFC_SECRET, first + STEP));
    const context = await withRfcSecret(first);
    assert.deepEqual(await verify(context, '963181'), VERIFIED);
    for (const now of [first, first + STEP, first + 2 * STEP]) {
      assert.deepEqual(await verify({ ...context, now }, '963181'), REPLAYED);
    }
  });

  it('is malformed when it is not six digits, and stays good', async () => {
    const context = methodContext();
    const secret = await enrol(context);
    const code = totpCode(secret, NOW);
    const longer = ['', '      ', code.slice(1), `${code}0`, `0${code}`, code.repeat(2), '0'.repeat(1_000_000)];
    const spaced = [
      `${code}\0`,
      `\0${code}`,
      `${code}${' '.repeat(59)}`,
      `${code}.`,
      `${code.slice(0, 3)}_${code.slice(3)}`,
    ];
    const numbers = [
      `+${code.slice(1)}`,
      `-${code.slice(1)}`,
      '1e0000',
      '0x1234',
      'ABCDEF',
      '12345½',
      '12345\0',
      '12345²',
    ];
    const words = ['①②③④⑤⑥', '一二三四五六', 'ⅠⅡⅢⅣⅤⅥ'];
    const noStrings = NO_STRINGS.concat([Number(code), [code], code.split(''), { code }, new String(code)]);
    const wrong = [...longer, ...spaced, ...numbers, ...words, ...noStrings];
    for (const given of wrong) assert.deepEqual(await verify(context, given), MALFORMED, String(given).slice(0, 20));
    assert.deepEqual(await verify(context, code), VERIFIED);
  });

  it('is malformed in a response of another shape, and stays good', async () => {
    const context = methodContext();
    const code = totpCode(await enrol(context), NOW);
    const shapes = [
      null,
      undefined,
      code,
      [code],
      {},
      { Code: code },
      { code, userId: 'eve' },
      Object.create({ code }),
    ];
    for (const response of [...shapes, JSON.parse(`{"__proto__":{"code":"${code}"}}`)]) {
      assert.deepEqual(await method.verify({ ...context, response, challenge: null }), MALFORMED);
    }
    assert.deepEqual(await verify(context, code), VERIFIED);
  });
});

forRules((_name, makeStore) => {
  describe('a TOTP code', () => {
    it('is good for one of 50 parallel uses', async () => {
      const context = await contextOn(makeStore);
      const code = totpCode(await enrol(context), NOW);
      const uses = await Promise.all(Array.from({ length: 50 }, async () => verify(context, code)));
      assert.deepEqual(uses.filter(({ outcome }) => outcome === 'verified').length, 1);
      assert.deepEqual(
        uses.filter(({ outcome }) => outcome !== 'verified'),
        Array(49).fill(REPLAYED),
      );
    });

    it('is refused after itself and after the code of a later step', async () => {
      const context = await contextOn(makeStore);
      const secret = await enrol(context);
      const [older, present, newer] = [NOW - STEP, NOW, NOW + STEP].map((at) => totpCode(secret, at));
      assert.deepEqual(await verify(context, present), VERIFIED);
      assert.deepEqual(await verify(context, present), REPLAYED);
      assert.deepEqual(await verify(context, older), REPLAYED);
      assert.deepEqual(await verify(context, newer), VERIFIED);
      for (const code of [older, present, newer]) assert.deepEqual(await verify(context, code), REPLAYED);
      assert.deepEqual(await verify({ ...context, now: NOW + STEP }, newer), REPLAYED);
      const later = { ...context, now: NOW + 2 * STEP };
      assert.deepEqual(await verify(later, totpCode(secret, later.now)), VERIFIED);
    });

    it('is left alone by a wrong one', async () => {
      const context = await contextOn(makeStore);
      const secret = await enrol(context);
      assert.deepEqual(await verify(context, wrongCode(secret, NOW)), WRONG);
      assert.deepEqual(await verify(context, totpCode(secret, NOW)), VERIFIED);
    });

    it('is of its user only', async () => {
      const context = await contextOn(makeStore);
      const eve = { ...context, userId: 'eve' };
      const code = totpCode(await enrol(context), NOW);
      assert.deepEqual(await verify(eve, code), UNKNOWN);
      const others = totpCode(await enrol(eve), NOW);
      assert.deepEqual(await verify(eve, others), VERIFIED);
      assert.deepEqual(await verify(context, code), VERIFIED);
    });

    it('answers no challenge that is older than the TOTP, and stays good', async () => {
      const context = await contextOn(makeStore);
      const response = { code: totpCode(await enrol(context), NOW) };
      const confirmedAt = NOW - 600_000;
      const answer = (createdAt: number) =>
        method.verify({ ...context, response, challenge: { value: 'x', createdAt } });
      assert.deepEqual(await answer(confirmedAt - 1), TOO_YOUNG);
      assert.deepEqual(await answer(confirmedAt), TOO_YOUNG);
      assert.deepEqual(await outcomeOf(context, await answer(confirmedAt + 1)), VERIFIED);
    });

    it('is good at once when it was set up and used on a clock that was ahead, and was put right', async () => {
      const context = await contextOn(makeStore);
      for (const [userId, ahead] of [
        ['a', 6 * 60_000],
        ['b', 86_400_000],
        ['c', 365 * 86_400_000],
      ] as const) {
        const wrong: MethodContext = { ...context, userId, now: NOW + ahead };
        const secret = await enrol(wrong);
        assert.deepEqual(await verify(wrong, totpCode(secret, wrong.now)), VERIFIED);
        const right: MethodContext = { ...context, userId };
        const code = totpCode(secret, NOW);
        const challenge = { value: 'x', createdAt: NOW };
        const answer = await method.verify({ ...right, response: { code }, challenge });
        assert.deepEqual(await outcomeOf(right, answer), VERIFIED, userId);
        assert.deepEqual(await verify(right, code), REPLAYED);
        assert.deepEqual(await verify(right, totpCode(secret, NOW - STEP)), REPLAYED);
        assert.deepEqual(await verify(right, totpCode(secret, NOW + STEP)), VERIFIED);
      }
    });

    it('is good once between machines whose clocks differ by minutes', async () => {
      const context = await contextOn(makeStore);
      const secret = await enrol(context);
      const code = totpCode(secret, NOW);
      assert.deepEqual(await verify(context, code), VERIFIED);
      const ahead = { ...context, now: NOW + 9 * STEP };
      assert.deepEqual(await verify(ahead, totpCode(secret, ahead.now + STEP)), VERIFIED);
      for (const again of [code, totpCode(secret, NOW + STEP)])
        assert.deepEqual(await verify(context, again), REPLAYED);
    });

    it('names its secret until that is removed or replaced', async () => {
      const context = await contextOn(makeStore);
      const use = async (secret: string): Promise<string> => {
        const response = { code: totpCode(secret, NOW) };
        const answer = await method.verify({ ...context, response, challenge: null });
        assert.ok(answer.outcome === 'verified' && answer.credential !== undefined);
        return answer.credential;
      };
      const secret = await enrol(context);
      const row = await context.services.store.totp?.find('ada');
      const credential = await use(secret);
      for (const told of [secret, row?.encryptedSecret ?? '']) assert.ok(!credential.includes(told) && told !== '');
      assert.equal(await method.holds(context, credential), true);
      assert.equal(await method.holds({ ...context, userId: 'bea' }, credential), false);
      await method.remove(context, null);
      assert.equal(await method.holds(context, credential), false);
      const next = await use(await enrol(context));
      assert.equal(await method.holds(context, credential), false);
      assert.equal(await method.holds(context, next), true);
    });
  });
});
