// Enumeration and oracles (allauth CWE-203, RTS (EU) 2018/389 art. 4(3)(a)): the attacker learns from the answer what was wrong, and whose.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { begin, stepUpApp, verify } from '../step-up/app.js';
import { fakeCode, fakeKey, WRONG } from '../step-up/fake-methods.js';
import { assertPresence, passkeyApp, withPasskey } from '../step-up/passkeys.js';

describe('the answer to a step-up that fails', () => {
  it('is the same to the byte, whatever was wrong', async (t) => {
    const bodies = new Set<string>();
    const app = passkeyApp(t);
    const ada = await withPasskey(app);
    assert.equal((await assertPresence(ada)).status, 200);
    const variants = [{ userVerified: false }, { tamperSignature: true }, { statedId: 'A'.repeat(43) }, { counter: 1 }];
    for (const variant of variants) bodies.add((await assertPresence(ada, variant)).text);
    const browser = await app.signIn();
    for (const response of [WRONG, {}, { code: '' }]) bodies.add((await verify(browser, 'code', response)).text);
    bodies.add((await verify(browser, 'code', { code: 'code' }, 'A'.repeat(22))).text);
    const { challengeId } = await begin(browser, 'passkey', 'verify-only');
    bodies.add((await verify(browser, 'passkey', {}, challengeId)).text);
    const none = fakeCode('none');
    none.users.clear();
    const without = stepUpApp(t, {
      methods: [{ ...none, verify: () => ({ outcome: 'failed', reason: 'unknown-credential' }) }],
      rules: {},
    });
    bodies.add((await verify(await without.signIn(), 'none', WRONG)).text);
    const broken = stepUpApp(t, { methods: [{ ...fakeKey(), verify: () => Promise.reject(new Error()) }], rules: {} });
    const there = await broken.signIn();
    bodies.add((await verify(there, 'key', {}, (await begin(there, 'key')).challengeId)).text);
    const [body = '', ...others] = bodies;
    assert.deepEqual(others, []);
    assert.equal(JSON.parse(body).code, 'step_up_failed');
  });
});
