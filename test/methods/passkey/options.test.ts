import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { SetupError } from '../../../lib/internal/setup-error.js';
import { type PasskeyOptions, passkey } from '../../../lib/methods/passkey/index.js';

const ANDROID = 'android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck';
const good = { rpID: 'app.example', rpName: 'Example', origins: ['https://app.example'] };

describe('passkey(options)', () => {
  const accepted: readonly (readonly [what: string, options: Partial<PasskeyOptions>])[] = [
    ['the host itself', {}],
    ['subdomains and ports', { origins: ['https://app.example', 'https://login.app.example:8443'] }],
    ['http on localhost', { rpID: 'localhost', origins: ['http://localhost:3000', 'https://localhost'] }],
    ['http below localhost', { rpID: 'app.localhost', origins: ['http://app.localhost:3000'] }],
    ['a domain in punycode', { rpID: 'xn--bcher-kva.example', origins: ['https://xn--bcher-kva.example'] }],
    ['a page of another domain beside its own', { origins: ['https://app.example', 'https://app-example.net'] }],
    ['an Android app beside a page, and alone', { origins: [ANDROID] }],
    ['a site that may frame', { allowedTopOrigins: ['https://partner.example'] }],
    ['a timeout', { timeout: '2m' }],
    ['counters that are reported', { counter: 'report' }],
    ['counters that are refused', { counter: 'refuse' }],
  ];

  for (const [what, options] of accepted) {
    it(`takes ${what}`, () => {
      assert.equal(passkey({ ...good, ...options }).name, 'passkey');
    });
  }

  const refused: readonly (readonly [what: string, options: unknown, message: RegExp])[] = [
    ['nothing', undefined, /takes an object/],
    ['a misspelt option', { ...good, rpId: 'app.example' }, /rpId.*Did you mean `rpID`/s],
    ['no rpID', { ...good, rpID: undefined }, /rpID.*must be a domain/],
    ['an rpID with a scheme', { ...good, rpID: 'https://app.example' }, /host alone/],
    ['an rpID with a port', { ...good, rpID: 'app.example:443' }, /host alone/],
    ['an rpID with a path', { ...good, rpID: 'app.example/' }, /host alone/],
    ['an rpID in capitals', { ...good, rpID: 'App.example' }, /small letters/],
    ['an address as rpID', { ...good, rpID: '127.0.0.1', origins: ['https://127.0.0.1'] }, /must be a domain/],
    ['an IPv6 address as rpID', { ...good, rpID: '[::1]', origins: ['https://[::1]'] }, /must be a domain/],
    ['an rpID with a user', { ...good, rpID: 'a@app.example' }, /must be a domain/],
    ['no rpName', { ...good, rpName: '' }, /rpName.*missing/],
    ['no origins', { ...good, origins: [] }, /has none of app\.example/],
    ['origins that are no list', { ...good, origins: 'https://app.example' }, /must be a list of origins/],
    ['an origin with a slash', { ...good, origins: ['https://app.example/'] }, /without a path or a slash/],
    ['an origin with a default port', { ...good, origins: ['https://app.example:443'] }, /must be a list of origins/],
    ['http', { ...good, origins: ['http://app.example'] }, /http is for localhost only/],
    ['another scheme', { ...good, origins: ['ftp://app.example'] }, /must be a list of origins/],
    ['other domains only', { ...good, origins: ['https://app.net', 'https://app.org'] }, /has none of app\.example/],
    ['an origin that only ends alike', { ...good, origins: ['https://notapp.example'] }, /has none of app\.example/],
    ['a parent of the rpID', { ...good, rpID: 'login.app.example' }, /has none of login\.app\.example/],
    ['an Android app without a hash', { ...good, origins: ['android:apk-key-hash:'] }, /must be a list of origins/],
    ['an Android hash in hexadecimal', { ...good, origins: [`android:apk-key-hash:${'0f'.repeat(32)}`] }, /list of/],
    ['an Android hash with padding', { ...good, origins: [`${ANDROID}=`] }, /must be a list of origins/],
    ['an Android hash of 33 bytes', { ...good, origins: [`${ANDROID}A`] }, /must be a list of origins/],
    ['an Android app that shows pages', { ...good, allowedTopOrigins: [ANDROID] }, /allowedTopOrigins/],
    ['null', { ...good, origins: ['https://app.example', 'null'] }, /must be a list of origins/],
    ['a top origin in clear', { ...good, allowedTopOrigins: ['http://partner.example'] }, /allowedTopOrigins/],
    ['any top origin', { ...good, allowedTopOrigins: ['*'] }, /allowedTopOrigins.*no wildcards/],
    ['a wildcard', { ...good, origins: ['https://*.app.example'] }, /https:\/\/\*\.app\.example.*no wildcards/],
    ['a wildcard beside others', { ...good, origins: ['https://app.example', 'https://app.*'] }, /no wildcards.*each/],
    ['a wildcard for a port', { ...good, origins: ['https://app.example:*'] }, /no wildcards/],
    ['a wildcard of top origins', { ...good, allowedTopOrigins: ['https://*.partner.example'] }, /no wildcards/],
    ['an unknown counter', { ...good, counter: 'ignore' }, /passkey\.counter.*'refuse' or 'report'/],
    ['a counter of no name', { ...good, counter: true }, /passkey\.counter/],
    ['a timeout without a unit', { ...good, timeout: '300' }, /passkey\.timeout/],
  ];

  for (const [what, options, message] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => passkey(options as PasskeyOptions), // what no compiler lets through
        (error) => error instanceof SetupError && message.test(error.message),
      );
    });
  }

  it('says what it stands for: phishing-resistant, two factors, no hardware that nobody has attested', () => {
    const { acr, amr, guessable, needs } = passkey(good);
    assert.equal(acr, 'phr');
    assert.deepEqual(amr, ['pop', 'user', 'mfa']);
    assert.equal(guessable, false);
    assert.deepEqual(needs, ['challenges', 'passkeys', 'users']);
  });
});
