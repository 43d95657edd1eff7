import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { SetupError } from '../../../lib/internal/setup-error.js';
import { NOW, outcomeOf, setUp } from './setting.js';
import { TEST_VECTORS, type TestVector } from './test-vectors.js';

const context = { userId: 'alice', now: NOW };

async function assertion(
  { id, publicKey, backupEligible, authentication }: TestVector,
  allowedTopOrigins: string[] = [],
) {
  const { services, method } = setUp({ rpID: 'example.org', origins: ['https://example.org'], allowedTopOrigins });
  const passkey = { id, userHandle: 'AA', publicKey, counter: 0, backupEligible, backedUp: false, transports: [] };
  await method.import({ services, ...context }, passkey);
  const { challenge: value, ...response } = authentication;
  const outcome = await method.verify({
    services,
    ...context,
    response: { id, rawId: id, type: 'public-key', response },
    challenge: { value, createdAt: NOW + 1 },
  });
  return outcomeOf(outcome, id);
}

const UV = 0x04;
const isUserVerified = ({ authentication }: TestVector) =>
  ((Buffer.from(authentication.authenticatorData, 'base64url')[32] ?? 0) & UV) !== 0;

describe('the test vectors of WebAuthn Level 3', () => {
  const framed = ['ES256, in a frame', 'ES256, in a frame of example.com'];
  const usable = TEST_VECTORS.filter(({ title }) => title !== 'Ed448' && !framed.includes(title));

  for (const vector of usable.filter(isUserVerified)) {
    it(`are accepted: ${vector.title}`, async () => {
      assert.deepEqual(await assertion(vector), { outcome: 'verified' });
    });
  }

  for (const vector of usable.filter((candidate) => !isUserVerified(candidate))) {
    it(`are refused without user verification: ${vector.title}`, async () => {
      assert.deepEqual(await assertion(vector), { outcome: 'failed', reason: 'rejected' });
    });
  }

  it('are refused in a frame, except of a site that is listed', async () => {
    for (const vector of TEST_VECTORS.filter(({ title }) => framed.includes(title))) {
      assert.deepEqual(await assertion(vector), { outcome: 'failed', reason: 'rejected' });
      const says = vector.title.endsWith('example.com') ? 'verified' : 'failed'; // only this one says whose frame it is
      assert.equal((await assertion(vector, ['https://example.com'])).outcome, says);
    }
  });

  it('have a key for Ed448, which Web Crypto here cannot check, so that it is not taken', async () => {
    const vector = TEST_VECTORS.find(({ title }) => title === 'Ed448');
    assert.ok(vector);
    await assert.rejects(assertion(vector), SetupError);
  });
});
