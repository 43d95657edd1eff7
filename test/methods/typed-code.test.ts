import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parseTypedCode } from '../../lib/methods/answer.js';
import { TYPED_FORMS } from '../support/typed-codes.js';

describe('a code that was typed', () => {
  for (const [how, form] of Object.entries(TYPED_FORMS)) {
    it(`is read ${how}`, () => {
      for (const code of ['123456', '098765', '0000', 'A1B2C3D4']) assert.equal(parseTypedCode(form(code)), code);
    });
  }

  it('has the digits of every script as digits, each by its value', () => {
    const digits = Array.from({ length: 0x11_0000 }, (_, code) => code)
      .filter((code) => code < 0xd800 || code > 0xdfff)
      .map((code) => String.fromCodePoint(code))
      .filter((character) => /\p{Nd}/u.test(character));
    assert.ok(digits.length >= 600);
    // Unicode lists them script by script, from zero to nine.
    for (const [index, digit] of digits.entries()) assert.equal(parseTypedCode(digit), String(index % 10), digit);
  });

  it('loses every space and dash of Unicode, and nothing that can be seen', () => {
    for (let code = 0; code < 0x11_0000; code++) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const character = String.fromCodePoint(code);
      if (/[\p{Zs}\p{Zl}\p{Zp}\p{Pd}]/u.test(character)) assert.equal(parseTypedCode(character), '', code.toString(16));
      if (
        /[\p{L}\p{Nl}\p{No}\p{S}]/u.test(character) &&
        !/[\p{Dash}\p{Default_Ignorable_Code_Point}]/u.test(character)
      ) {
        assert.equal(parseTypedCode(character), character, code.toString(16));
      }
    }
  });

  it('has at most 64 characters, and is a string', () => {
    assert.equal(parseTypedCode('1'.repeat(64)), '1'.repeat(64));
    for (const typed of ['1'.repeat(65), ' '.repeat(65), '1'.repeat(1_000_000), 123_456, null, undefined, ['1'], {}]) {
      assert.equal(parseTypedCode(typed), null);
    }
  });

  it('is read without a throw, whatever it is, and comes out as it is when it is read again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 64 }), (typed) => {
        const code = parseTypedCode(typed) ?? '';
        return parseTypedCode(code) === code;
      }),
    );
  });
});
