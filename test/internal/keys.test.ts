import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { describe, it } from '@jest/globals';
import { type KeyPurpose, parseSecrets } from '../../lib/internal/keys.js';

const ONE = 'canary one, a secret of thirty-two bytes';
const TWO = 'canary two, a secret of thirty-two bytes';
const PURPOSES = Object.keys({
  'access token': true,
  'refresh tag': true,
  rotation: true,
  'session token': true,
  'step-up': true,
  'sign-in challenge': true,
  'user handle': true,
  'totp secret': true,
  'recovery code': true,
  'foreign session': true,
  'return token': true,
  'pending sign-in': true,
} satisfies Record<KeyPurpose, true>) as KeyPurpose[]; // so that none is left out

describe('parseSecrets', () => {
  it('gives another key of 32 bytes for each purpose of each secret', () => {
    const keys = parseSecrets([ONE, TWO]).flatMap((secret) => PURPOSES.map((purpose) => secret.key(purpose)));
    assert.deepEqual(new Set(keys.map(({ length }) => length)), new Set([32]));
    assert.equal(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size, 2 * PURPOSES.length);
  });

  it('gives the same keys in every process, so that a restart logs nobody out', () => {
    const [secret] = parseSecrets(ONE);
    assert.deepEqual(parseSecrets(ONE)[0].key('rotation'), secret.key('rotation'));
    assert.equal(parseSecrets(ONE)[0].id, secret.id);
  });

  it('keeps the order: the first makes, all verify', () => {
    const ids = parseSecrets([ONE, undefined, TWO]).map(({ id }) => id);
    assert.deepEqual(ids, [parseSecrets(ONE)[0].id, parseSecrets(TWO)[0].id]);
  });

  it('says in an id which secret it was and nothing of the secret', () => {
    const [secret] = parseSecrets(ONE);
    assert.match(secret.id, /^[\w-]{8}$/);
    assert.ok(!inspect(secret, { depth: 9, showHidden: true }).includes('canary'));
  });
});
