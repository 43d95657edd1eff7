import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { RequireSessionOptions } from '../../lib/http/require-session.js';
import { SetupError } from '../../lib/internal/setup-error.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';

const WRONG: readonly (readonly [options: unknown, message: RegExp])[] = [
  [{ optionl: true }, /Did you mean `optional`\?/],
  [{ apikeys: true }, /Did you mean `apiKeys`\?/],
  [{ maxAge: '5m' }, /`optional`, `apiKeys`, `restricted`, `passive`, `onRefusal`/],
  [{ optional: 'true' }, /`optional`.*true or false/],
  [{ optional: null }, /`optional`.*true or false/],
  [{ apiKeys: 1 }, /`apiKeys`.*true or false/],
  [{ onRefusal: 'log' }, /`onRefusal`.*function/],
  [{ onRefusal: null }, /`onRefusal`.*function/],
  [null, /`requireSession` takes/],
  ['optional', /`requireSession` takes/],
  [true, /`requireSession` takes/],
];

describe('requireSession', () => {
  for (const [options, message] of WRONG) {
    it(`refuses ${JSON.stringify(options)} when it is called, and says what to write`, () => {
      const { auth } = testInstance();
      assert.throws(
        () => auth.requireSession(options as RequireSessionOptions), // as untyped code may call it
        (error) => error instanceof SetupError && message.test(error.message),
      );
    });
  }

  it('is the same guard bare, called and called with options left out', async () => {
    const { auth } = testInstance();
    const { requireSession } = auth; // it needs no `this`
    for (const guard of [requireSession, requireSession(), requireSession({}), requireSession({ optional: false })]) {
      const { app, handled } = testApp(auth, { before: [guard] });
      assert.equal((await new Browser(app).get('/me')).status, 401);
      assert.deepEqual(handled, []);
    }
  });

  it('has a name, so that stack traces read', () => {
    const { auth } = testInstance();
    assert.equal(auth.requireSession.name, 'requireSession');
    assert.equal(auth.requireSession({ optional: true }).name, 'requireSessionGuard');
    assert.equal(auth.requireSameOrigin.name, 'requireSameOrigin');
    assert.equal(auth.router().name, 'stepgateRouter');
  });
});
