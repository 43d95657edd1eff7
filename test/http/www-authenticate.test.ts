import assert from 'node:assert/strict';
import { validateHeaderValue } from 'node:http';
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import { bearer, createWwwAuthenticate } from '../../lib/http/refusal.js';
import { type StepUpReason, stepUpChallenge } from '../../lib/http/step-up-refusal.js';
import { SetupError } from '../../lib/internal/setup-error.js';
import { parseChallenges } from '../support/challenges.js';

const REASONS: readonly StepUpReason[] = ['missing', 'expired', 'spent'];

/** The parameters of the one Bearer challenge, in order. Each is quoted and within the characters of RFC 6750, 3. */
function paramsOf(header: string): [name: string, value: string][] {
  validateHeaderValue('WWW-Authenticate', header);
  const [challenge, ...others] = parseChallenges(header);
  assert.equal(others.length, 0);
  assert.equal(challenge?.scheme, 'Bearer');
  assert.equal(challenge.token68, null);
  const params = Object.entries(challenge.params);
  for (const [name, value] of params) {
    assert.match(value, /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
    assert.ok(header.includes(`${name}="${value}"`));
  }
  return params;
}

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme-ascii' }),
  fc.string({
    unit: fc.constantFrom('"', '\\', ',', '=', ' ', '\t', '\r', '\n', '\0', '\x7f', 'é', '\u2028', 'a', 'Bearer'),
  }),
  fc.constantFrom('', 'https://app.example', 'urn:mace:incommon:iap:silver', 'a\r\nSet-Cookie: a=b', 'x", error="'),
);

const origin = 'https://app.example';

describe('the challenge without a credential', () => {
  it('has a realm and no word of an error', () => {
    assert.deepEqual(paramsOf(createWwwAuthenticate(origin).sessionRequired), [['realm', origin]]);
  });
});

describe('the challenge for a useless credential', () => {
  it('says invalid_token, and nothing of step-up', () => {
    const params = paramsOf(createWwwAuthenticate(origin).invalidToken);
    assert.deepEqual(
      params.map(([name]) => name),
      ['realm', 'error', 'error_description'],
    );
    assert.equal(Object.fromEntries(params)['error'], 'invalid_token');
  });
});

describe('the step-up challenge', () => {
  it('carries the parameters of RFC 9470 and a description for each reason', () => {
    const descriptions = REASONS.map((reason) => {
      const header = stepUpChallenge(reason, ['phr', 'urn:example:otp'], 300_000);
      const { error_description, ...params } = Object.fromEntries(paramsOf(header));
      assert.deepEqual(params, {
        error: 'insufficient_user_authentication',
        acr_values: 'phr urn:example:otp',
        max_age: '300',
      });
      return error_description;
    });
    assert.equal(new Set(descriptions).size, REASONS.length);
  });

  it('leaves acr_values out when there are none, and says 0 for an action', () => {
    const params = paramsOf(stepUpChallenge('spent', [], 0));
    assert.deepEqual(
      params.map(([name]) => name),
      ['error', 'error_description', 'max_age'],
    );
    assert.equal(Object.fromEntries(params)['max_age'], '0');
  });
});

describe('a Bearer challenge', () => {
  it('parses whatever its parameters, or is refused', () => {
    fc.assert(
      fc.property(hostile, hostile, (realm, values) => {
        const params: [string, string][] = [
          ['realm', realm],
          ['acr_values', values],
        ];
        let header: string;
        try {
          header = bearer(params);
        } catch (error) {
          assert.ok(error instanceof SetupError, String(error));
          return;
        }
        assert.deepEqual(paramsOf(header), params);
      }),
    );
  });
});

describe('the parser that these tests trust', () => {
  it('reads the examples of the standards', () => {
    assert.deepEqual(
      parseChallenges('Basic realm="simple", Newauth realm="apps", type=1,\t title="Login to \\"apps\\""'),
      [
        { scheme: 'Basic', token68: null, params: { realm: 'simple' } },
        { scheme: 'Newauth', token68: null, params: { realm: 'apps', type: '1', title: 'Login to "apps"' } },
      ],
    );
    assert.deepEqual(parseChallenges('Negotiate, Negotiate YWJj==, Bearer'), [
      { scheme: 'Negotiate', token68: null, params: {} },
      { scheme: 'Negotiate', token68: 'YWJj==', params: {} },
      { scheme: 'Bearer', token68: null, params: {} },
    ]);
  });

  for (const header of [
    '',
    ' ',
    ',',
    'Bearer ',
    'Bearer realm="a',
    'Bearer realm=a"',
    'Bearer realm="a\\"',
    'Bearer realm="a" error="b"',
    'Bearer realm = "a"',
    'Bearer realm="a",',
    'Bearer realm="a",, error="b"',
    'Bearer realm="a", Realm="b"',
    'Bearer realm="ä"',
    'Bearer realm="a\nb"',
    'Bearer error="b" c',
    '"Bearer" realm="a"',
  ]) {
    it(`refuses ${JSON.stringify(header)}`, () => {
      assert.throws(() => parseChallenges(header), SyntaxError);
    });
  }
});
