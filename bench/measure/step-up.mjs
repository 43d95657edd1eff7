import { randomBytes } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';
import { memoryStore, stepgate } from '../../dist/esm/index.js';
import { passkey } from '../../dist/esm/passkey.js';
import { signedIn, softwareAuthenticator } from '../../dist/esm/testing.js';
import { settings } from '../settings.mjs';
import { median, spread } from '../statistics.mjs';

const origin = 'http://localhost:3000';
const rpID = 'localhost';
const CALLS = settings.quick ? 20 : 300;

/**
 * `verifyStepUp` whole (challenge, attempts, passkey, counter, proof, new token) on the memory store, beside the call of
 * @simplewebauthn/server that it makes, on an answer of the same authenticator.
 */
export async function measureStepUp() {
  const auth = stepgate({
    secret: randomBytes(32).toString('base64url'),
    issuer: origin,
    insecureCookies: true,
    store: memoryStore(),
    methods: [passkey({ rpID, rpName: 'Example', origins: [origin] })],
    users: { find: (id) => ({ name: id }) },
  });
  const authenticator = softwareAuthenticator({ origin });
  const credential = await register(authenticator);
  await auth.methods.import('ada', 'passkey', {
    id: credential.id,
    userHandle: 'dXNlcg',
    publicKey: Buffer.from(credential.publicKey).toString('base64url'),
    counter: 0,
    backupEligible: false,
    backedUp: false,
    transports: ['internal'],
  });

  const ours = [];
  const bare = [];
  for (let round = -1; round < settings.rounds; round++) {
    const steps = await Promise.all(Array.from({ length: CALLS }, () => begin(auth, authenticator)));
    let time = 0;
    let bareTime = 0;
    for (const { req, res, begun, response } of steps) {
      time += await timed(() =>
        auth.verifyStepUp(req, res, { method: 'passkey', challengeId: begun.challengeId, response }),
      );
      bareTime += await timed(() =>
        verifyAuthenticationResponse({
          response,
          expectedChallenge: begun.options.challenge,
          expectedOrigin: origin,
          expectedRPID: rpID,
          requireUserVerification: true,
          credential: { id: credential.id, publicKey: credential.publicKey, counter: 0 },
        }),
      );
    }
    if (round >= 0) ours.push(time / CALLS);
    if (round >= 0) bare.push(bareTime / CALLS);
  }
  await auth.close();
  const value = median(ours.map((time, round) => time / bare[round]));
  const line = (name, times) => [name, median(times).toFixed(0), `${(spread(times) * 100).toFixed(0)} %`];
  return {
    title: 'Step-up with a passkey, memory store',
    columns: ['call', 'µs', 'spread'],
    lines: [line('`verifyStepUp`', ours), line('`verifyAuthenticationResponse`', bare)],
    rows: [
      {
        what: 'step-up verify (passkey): of bare `verifyAuthenticationResponse`',
        target: 'at most 1.30',
        value: value.toFixed(2),
        met: value <= 1.3,
      },
    ],
  };
}

async function register(authenticator) {
  const challenge = randomBytes(32).toString('base64url');
  const response = authenticator.create({
    challenge,
    rp: { id: rpID, name: 'Example' },
    user: { id: 'dXNlcg', name: 'ada', displayName: 'Ada' },
    pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
  });
  const { registrationInfo } = await verifyRegistrationResponse({
    response,
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: rpID,
  });
  return registrationInfo.credential;
}

/** A session of its own for each, so that none waits for another. */
async function begin(auth, authenticator) {
  const { headers } = await signedIn(auth, { userId: 'ada' });
  const req = new IncomingMessage(new Socket());
  Object.assign(req, { method: 'POST', url: '/', headers: { host: 'localhost', origin, ...headers } });
  const begun = await auth.beginStepUp(req, { method: 'passkey' });
  return { req, res: new ServerResponse(req), begun, response: authenticator.get(begun.options) };
}

async function timed(call) {
  const start = performance.now();
  const { verified } = await call();
  if (!verified) throw new Error('A proof was refused.');
  return (performance.now() - start) * 1_000;
}
