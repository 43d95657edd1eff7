import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { SetupError } from '../../lib/internal/setup-error.js';
import { nearest, refuseUnknownKeys } from '../../lib/internal/unknown-keys.js';

describe('nearest', () => {
  const names = ['maxAge', 'method', 'anyOf', 'allOf', 'once', 'bind'];
  for (const [word, meant] of [
    ['maxage', 'maxAge'],
    ['max_age', 'maxAge'],
    ['mxaAge', 'maxAge'],
    ['methods', 'method'],
    ['anyof', 'anyOf'],
    ['any', 'anyOf'],
    ['noce', 'once'],
    ['maxAge', 'maxAge'],
  ] as const) {
    it(`takes "${word}" for "${meant}"`, () => assert.equal(nearest(word, names), meant));
  }

  for (const word of ['', 'freshness', 'x', 'sms', 'b']) {
    it(`suggests nothing for "${word}"`, () => assert.equal(nearest(word, names), null));
  }

  it('suggests nothing without candidates', () => assert.equal(nearest('maxAge', []), null));

  it('takes words for different that share less than they differ', () => {
    assert.equal(nearest('password', ['passkey', 'totp']), null);
  });

  it('prefers the nearer candidate, whatever the order', () => {
    assert.equal(nearest('anyOv', ['allOf', 'anyOf']), 'anyOf');
    assert.equal(nearest('anyOv', ['anyOf', 'allOf']), 'anyOf');
  });
});

describe('refuseUnknownKeys', () => {
  it('passes known keys, in any number', () => {
    refuseUnknownKeys({}, ['method'], 'rule');
    refuseUnknownKeys({ method: 1, maxAge: 2 }, ['maxAge', 'method'], 'rule');
  });

  it('says what was meant', () => {
    assert.throws(
      () => refuseUnknownKeys({ method: 1, maxage: 2 }, ['method', 'maxAge'], 'rule'),
      (error: unknown) =>
        error instanceof SetupError &&
        error.message === '`rule.maxage` is unknown. Did you mean `maxAge`?' &&
        error.help === 'Did you mean `maxAge`?',
    );
  });

  it('lists what there is when nothing is near', () => {
    assert.throws(() => refuseUnknownKeys({ colour: 1 }, ['method', 'maxAge'], 'rule'), {
      name: 'SetupError',
      help: 'Write one of `method`, `maxAge`, or leave it out.',
    });
  });

  it('sees symbols and hidden members, too', () => {
    assert.throws(() => refuseUnknownKeys({ [Symbol('x')]: 1 }, ['method'], 'rule'), SetupError);
    assert.throws(
      () => refuseUnknownKeys(Object.defineProperty({}, 'x', { value: 1 }), ['method'], 'rule'),
      SetupError,
    );
  });
});
