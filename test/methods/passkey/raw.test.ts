import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { sha256 } from '../../../lib/testing/authenticator/authenticator-data.js';
import { type Cbor, encodeCbor } from '../../../lib/testing/authenticator/cbor.js';
import { createKeyPair } from '../../../lib/testing/authenticator/key-pair.js';
import { NOW, newChallenge, ORIGIN, RP_ID, setUp } from './setting.js';

// What the software authenticator doesn't send, signed as it is. The numbers are the steps of WebAuthn Level 3, 7.2.

const keyPair = createKeyPair([-7], ['ES256']);
assert.ok(keyPair);
const { cose, sign } = keyPair;
const id = Buffer.alloc(32, 1).toString('base64url');
const [UP_UV, AT, ED] = [0x05, 0x40, 0x80];
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

async function outcomeOf(flags: number, rest: Uint8Array, text: (clientData: string) => string = (same) => same) {
  const { services, method } = setUp();
  const context = { services, userId: 'alice', now: NOW };
  const passkey = { id, userHandle: 'AA', publicKey: base64url(cose), counter: 0, transports: [] };
  await method.import(context, { ...passkey, backupEligible: false, backedUp: false });
  const value = newChallenge();
  const clientData = Buffer.from(text(JSON.stringify({ type: 'webauthn.get', challenge: value, origin: ORIGIN })));
  const authData = Buffer.concat([sha256(Buffer.from(RP_ID)), Buffer.of(UP_UV | flags), Buffer.alloc(4), rest]);
  const response = {
    clientDataJSON: base64url(clientData),
    authenticatorData: base64url(authData),
    signature: base64url(sign(Buffer.concat([authData, sha256(clientData)]))),
  };
  const answer = {
    response: { id, rawId: id, type: 'public-key', response },
    challenge: { value, createdAt: NOW + 1 },
  };
  return (await method.verify({ ...context, ...answer })).outcome;
}

const nothing = Buffer.alloc(0);

describe('an assertion that is signed', () => {
  it('is accepted with a byte order mark, spaces and a member twice in its client data (steps 8, 9)', async () => {
    assert.equal(await outcomeOf(0, nothing), 'verified');
    assert.equal(await outcomeOf(0, nothing, (json) => `\uFEFF${json}`), 'verified');
    assert.equal(await outcomeOf(0, nothing, (json) => ` ${json}\n`), 'verified');
    assert.equal(
      await outcomeOf(0, nothing, (json) => json.replace('{', '{"origin":"https://evil.example",')),
      'verified',
    );
  });

  it('is refused when the member that counts, the last one, is wrong', async () => {
    assert.equal(
      await outcomeOf(0, nothing, (json) => json.replace('}', ',"origin":"https://evil.example"}')),
      'failed',
    );
    assert.equal(await outcomeOf(0, nothing, (json) => json.replace('}', ',"crossOrigin":true}')), 'failed');
    assert.equal(await outcomeOf(0, nothing, (json) => `${json}{}`), 'failed');
    assert.equal(await outcomeOf(0, nothing, (json) => `\uFEFF\uFEFF${json}`), 'failed');
  });

  it('is accepted with extension outputs that nobody asked for (step 23)', async () => {
    const extensions = new Map<string, Cbor>([
      ['hmac-secret', Buffer.alloc(32)],
      ['__proto__', new Map([['admin', 1]])],
      ['credProtect', 2],
    ]);
    assert.equal(await outcomeOf(ED, encodeCbor(extensions)), 'verified');
    assert.equal(({} as { admin?: unknown }).admin, undefined); // what a careless reader of extensions would have set
  });

  it('is accepted with an attested credential, which an assertion has no use for', async () => {
    const attested = Buffer.concat([Buffer.alloc(16), Buffer.of(0, 32), Buffer.from(id, 'base64url'), cose]);
    assert.equal(await outcomeOf(AT, attested), 'verified');
  });

  it('is refused with bytes left over, or with less than its flags say', async () => {
    assert.equal(await outcomeOf(0, Buffer.of(0)), 'failed');
    assert.equal(await outcomeOf(ED, nothing), 'failed');
    assert.equal(await outcomeOf(AT, nothing), 'failed');
    assert.equal(await outcomeOf(ED, Buffer.of(0xa0, 0)), 'failed');
  });
});
