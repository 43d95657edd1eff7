// Stands for `node:assert/strict` in tests. That wants the same prototypes of things that are deeply equal, and what Node,
// an addon or Jest itself makes, an array for example, has those of other globals than the test file’s (see realm.mjs).
// (CommonJS, since supertest requires it, too.)
const { strict: assert } = require('node:assert');

const strict = Object.assign((value, message) => assert(value, message), assert);
for (const name of ['deepEqual', 'deepStrictEqual', 'notDeepEqual', 'notDeepStrictEqual']) {
  strict[name] = (actual, expected, message) => {
    adopt(actual, new Set());
    adopt(expected, new Set());
    assert[name](actual, expected, message);
  };
}
for (const name of ['throws', 'rejects']) {
  // An error as what is expected would be no Error to Node.
  const plain = (expected) =>
    expected instanceof Error
      ? { ...Object.fromEntries(Object.entries(expected)), name: expected.name, message: expected.message }
      : expected;
  strict[name] = (tried, expected, ...message) => assert[name](tried, plain(expected), ...message);
}
strict.strict = strict;
module.exports = strict;

/** Gives a value, and all that is in it, the prototypes of this test file's globals. */
function adopt(value, seen) {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  const foreign = Object.getPrototypeOf(value)?.constructor;
  const own = typeof foreign === 'function' && isBuiltIn(foreign) ? globalThis[foreign.name] : undefined;
  if (own !== undefined && own !== foreign && Object.isExtensible(value)) Object.setPrototypeOf(value, own.prototype);
  for (const { value: part } of Object.values(Object.getOwnPropertyDescriptors(value))) adopt(part, seen);
  if (value instanceof Map || value instanceof Set) for (const part of [...value].flat()) adopt(part, seen);
}

function isBuiltIn(fn) {
  return Function.prototype.toString.call(fn).endsWith('{ [native code] }');
}
