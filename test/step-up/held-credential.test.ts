import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { StepgateEvent } from '../../lib/events.js';
import type { Method } from '../../lib/methods/method.js';
import { parseOptions } from '../../lib/options/index.js';
import { createServices } from '../../lib/services.js';
import { DependencyError } from '../../lib/session/checked-store.js';
import type { Methods } from '../../lib/step-up/methods.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { ORIGIN, SECRET } from '../support/instance.js';
import { fakeCode } from './fake-methods.js';

const CAUSE = new Error('the disk is full');

function methodsWith(method: Method, storeTimeout = 1): { methods: Methods; events: StepgateEvent[] } {
  const events: StepgateEvent[] = [];
  const settings = parseOptions({
    secret: SECRET,
    issuer: ORIGIN,
    store: memoryStore(),
    methods: [method],
    storeTimeout,
    onEvent: (event) => events.push(event),
  });
  return { methods: createServices(settings).methods, events };
}

describe('the credential that a method has verified', () => {
  const context = { userId: 'ada', response: {}, challenge: null };
  const answering = (answer: unknown): Method => ({ ...fakeCode(), verify: () => answer as never }); // an app's, in JavaScript

  it('is passed on when it is a string, and nothing else is', async () => {
    const named = answering({ outcome: 'verified', credential: 'a', secret: 'b' });
    assert.deepEqual(await methodsWith(named).methods.verify(named, context), { outcome: 'verified', credential: 'a' });
    for (const credential of [undefined, null, 7, {}, ['a']]) {
      const method = answering({ outcome: 'verified', credential });
      assert.deepEqual(await methodsWith(method).methods.verify(method, context), { outcome: 'verified' });
    }
  });

  it('is held where the method says so, for this user', async () => {
    const method: Method = { ...fakeCode(), holds: ({ userId }, credential) => userId === 'ada' && credential === 'a' };
    const { methods } = methodsWith(method);
    assert.equal(await methods.holds(method, 'ada', 'a'), true);
    assert.equal(await methods.holds(method, 'ada', 'b'), false);
    assert.equal(await methods.holds(method, 'bea', 'a'), false);
  });

  it('is held where the method says nothing about it', async () => {
    const silent = fakeCode();
    assert.equal(await methodsWith(silent).methods.holds(silent, 'ada', 'a'), true);
    const method: Method = { ...silent, holds: () => false };
    assert.equal(await methodsWith(method).methods.holds(method, 'ada', undefined), true);
  });

  const faults: Readonly<Record<string, () => unknown>> = {
    throws: () => {
      throw CAUSE;
    },
    rejects: () => Promise.reject(CAUSE),
    'never answers': () => new Promise(() => {}),
    'answers with undefined': () => undefined,
    'answers with a word': () => 'yes',
    'answers with 1': async () => 1,
  };
  for (const [how, holds] of Object.entries(faults)) {
    it(`is a failure of the store, which is told, where the method ${how}`, async () => {
      const method: Method = { ...fakeCode(), holds: () => holds() as never }; // what no compiler lets through
      const { methods, events } = methodsWith(method, 0.02);
      await assert.rejects(methods.holds(method, 'ada', 'a'), DependencyError);
      assert.deepEqual(
        events.map((event) => 'operation' in event && event.operation),
        ['code.holds'],
      );
    });
  }

  it('lets a failing store through as such', async () => {
    const fault = new DependencyError('passkeys.find', CAUSE);
    const method: Method = { ...fakeCode(), holds: () => Promise.reject(fault) };
    const { methods, events } = methodsWith(method);
    await assert.rejects(methods.holds(method, 'ada', 'a'), fault);
    assert.deepEqual(events, []);
  });
});
