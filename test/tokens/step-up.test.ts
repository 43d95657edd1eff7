import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pin, RIGHT_PIN } from '../support/pin.js';
import { type TokenAnswer, type TokenApp, tokenApp } from './app.js';
import { readJwt } from './jwt.js';

const stepUp = (app: TokenApp, { access_token }: TokenAnswer) =>
  app.http
    .post('/auth/step-up/verify')
    .set('Authorization', `Bearer ${access_token}`)
    .send({ method: 'pin', response: RIGHT_PIN });

/** A refresh whose answer never reached the client, and a step-up with the access token that it still has. */
async function steppedUpAfterALostRefresh() {
  const app = tokenApp({ methods: [pin] });
  const parent = await app.signIn();
  app.clock.advance('1m');
  const lost: TokenAnswer = (await app.refresh(parent.refresh_token).expect(200)).body;
  const stepped: TokenAnswer = (await stepUp(app, parent).expect(200)).body;
  return { app, parent, lost, stepped };
}

describe('a step-up between refreshes', () => {
  it('gives a new access token with its full lifetime, and no refresh token', async () => {
    const app = tokenApp({ methods: [pin] });
    const signedIn = await app.signIn();
    app.clock.advance('5m');
    const res = await stepUp(app, signedIn).expect(200);
    const { access_token, ...rest } = res.body;
    assert.deepEqual(rest, {
      verified: true,
      userId: 'ada',
      method: 'pin',
      verifiedAt: app.clock.now(),
      session_id: signedIn.session_id,
      token_type: 'Bearer',
      expires_in: 600,
    });
    assert.equal(readJwt(access_token).claims['iat'], app.clock.now() / 1_000);
    assert.equal(res.get('Pragma'), 'no-cache');
    await app.refresh(signedIn.refresh_token).expect(200);
  });

  it('ends with the next refresh, which keeps the proof of the sign-in', async () => {
    const app = tokenApp({ methods: [pin] });
    const signedIn = await app.signIn();
    const signedInAt = app.clock.now();
    await stepUp(app, signedIn).expect(200);
    const next: TokenAnswer = (await app.refresh(signedIn.refresh_token).expect(200)).body;
    assert.notEqual(next.refresh_token, signedIn.refresh_token); // though it is young: its session token is replaced
    const { proofs } = (await app.me(next.access_token).expect(200)).body;
    assert.deepEqual(proofs, [{ method: 'password', verifiedAt: signedInAt }]);
  });

  // The token of the step-up came without a refresh token, so its use says nothing of the lost one: to take the
  // parent for stolen would log the user out for a lost answer.
  it('leaves the parent of a lost answer in force, however the new session token is used', async () => {
    const { app, parent, lost, stepped } = await steppedUpAfterALostRefresh();
    await app.confirm(stepped.access_token);
    app.clock.advance('1m');
    await app.confirm((await stepUp(app, stepped).expect(200)).body.access_token);
    app.clock.advance('1m');
    const again: TokenAnswer = (await app.refresh(parent.refresh_token).expect(200)).body;
    assert.equal(again.refresh_token, lost.refresh_token);
    const next: TokenAnswer = (await app.refresh(again.refresh_token).expect(200)).body;
    await app.me(next.access_token).expect(200);
  });

  it('kills the session token of the lost answer', async () => {
    const { app, lost, stepped } = await steppedUpAfterALostRefresh();
    await app.me(lost.access_token).expect(401);
    await app.me(stepped.access_token).expect(200);
  });
});
