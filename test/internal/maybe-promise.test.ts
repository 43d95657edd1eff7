import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { andThen, isPromise } from '../../lib/internal/maybe-promise.js';

describe('andThen', () => {
  it('goes on in the same turn with a value', () => {
    let seen = 0;
    assert.equal(
      andThen(1, (value) => {
        seen = value;
        return value + 1;
      }),
      2,
    );
    assert.equal(seen, 1);
  });

  it('goes on later with a promise', async () => {
    const answer = andThen(Promise.resolve(1), (value) => value + 1);
    assert.ok(isPromise(answer));
    assert.equal(await answer, 2);
  });

  it('throws what is thrown on the way, or rejects with it', async () => {
    const fail = (): never => {
      throw new Error('on the way');
    };
    assert.throws(() => andThen(1, fail), /on the way/);
    await assert.rejects(async () => andThen(Promise.resolve(1), fail), /on the way/);
  });
});

describe('isPromise', () => {
  it('takes whatever `await` waits for', () => {
    for (const value of [Promise.resolve(), withThen(() => {})]) assert.equal(isPromise<unknown>(value), true);
    for (const value of [null, undefined, 0, '', 'then', {}, withThen(1), []])
      assert.equal(isPromise<unknown>(value), false);
  });
});

function withThen(then: unknown): object {
  return Object.fromEntries([['then', then]]);
}
