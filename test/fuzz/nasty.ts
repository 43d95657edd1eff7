import type { Random } from '../support/random.js';

/** Texts that have broken somebody's parser. */
const TEXTS: readonly string[] = [
  '',
  ' ',
  '0',
  '-1',
  '1e999',
  'NaN',
  'null',
  'true',
  'undefined',
  '[object Object]',
  '{}',
  '[]',
  '"',
  "'",
  "' OR '1'='1",
  '; DROP TABLE stepgate_sessions; --',
  '../../etc/passwd',
  '..\\..',
  '%00',
  '%',
  '%zz',
  '%2e%2e%2f',
  '%c0%ae',
  '%25',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '\u0000',
  '\u0007',
  '\u00a0',
  '\u00e9',
  '\u202e',
  '\ufeff',
  '\ufffd',
  '\ud800',
  'I\u0307',
  '\u{1f4a5}',
  'a\u0301'.repeat(50),
  'A'.repeat(21),
  `${'A'.repeat(21)}A`,
  `${'A'.repeat(42)}A`,
  `${'A'.repeat(85)}A`,
  'A'.repeat(1_000),
  'A'.repeat(9_000),
  '=',
  '====',
  'a.b.c',
  '..',
  'eyJhbGciOiJub25lIn0.e30.',
  '<script>',
  '\r\nSet-Cookie: x=y',
  '\n',
  'key_',
  'key_unknown',
];

export function nastyText(random: Random): string {
  return random.chance(0.8) ? random.pick(TEXTS) : randomText(random);
}

function randomText(random: Random): string {
  const end = random.pick([0x7f, 0xff, 0x3000, 0x10ffff]);
  return Array.from({ length: random.below(40) }, () => String.fromCodePoint(random.below(end))).join('');
}

/** The text with U+FFFD for each half of a character. */
export function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

/** Changes one character, or one bit of what the text spells in base64url. */
export function spoilText(random: Random, text: string): string {
  const at = random.below(text.length + 1);
  switch (random.below(8)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + nastyText(random) + text.slice(at);
    case 3:
      return text + text;
    case 4:
      return text.toUpperCase() === text ? text.toLowerCase() : text.toUpperCase();
    case 5:
      return flipBit(random, Buffer.from(text, 'base64url')).toString('base64url');
    case 6:
      return nastyText(random);
    default:
      return text.slice(0, at) + String.fromCharCode(0x21 + random.below(94)) + text.slice(at + 1);
  }
}

export function flipBit(random: Random, bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  const at = random.below(bytes.length);
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.below(8)), at);
  return bytes;
}

/** JSON values of all kinds. `__proto__` is an own key here, as it is in a body that was parsed. */
export function nastyValue(random: Random): unknown {
  switch (random.below(9)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
      return random.pick([0, -0, -1, 1e308, 2 ** 53, 0.1, -(2 ** 31)]);
    case 3:
      return [];
    case 4:
      return {};
    case 5:
      return nested(random.pick([10, 100, 1_000, 4_000]), random.chance(0.5));
    case 6:
      return JSON.parse(
        '{"__proto__":{"admin":true},"constructor":{"prototype":{"a":1}},"toString":1,"length":1e9,"then":"x"}',
      );
    case 7:
      return Array.from({ length: random.below(2_000) }, () => 0);
    default:
      return nastyText(random);
  }
}

function nested(depth: number, inArrays: boolean): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i += 1) value = inArrays ? [value] : { a: value };
  return value;
}
