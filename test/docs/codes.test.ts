import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { read, sections, tables } from './markdown.js';

// The emitted declarations are what a user's compiler sees, and they spell the unions out.
const events = read('dist/esm/types/events.d.ts').replace(/\/\*\*.*?\*\//gs, '');

/** The members of `export type NAME = 'a' | 'b'`. */
function union(name: string): string[] {
  const text = new RegExp(`type ${name} = ([^;]+);`).exec(events)?.[1] ?? '';
  return [...text.matchAll(/'([^']+)'/g)].map(([, member = '']) => member);
}

describe('docs/errors.md', () => {
  it('has one heading for each code, with its status', () => {
    const table = /const STATUS: [^{]*\{(.*?)\};/s.exec(read('lib/http/refusal.ts'))?.[1] ?? '';
    const codes = [...table.matchAll(/(\w+): (\d+)/g)].map(([, code, status]) => `\`${code}\` (${status})`);
    assert.notEqual(codes.length, 0);
    assert.deepEqual([...sections(read('docs/errors.md')).keys()], codes);
  });
});

describe('docs/events.md', () => {
  const documented = sections(read('docs/events.md'));
  const facts = /interface Facts \{(.*?)\n\}/s.exec(events)?.[1] ?? '';
  const declared = new Map(
    [...facts.matchAll(/'([^']+)': \{(.*?)\}/gs)].map(([, type = '', fields = '']) => [
      `\`${type}\``,
      [...fields.matchAll(/(\w+\??):/g)].map(([, field = '']) => field),
    ]),
  );

  it('has one heading for each type', () => {
    assert.notEqual(declared.size, 0);
    assert.deepEqual([...documented.keys()], [...declared.keys()]);
  });

  for (const [type, fields] of declared) {
    it(`has the fields of ${type} and no others`, () => {
      const table = tables(documented.get(type) ?? '').get('field') ?? new Map();
      assert.deepEqual(new Set([...table.keys()].flatMap((cell) => cell.split(', '))), new Set(fields));
    });
  }

  for (const [type, field, name] of [
    ['`session.revoked`', 'by', 'RevokedBy'],
    ['`session.refused`', 'reason', 'RefusedReason'],
    ['`step-up.failed`', 'reason', 'FailedReason'],
  ] as const) {
    it(`has each \`${field}\` of ${type}`, () => {
      const members = union(name);
      assert.notEqual(members.length, 0);
      assert.deepEqual([...(tables(documented.get(type) ?? '').get(field) ?? new Map()).keys()], members);
    });
  }
});

describe('docs/browser.md', () => {
  it('has each code that the client adds to the server’s', () => {
    const declared = read('dist/esm/types/browser/errors.d.ts');
    const [, own = ''] = /type StepgateErrorCode = (.*?) \| Exclude</s.exec(declared) ?? [];
    const codes = [...own.matchAll(/'([^']+)'/g)].map(([, code = '']) => code);
    assert.notEqual(codes.length, 0);
    const rows = [...(tables(read('docs/browser.md')).get('code') ?? new Map()).keys()];
    const documented = new Set(rows.flatMap((cell) => cell.split(', ')));
    assert.deepEqual(
      codes.filter((code) => !documented.has(code)),
      [],
    );
  });
});
