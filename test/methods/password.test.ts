import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { type PasswordOptions, password, SetupError } from '../../lib/index.js';
import { methodContext, NO_STRINGS } from './context.js';

/** Verifies a response; tells what the app's own function was asked, too. */
async function answer(response: unknown, says: unknown) {
  const asked: unknown[] = [];
  const method = password({
    verify: (...args) => {
      asked.push(args);
      return says as boolean; // what an app in JavaScript may give
    },
  });
  const outcome = await method.verify({ ...methodContext(), response, challenge: null });
  return { outcome, asked };
}

const MALFORMED = { outcome: 'failed', reason: 'malformed' };

describe('password', () => {
  it('asks the app about the user of the session and exactly the password that was sent', async () => {
    for (const given of [
      'x',
      ' pass word ',
      '\0',
      'pässwörd',
      'p\u0061\u0308ss',
      '😀'.repeat(512),
      'x'.repeat(1_024),
    ]) {
      assert.deepEqual(await answer({ password: given }, true), {
        outcome: { outcome: 'verified' },
        asked: [['ada', given]],
      });
    }
  });

  it('takes only true for a yes', async () => {
    for (const says of [false, undefined, null, 0, 1, 'true', {}, { id: 'ada' }, new Error('wrong password'), []]) {
      const { outcome } = await answer({ password: 'x' }, says);
      assert.deepEqual(outcome, { outcome: 'failed', reason: 'rejected' });
    }
  });

  it('does not ask the app about an empty password or one over 1,024 characters', async () => {
    for (const given of ['', 'x'.repeat(1_025), 'x'.repeat(1_000_000)]) {
      assert.deepEqual(await answer({ password: given }, true), { outcome: MALFORMED, asked: [] });
    }
  });

  it('does not ask the app about anything but { password }', async () => {
    const shapes = [
      ...NO_STRINGS,
      ...NO_STRINGS.map((given) => ({ password: given })),
      { password: 'x', userId: 'eve' },
      { Password: 'x' },
      ['x'],
      JSON.parse('{"password":"x","__proto__":{}}'),
      JSON.parse('{"__proto__":{"password":"x"}}'),
      Object.create({ password: 'x' }),
    ];
    for (const response of shapes) assert.deepEqual(await answer(response, true), { outcome: MALFORMED, asked: [] });
  });

  it('lets the error of the app through', async () => {
    const failure = new Error('the hash is broken');
    const method = password({ verify: () => Promise.reject(failure) });
    const verifying = async () => method.verify({ ...methodContext(), response: { password: 'x' }, challenge: null });
    await assert.rejects(verifying, failure);
  });

  it('counts everybody as enrolled, or whom the app names', async () => {
    const context = methodContext();
    assert.equal(await password({ verify: () => true }).enrolled(context), true);
    const enrolled = async (userId: string): Promise<boolean> => userId === 'ada';
    const method = password({ verify: () => true, enrolled });
    assert.equal(await method.enrolled(context), true);
    assert.equal(await method.enrolled({ ...context, userId: 'eve' }), false);
  });

  it('can be guessed, and is a `pwd` of RFC 8176', () => {
    const { name, amr, acr, guessable } = password({ verify: () => true });
    assert.deepEqual({ name, amr, acr, guessable }, { name: 'password', amr: ['pwd'], acr: null, guessable: true });
  });

  it('refuses wrong options at set-up, and says what to write', () => {
    const wrong: unknown[] = [undefined, {}, { verify: 'x' }, { verify: () => true, enrolled: true }];
    for (const options of wrong) assert.throws(() => password(options as PasswordOptions), SetupError);
    const misspelt = { verify: () => true, enroled: () => true };
    assert.throws(() => password(misspelt), /Did you mean `enrolled`/);
  });
});
