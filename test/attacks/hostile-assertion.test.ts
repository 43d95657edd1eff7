// Parsers as targets (CBOR bombs, oversized and truncated input): the attacker sends a signed-in step-up what no authenticator makes.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { AuthenticationResponseJSON } from '../../lib/testing/authenticator/messages.js';
import { verify } from '../step-up/app.js';
import { assertion, assertPresence, passkeyApp, withPasskey } from '../step-up/passkeys.js';

const b64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64url');
const NESTED = Buffer.alloc(20_000, 0x81); // a list in a list in a list

/** The members of the response that replace good ones. */
const RESPONSES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'no members': { clientDataJSON: undefined, authenticatorData: undefined, signature: undefined },
  numbers: { clientDataJSON: 1, authenticatorData: 2, signature: 3 },
  'empty texts': { clientDataJSON: '', authenticatorData: '', signature: '' },
  'texts that are no base64url': { clientDataJSON: '%%%', authenticatorData: 'ä', signature: '\u0000' },
  'client data that is no JSON': { clientDataJSON: b64('{') },
  'client data that is null': { clientDataJSON: b64('null') },
  'client data that is a list': { clientDataJSON: b64('[]') },
  'deep client data': { clientDataJSON: b64(`${'['.repeat(20_000)}${']'.repeat(20_000)}`) },
  'client data with a prototype': { clientDataJSON: b64('{"__proto__":{"type":"webauthn.get"}}') },
  'authenticator data that is cut off': { authenticatorData: b64(new Uint8Array(36)) },
  'authenticator data that says there is more': {
    authenticatorData: b64(Buffer.concat([Buffer.alloc(32), Buffer.from([0xc5]), Buffer.alloc(4)])),
  },
  'a CBOR bomb for extensions': {
    authenticatorData: b64(Buffer.concat([Buffer.alloc(32), Buffer.from([0x85]), Buffer.alloc(4), NESTED])),
  },
  'a signature that is cut off': { signature: b64(new Uint8Array(1)) },
  'a signature that is no DER': { signature: b64(new Uint8Array(20_000)) },
  'a user handle that is an object': { userHandle: {} },
};

/** What replaces the whole answer. */
const ANSWERS: Readonly<Record<string, object>> = {
  nothing: {},
  'a list': [],
  'an id that is an object': { id: {}, rawId: {}, type: 'public-key', response: {} },
  'an id of another type': { id: 7, rawId: 7, type: 'public-key', response: {} },
  'a long id': { id: 'A'.repeat(20_000), rawId: 'A'.repeat(20_000), type: 'public-key', response: {} },
  'a response that is text': { id: 'A', rawId: 'A', type: 'public-key', response: 'x' },
  'a prototype': JSON.parse('{"__proto__":{"id":"A"},"constructor":{"prototype":{}}}'),
};

describe('a step-up that is answered with', () => {
  const of = (good: AuthenticationResponseJSON): readonly (readonly [string, object])[] => [
    ...Object.entries(RESPONSES).map(
      ([what, more]) => [what, { ...good, response: { ...good.response, ...more } }] as const,
    ),
    ...Object.entries(ANSWERS),
  ];

  for (const what of [...Object.keys(RESPONSES), ...Object.keys(ANSWERS)]) {
    it(`${what} is refused as any other, burns its challenge, and does no harm`, async () => {
      const app = passkeyApp();
      const ada = await withPasskey(app);
      const { challengeId, response } = await assertion(ada);
      const [, hostile] = of(response as AuthenticationResponseJSON).find(([name]) => name === what) ?? assert.fail(); // the authenticator's
      const { status, body } = await verify(ada.browser, 'passkey', hostile, challengeId);
      assert.deepEqual([status, body.code], [403, 'step_up_failed']);
      assert.equal((await verify(ada.browser, 'passkey', response, challengeId)).status, 403);
      assert.equal((await assertPresence(ada)).status, 200);
      assert.deepEqual(app.errors, []);
      assert.deepEqual(app.told('dependency.failed'), []);
    });
  }
});
