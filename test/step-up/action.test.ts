import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  type Action,
  type ActionContext,
  actionDigest,
  actionMark,
  grantDigest,
  type Parties,
  parsePayload,
} from '../../lib/step-up/action.js';

const REQUEST: Omit<Action, 'payload'> = { userId: 'ada', httpMethod: 'POST', url: '/transfers?x=1' };
const CONTEXT: ActionContext = {
  realm: 'realm-1',
  parties: ['self', 'session', 'session-1'],
  methods: ['passkey', 'totp'],
};

function read(value: unknown): unknown {
  const answer = parsePayload(value);
  if (answer.outcome === 'read') return answer.payload;
  throw new assert.AssertionError({ message: `${answer.at} ${answer.problem}` });
}

function digest(value: unknown, request: Partial<Action> = {}, context: Partial<ActionContext> = {}): string {
  return actionDigest({ ...REQUEST, payload: read(value), ...request }, { ...CONTEXT, ...context });
}

const WITHOUT_PAYLOAD: Action = { ...REQUEST, payload: null };

/** What a table says of a payload, as text. */
function problemWith(value: unknown): string {
  const answer = parsePayload(value);
  return answer.outcome === 'read' ? 'none' : `${answer.at} ${answer.problem}`;
}

/** Members in another order, all the way down. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([key, item]) => [key, reversed(item)]));
}

const leaf = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, 1, 10, '', '10', '1', 'null', -1, 0.1, 1e21, '1e21'),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)), // -0: a case of its own
  fc.string({ unit: 'grapheme' }),
);
const key = fc.oneof(fc.constantFrom('a', 'b', '__proto__', 'constructor', '', '0', '10', 'length'), fc.string());

/** What an app may bind to; few different leaves and keys, so that values nearly alike come up. */
const somePayload: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  payload: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'payload' },
    leaf,
    fc.array(tie('payload'), { maxLength: 3, depthIdentifier: 'payload' }),
    fc
      .uniqueArray(fc.tuple(key, tie('payload')), { selector: ([name]) => name, maxLength: 3 })
      .map((entries) => Object.fromEntries(entries)),
  ),
})).payload;

describe('the digest of an action', () => {
  it('is 32 bytes in base64url, the same every time', () => {
    assert.match(digest({ to: 'bea', amount: 10 }), /^[\w-]{43}$/);
    assert.equal(digest({ to: 'bea', amount: 10 }), digest({ to: 'bea', amount: 10 }));
  });

  it('stays what it is from release to release, so that machines of two releases understand each other', () => {
    assert.equal(digest({ to: 'bea', amount: 10 }), 'Fq_fM4DxC4yTJPO6m7Dz5b9oLwIxqZYd_eelKKrIg6A');
    assert.equal(actionDigest(WITHOUT_PAYLOAD, CONTEXT), 'aoq_iF7tKsfM_twF1qF2-9PMKq2cxFKAKq_Y6FRYExM');
  });

  const differences: readonly (readonly [what: string, one: unknown, other: unknown])[] = [
    ['a number and its text', { amount: 10 }, { amount: '10' }],
    ['true and its text', true, 'true'],
    ['true and 1', true, 1],
    ['false and 0', false, 0],
    ['false and nothing', { a: false }, {}],
    ['null and its text', [null], ['null']],
    ['null and nothing', { a: null }, {}],
    ['null and 0', [null], [0]],
    ['null and the empty text', { a: null }, { a: '' }],
    ['an empty object and an empty list', {}, []],
    ['a list and an object with its indices', ['x'], { 0: 'x' }],
    ['a value and a list of it', 'x', ['x']],
    ['lists in another order', [1, 2], [2, 1]],
    ['lists that break elsewhere', [[1], 2], [[1, 2]]],
    ['texts that break elsewhere', ['ab', 'c'], ['a', 'bc']],
    ['keys and values that break elsewhere', { ab: 'c' }, { a: 'bc' }],
    ['a value under another key', { to: 1, from: 2 }, { to: 2, from: 1 }],
    ['what is inside and outside', { a: { b: 1 } }, { a: {}, b: 1 }],
    ['texts that look the same: é and é', '\u00e9', 'e\u0301'],
    ['small and capital letters', 'DE89', 'de89'],
    ['texts with a space at the end', 'bea', 'bea '],
    ['texts with a zero byte', 'bea', 'bea\0'],
    ['a member `__proto__`', JSON.parse('{"__proto__":{"to":"eve"}}'), {}],
    ['two members `__proto__`', JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":2}')],
    ['numbers that differ in the last bit', 0.1 + 0.2, 0.3],
    ['signs', 1, -1],
  ];
  for (const [what, one, other] of differences) {
    it(`tells apart ${what}`, () => assert.notEqual(digest(one), digest(other)));
  }

  const equals: readonly (readonly [what: string, one: unknown, other: unknown])[] = [
    ['the order of keys', { to: 'bea', amount: 10 }, { amount: 10, to: 'bea' }],
    ['the order of keys inside', [{ a: { b: 1, c: 2 } }], [{ a: { c: 2, b: 1 } }]],
    ['the order of keys that are no letters', { 'a\uffff': 1, 'a\u{1f600}': 2 }, { 'a\u{1f600}': 2, 'a\uffff': 1 }],
    ['how a number is written', { amount: 10.0 }, { amount: 1e1 }],
    ['the sign of zero, as `===` does', 0, -0],
    ['whether an object has a prototype', { a: 1 }, Object.assign(Object.create(null), { a: 1 })],
    ['the realm an object was made in', { a: [1] }, runInNewContext('({ a: [1] })')],
  ];
  for (const [what, one, other] of equals) {
    it(`doesn't mind ${what}`, () => assert.equal(digest(one), digest(other)));
  }

  for (const member of ['userId', 'httpMethod', 'url'] as const) {
    it(`commits to the ${member}`, () => {
      assert.notEqual(digest({ a: 1 }, { [member]: `${REQUEST[member]}x` }), digest({ a: 1 }));
    });
  }

  it('commits to the realm', () => {
    assert.notEqual(digest({ a: 1 }, {}, { realm: 'realm-1x' }), digest({ a: 1 }));
  });

  it('commits to who confirms it, and to who asks and what that is', () => {
    const others: readonly Parties[] = [
      ['self', 'session', 'session-1x'],
      ['user', 'session', 'session-1'],
      ['others', 'session', 'session-1'],
      ['self', 'api-key', 'session-1'],
    ];
    const digests = others.map((parties) => digest({ a: 1 }, {}, { parties }));
    assert.equal(new Set([...digests, digest({ a: 1 })]).size, 5);
  });

  it('commits to the methods of the rule, in whatever order they are named', () => {
    assert.equal(digest({}, {}, { methods: ['totp', 'passkey'] }), digest({}));
    for (const methods of [['passkey'], ['totp'], [], ['passkey', 'totp', 'password'], ['passkeytotp']]) {
      assert.notEqual(digest({}, {}, { methods }), digest({}));
    }
  });

  it('keeps apart what stands in two parts of the request', () => {
    assert.notEqual(digest({}, { httpMethod: 'POST/', url: 'transfers?x=1' }), digest({}));
    assert.notEqual(digest({}, { userId: 'session-1' }, { parties: ['self', 'session', 'ada'] }), digest({}));
    assert.notEqual(digest({}, {}, { realm: 'session-1', parties: ['self', 'session', 'realm-1'] }), digest({}));
  });

  it('is that of a grant for one generation only, and of no grant itself', () => {
    const digests = [0, 1, 2].map((generation) => grantDigest(digest({}), generation));
    assert.equal(new Set([...digests, digest({})]).size, 4);
    assert.notEqual(grantDigest(digest({ a: 1 }), 0), digests[0]);
  });

  it('differs from its mark, which says only what is done', () => {
    const action: Action = { ...REQUEST, payload: { to: 'bea' } };
    assert.notEqual(actionMark(action), actionDigest(action, CONTEXT));
    const others = [{ userId: 'bea' }, { httpMethod: 'PUT' }, { url: '/transfers' }, { payload: { to: 'eve' } }];
    for (const other of others) assert.notEqual(actionMark({ ...action, ...other }), actionMark(action));
  });

  it('of a `once` is that of no payload which `bind` could give', () => {
    for (const payload of [{}, [], '', 0, false])
      assert.notEqual(digest(payload), actionDigest(WITHOUT_PAYLOAD, CONTEXT));
  });

  it('is equal for payloads that are equal but for the order of their keys', () => {
    fc.assert(fc.property(somePayload, (payload) => assert.equal(digest(payload), digest(reversed(payload)))));
  });

  it('is equal for equal payloads only', () => {
    fc.assert(
      fc.property(somePayload, somePayload, (one, other) => {
        // Both without prototypes, as they are compared here.
        assert.equal(digest(one) === digest(other), isDeepStrictEqual(read(one), read(other)));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a payload', () => {
  it('is a copy that nothing changes any more, however deep', () => {
    const given = { list: [{ amount: 10 }], nested: { to: 'bea' } };
    const payload = read(given) as typeof given; // a copy has its shape
    given.list[0] = { amount: 1_000 };
    given.nested.to = 'eve';
    assert.deepEqual(payload, { list: [{ amount: 10 }], nested: { to: 'bea' } });
    for (const part of [payload, payload.list, payload.list[0], payload.nested]) assert.ok(Object.isFrozen(part));
    assert.throws(() => payload.list.push({ amount: 1 }), TypeError);
  });

  it('equals what was given', () => {
    fc.assert(fc.property(somePayload, (payload) => assert.deepStrictEqual(read(payload), payload)));
  });

  it('goes through JSON and is the same after it', () => {
    fc.assert(
      fc.property(somePayload, (payload) => {
        const copy = read(payload);
        assert.equal(digest(JSON.parse(JSON.stringify(copy))), digest(copy));
      }),
    );
  });

  it('may have a member `__proto__`, which is a member and no prototype', () => {
    const payload = read(JSON.parse('{"__proto__":{"admin":true}}')) as Record<string, unknown>; // an object
    assert.deepEqual(Object.keys(payload), ['__proto__']);
    assert.equal(payload['admin'], undefined);
    assert.equal(Object.getPrototypeOf(payload), Object.prototype);
  });

  it('reads each member once, so that none can be another the second time', () => {
    let reads = 0;
    const payload = read({
      get amount() {
        reads += 1;
        return reads;
      },
    });
    assert.deepEqual([payload, reads], [{ amount: 1 }, 1]);
  });

  class Money {
    amount = 10;
  }
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const list: unknown[] = [];
  list.push(list);
  const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
  const symbolKey = { [Symbol('amount')]: 10 };

  const problems: readonly (readonly [what: string, value: unknown, problem: string])[] = [
    ['nothing', undefined, 'payload is undefined'],
    ['a member that is undefined', { to: 'bea', amount: undefined }, 'payload.amount is undefined'],
    ['an element that is undefined', { to: ['bea', undefined] }, 'payload.to[1] is undefined'],
    ['a list with a hole', Object.assign(Array(3), { 0: 1, 2: 3 }), 'payload[1] is undefined'],
    ['NaN', { amount: Number.NaN }, 'payload.amount is NaN'],
    ['Infinity', { amount: 1 / 0 }, 'payload.amount is Infinity'],
    ['a function', { run: () => 1 }, 'payload.run is a function'],
    ['a bigint', { amount: 10n }, 'payload.amount is a bigint, which JSON has not (write `String(…)`)'],
    ['a symbol', { to: Symbol('bea') }, 'payload.to is a symbol'],
    ['a symbol as a key', { a: symbolKey }, 'payload.a has a symbol as a key'],
    ['a Date', { at: new Date(0) }, 'payload.at is not a plain object'],
    ['a Map', new Map([['to', 'bea']]), 'payload is not a plain object'],
    ['bytes', { to: Buffer.from('bea') }, 'payload.to is not a plain object'],
    ['an instance of a class', { money: new Money() }, 'payload.money is not a plain object'],
    ['an object that inherits', Object.create({ amount: 10 }), 'payload is not a plain object'],
    ['a boxed number', { amount: Object(10) }, 'payload.amount is not a plain object'],
    ['a promise inside', { amount: Promise.resolve(10) }, 'payload.amount is not a plain object'],
    ['an object that gives itself out as JSON', { toJSON: () => ({ amount: 1 }) }, 'payload.toJSON is a function'],
    ['a lone surrogate', { to: 'bea\ud800' }, 'payload.to is not well-formed text'],
    ['a key with a lone surrogate', { a: { '\udc00': 1 } }, 'payload.a has a key that is not well-formed text'],
    ['an object that contains itself', cycle, `payload${'.self'.repeat(17)} is nested too deeply`],
    ['a list that contains itself', list, `payload${'[0]'.repeat(17)} is nested too deeply`],
    ['more than 16 levels', nested(17), `payload${'.a'.repeat(17)} is nested too deeply`],
  ];
  for (const [what, value, problem] of problems) {
    it(`is incomplete with ${what}, and says where`, () => assert.equal(problemWith(value), problem));
  }

  it('may have 16 levels', () => {
    assert.equal(problemWith(nested(16)), 'none');
  });

  it('throws what a getter throws', () => {
    const error = new Error('no amount');
    const value = {
      get amount(): number {
        throw error;
      },
    };
    assert.throws(() => parsePayload(value), error);
  });
});
