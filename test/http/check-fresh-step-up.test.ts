import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { stepUp, stepUpApp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { handle } from '../support/app.js';

const key = fakeKey();
const fresh = { method: 'key', maxAge: '5m' } as const;

describe('checkFreshStepUp', () => {
  it('resolves with what the guard would have found out', async () => {
    const app = stepUpApp({
      methods: [key, fakeCode()],
      routes: (auth) => ({ '/checked': [handle(auth.checkFreshStepUp(fresh))] }),
    });
    const browser = await app.signIn();
    await stepUp(browser, key);
    const { status, body } = await browser.post('/checked');
    assert.deepEqual([status, body.userId, body.via], [200, 'ada', 'cookie']);
  });

  it('rejects with the refusal that the guard would answer with', async () => {
    const app = stepUpApp({
      methods: [key, fakeCode()],
      routes: (auth) => ({ '/checked': [handle(auth.checkFreshStepUp(fresh))] }),
    });
    assert.equal((await app.signIn().then((browser) => browser.post('/checked'))).body.code, 'step_up_required');
  });

  it('reads the session anew, whatever was found out before', async () => {
    const app = stepUpApp({
      methods: [key, fakeCode()],
      routes: (auth) => {
        const check = auth.checkFreshStepUp(fresh);
        return {
          '/twice': [
            handle(async (req) => {
              await check(req);
              await auth.sessions.revokeAllForUser('ada');
              return check(req);
            }),
          ],
        };
      },
    });
    const browser = await app.signIn();
    await stepUp(browser, key);
    assert.equal((await browser.post('/twice')).body.code, 'session_invalid');
  });

  it('gives a bound action, and takes it once', async () => {
    const bind = () => ({ to: 'bea' });
    const app = stepUpApp({
      methods: [key, fakeCode()],
      routes: (auth) => ({ '/bound': [handle(auth.checkFreshStepUp({ method: 'key', bind }))] }),
    });
    const browser = await app.signIn();
    const { challenge } = (await browser.post('/bound')).body;
    const response = key.right(challenge.methods.key.options);
    const answer = { method: 'key', challengeId: challenge.id, response };
    assert.equal((await browser.post('/auth/step-up/verify', { body: answer })).status, 200);
    assert.deepEqual((await browser.post('/bound')).body.action, { payload: { to: 'bea' }, method: 'key' });
    assert.equal((await browser.post('/bound')).body.reason, 'spent');
  });

  it('throws for a wrong rule when it is made', () => {
    const { auth } = stepUpApp();
    assert.throws(() => auth.checkFreshStepUp(JSON.parse('{ "method": "kye", "maxAge": 300 }')), /Did you mean `key`/);
  });
});
