import assert from 'node:assert/strict';
import { validateHeaderValue } from 'node:http';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  invalidTokenChallenge,
  noCredentialChallenge,
  type StepUpReason,
  stepUpChallenges,
} from '../../lib/http/www-authenticate.js';
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

/** What `make` gives, or null where it refuses with a `SetupError`. */
function unlessRefused<T>(make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    assert.ok(error instanceof SetupError, String(error));
    return null;
  }
}

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme-ascii' }),
  fc.string({
    unit: fc.constantFrom('"', '\\', ',', '=', ' ', '\t', '\r', '\n', '\0', '\x7f', 'é', '\u2028', 'a', 'Bearer'),
  }),
  fc.constantFrom('', 'https://app.example', 'urn:mace:incommon:iap:silver', 'a\r\nSet-Cookie: a=b', 'x", error="'),
);

describe('the challenge without a credential', () => {
  it('has a realm and no word of an error', () => {
    assert.deepEqual(paramsOf(noCredentialChallenge('https://app.example')), [['realm', 'https://app.example']]);
  });

  it('parses whatever the realm, or refuses it', () => {
    fc.assert(
      fc.property(hostile, (realm) => {
        const header = unlessRefused(() => noCredentialChallenge(realm));
        if (header !== null) assert.deepEqual(paramsOf(header), [['realm', realm]]);
      }),
    );
  });
});

describe('the challenge for a useless credential', () => {
  it('says invalid_token, and nothing of step-up', () => {
    const params = paramsOf(invalidTokenChallenge('https://app.example'));
    assert.deepEqual(
      params.map(([name]) => name),
      ['realm', 'error', 'error_description'],
    );
    assert.equal(Object.fromEntries(params)['error'], 'invalid_token');
  });

  it('refuses the realms that the other one refuses', () => {
    fc.assert(
      fc.property(hostile, (realm) => {
        const header = unlessRefused(() => invalidTokenChallenge(realm));
        assert.equal(header === null, unlessRefused(() => noCredentialChallenge(realm)) === null);
        if (header !== null) assert.equal(Object.fromEntries(paramsOf(header))['realm'], realm);
      }),
    );
  });
});

describe('the step-up challenge', () => {
  it('carries the parameters of RFC 9470 and a description for each reason', () => {
    const headers = stepUpChallenges(['phr', 'urn:example:otp'], 300_000);
    const descriptions = REASONS.map((reason) => {
      const { error_description, ...params } = Object.fromEntries(paramsOf(headers[reason]));
      assert.deepEqual(params, {
        error: 'insufficient_user_authentication',
        acr_values: 'phr urn:example:otp',
        max_age: '300',
      });
      return error_description;
    });
    assert.equal(new Set(descriptions).size, REASONS.length);
  });

  it('keeps the order of the acr values and names none twice', () => {
    const params = Object.fromEntries(paramsOf(stepUpChallenges(['phr', 'otp', 'phr', 'Phr'], 1_000).missing));
    assert.equal(params['acr_values'], 'phr otp Phr');
  });

  it('leaves acr_values out when there are none, and says 0 for an action', () => {
    const params = paramsOf(stepUpChallenges([], 0).spent);
    assert.deepEqual(
      params.map(([name]) => name),
      ['error', 'error_description', 'max_age'],
    );
    assert.equal(Object.fromEntries(params)['max_age'], '0');
  });

  it('refuses an age that must be a whole number of seconds', () => {
    for (const maxAge of [-1_000, 1_500, 1, Number.NaN, Number.POSITIVE_INFINITY, 1e21]) {
      assert.throws(() => stepUpChallenges(['phr'], maxAge), SetupError, String(maxAge));
    }
  });

  it('refuses an acr that is no single word', () => {
    for (const acr of ['', ' ', 'a b', 'a"b', 'a\\b', 'a\r\nb', 'ä', 'a\t']) {
      assert.throws(() => stepUpChallenges(['phr', acr], 0), { name: 'SetupError', message: /acr.*can't stand/ });
    }
  });

  it('parses whatever the acr values, or refuses them', () => {
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 4 }), fc.nat(), (acrs, seconds) => {
        const headers = unlessRefused(() => stepUpChallenges(acrs, seconds * 1_000));
        if (headers === null) return;
        for (const reason of REASONS) {
          const params: Record<string, string> = Object.fromEntries(paramsOf(headers[reason]));
          assert.deepEqual(params['acr_values']?.split(' ') ?? [], [...new Set(acrs)]);
          assert.equal(params['max_age'], String(seconds));
        }
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
