import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { pin, RIGHT_PIN } from '../support/pin.js';
import { type TokenAnswer, type TokenApp, tokenApp } from '../tokens/app.js';

/** A refresh token is copied before its owner steps up; the thief waits for the step-up and then refreshes. */
describe('a refresh token that was copied before a step-up', () => {
  const provedTo = async (app: TokenApp, { access_token }: TokenAnswer): Promise<readonly string[]> =>
    (await app.me(access_token).expect(200)).body.proofs.map(({ method }: { method: string }) => method);

  async function stepUp(app: TokenApp, { access_token }: TokenAnswer): Promise<TokenAnswer> {
    const verify = app.http.post('/auth/step-up/verify').set('Authorization', `Bearer ${access_token}`);
    const stepped: TokenAnswer = (await verify.send({ method: 'pin', response: RIGHT_PIN }).expect(200)).body;
    assert.deepEqual(await provedTo(app, stepped), ['password', 'pin']);
    return stepped;
  }

  for (const [what, wait] of [
    ['young', null],
    ['old', '1m'],
  ] as const) {
    it(`inherits nothing of it when it is ${what}, and takes it from its owner, too`, async () => {
      const app = tokenApp({ methods: [pin] });
      const copied = await app.signIn();
      if (wait !== null) app.clock.advance(wait);
      const owners = await stepUp(app, copied);
      const thiefs: TokenAnswer = (await app.refresh(copied.refresh_token).expect(200)).body;
      assert.deepEqual(await provedTo(app, thiefs), ['password']);
      assert.deepEqual(await provedTo(app, owners), []); // now the previous token, which proves nothing
    });
  }

  it('inherits nothing of it within the grace period, and takes it from its owner, too', async () => {
    const app = tokenApp({ methods: [pin] });
    const copied = await app.signIn();
    app.clock.advance('1m');
    const owners = await stepUp(app, (await app.refresh(copied.refresh_token).expect(200)).body);
    const thiefs: TokenAnswer = (await app.refresh(copied.refresh_token).expect(200)).body;
    assert.deepEqual(await provedTo(app, thiefs), ['password']);
    assert.deepEqual(await provedTo(app, owners), []);
  });

  it('inherits nothing of it by the session token that it was signed in with', async () => {
    const app = tokenApp({ methods: [pin] });
    const copied = await app.signIn();
    await stepUp(app, copied);
    await app.auth.flush();
    app.clock.advance('9s');
    assert.deepEqual(await provedTo(app, copied), []);
    app.clock.advance('1s');
    await app.me(copied.access_token).expect(401);
  });
});
