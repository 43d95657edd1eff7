// Enumeration and oracles (allauth CWE-203, RTS (EU) 2018/389 art. 4(3)(a)): the attacker learns from the answer what was wrong, and whose.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import { begin, stepUpApp, verify } from '../step-up/app.js';
import { fakeCode, fakeKey, WRONG } from '../step-up/fake-methods.js';
import { assertPresence, passkeyApp, withPasskey } from '../step-up/passkeys.js';

describe('the answer to a step-up that fails', () => {
  it('is the same, whatever was wrong, but for the count of attempts and an id that is nobody’s', async () => {
    const responses: Response[] = [];
    const app = passkeyApp();
    const ada = await withPasskey(app);
    assert.equal((await assertPresence(ada)).status, 200);
    const variants = [{ userVerified: false }, { tamperSignature: true }, { statedId: 'A'.repeat(43) }, { counter: 1 }];
    for (const variant of variants) responses.push(await assertPresence(ada, variant));
    const browser = await app.signIn();
    for (const response of [WRONG, {}, { code: '' }]) responses.push(await verify(browser, 'code', response));
    const unanswered = [await verify(browser, 'code', { code: 'code' }, 'A'.repeat(22))];
    const { challengeId } = await begin(browser, 'passkey', 'verify-only');
    unanswered.push(await verify(browser, 'passkey', {}, challengeId));
    const none = fakeCode('none');
    none.users.clear();
    const without = stepUpApp({
      methods: [{ ...none, verify: () => ({ outcome: 'failed', reason: 'unknown-credential' }) }],
      rules: {},
    });
    unanswered.push(await verify(await without.signIn(), 'none', WRONG));
    const broken = stepUpApp({ methods: [{ ...fakeKey(), verify: () => Promise.reject(new Error()) }], rules: {} });
    const there = await broken.signIn();
    responses.push(await verify(there, 'key', {}, (await begin(there, 'key')).challengeId));
    const unknown = responses.filter(({ body }) => body.unknownCredential === true);
    assert.deepEqual(unknown, [responses[2]]);
    const bodies = responses.map(({ body: { attemptsLeft: _left, unknownCredential: _unknown, ...body } }) =>
      JSON.stringify(body),
    );
    assert.equal(new Set(bodies).size, 1);
    const [body = ''] = bodies;
    assert.deepEqual([JSON.parse(body).code, JSON.parse(body).reason], ['step_up_failed', 'response']);
    // What wasn't looked at says so, and costs nothing.
    assert.equal(new Set(unanswered.map(({ text }) => text)).size, 1);
    assert.equal(unanswered[0]?.body.reason, 'challenge');
  });
});
