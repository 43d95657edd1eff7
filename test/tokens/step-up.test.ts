import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Method, Proof } from '../../lib/index.js';
import { pin } from '../support/pin.js';
import { type TokenAnswer, type TokenApp, tokenApp } from './app.js';
import { readJwt } from './jwt.js';

const stepUp = (app: TokenApp, { access_token }: TokenAnswer) => app.stepUp(access_token);

const jtiOf = ({ access_token }: TokenAnswer) => readJwt(access_token).jti;

const otherPin: Method = { ...pin, name: 'other-pin' };

/** A refresh whose answer never reached the client, and a step-up with the access token that it still has. */
async function steppedUpAfterALostRefresh(methods: readonly Method[] = [pin]) {
  const app = tokenApp({ methods });
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
    const stepped: TokenAnswer = (await stepUp(app, signedIn).expect(200)).body;
    const next: TokenAnswer = (await app.refresh(signedIn.refresh_token).expect(200)).body;
    assert.equal(next.refresh_token, signedIn.refresh_token); // it is young: only the session token is renewed
    assert.deepEqual(await proofsOf(app, next), [{ method: 'password', verifiedAt: signedInAt }]);
    assert.deepEqual(await proofsOf(app, stepped), []); // the previous one by now
    assert.equal(jtiOf((await app.refresh(next.refresh_token).expect(200)).body), jtiOf(next));
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

  it('by the current session token is the first use of the refresh token that came with it', async () => {
    const app = tokenApp({ methods: [pin] });
    const parent = await app.signIn();
    app.clock.advance('1m');
    const child: TokenAnswer = (await app.refresh(parent.refresh_token).expect(200)).body;
    await stepUp(app, child).expect(200);
    app.clock.advance(30);
    await app.refresh(parent.refresh_token).expect(401);
    assert.ok(app.events.some(({ type }) => type === 'session.refresh-reused'));
  });

  it('leaves the session token of the lost answer as the previous one, which proves nothing', async () => {
    const { app, lost, stepped } = await steppedUpAfterALostRefresh();
    assert.deepEqual(methodsOf(await proofsOf(app, stepped)), ['password', 'pin']);
    assert.deepEqual(await proofsOf(app, lost), []);
    await app.confirm(stepped.access_token);
    app.clock.advance(10);
    await app.me(lost.access_token).expect(401);
    await app.me(stepped.access_token).expect(200);
  });

  it('by the previous session token takes the proof of the current one away', async () => {
    const { app, parent, lost } = await steppedUpAfterALostRefresh([pin, otherPin]);
    const other: TokenAnswer = (await app.stepUp(lost.access_token, 'other-pin').expect(200)).body;
    assert.deepEqual(methodsOf(await proofsOf(app, other)), ['other-pin', 'password']);
    await app.me(parent.access_token).expect(401);
  });
});

async function proofsOf(app: TokenApp, { access_token }: TokenAnswer): Promise<readonly Proof[]> {
  return (await app.me(access_token).expect(200)).body.proofs;
}

function methodsOf(proofs: readonly Proof[]): readonly string[] {
  return proofs.map(({ method }) => method).sort();
}
