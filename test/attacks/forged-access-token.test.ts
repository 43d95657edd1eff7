import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { beforeAll, describe, it } from '@jest/globals';
import { parseSecrets } from '../../lib/internal/keys.js';
import type { Store } from '../../lib/stores/contract/store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { ORIGIN, SECRET } from '../support/instance.js';
import { type TokenAnswer, type TokenApp, tokenApp } from '../tokens/app.js';
import { type Jwt, kidOf, readJwt, segment, signed, signingKey } from '../tokens/jwt.js';

/** Makes a forgery out of a genuine token and its parts. */
type Forge = (jwt: Jwt, genuine: TokenAnswer) => string;

const OTHER_SECRET = 'another secret, 32 bytes or more!!';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed25519 = generateKeyPairSync('ed25519');
const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();

const withHeader =
  (change: Readonly<Record<string, unknown>>, key: Uint8Array | string = signingKey, hash?: string): Forge =>
  ({ header, parts }) =>
    signed(segment({ ...header, ...change }), parts[1], key, hash);

const withClaims =
  (change: Readonly<Record<string, unknown>> | ((jwt: Jwt) => Readonly<Record<string, unknown>>)): Forge =>
  (jwt) =>
    signed(jwt.parts[0], segment({ ...jwt.claims, ...(typeof change === 'function' ? change(jwt) : change) }));

const withPayload =
  (content: string): Forge =>
  ({ parts }) =>
    signed(parts[0], segment(content));

const unsigned =
  (alg: string, signature?: string): Forge =>
  ({ header, parts }) =>
    `${segment({ ...header, alg })}.${parts[1]}.${signature ?? parts[2]}`;

const written =
  (write: (header: string, claims: string, signature: string) => string): Forge =>
  ({ parts }) =>
    write(...parts);

const now = (jwt: Jwt): number => Number(jwt.claims['iat']);

// A member that is undefined is left out of the JSON.
const forgeries: Readonly<Record<string, Forge>> = {
  'alg none without a signature': unsigned('none', ''),
  'alg None without a signature': unsigned('None', ''),
  'alg NONE without a signature': unsigned('NONE', ''),
  'alg nOnE without a signature': unsigned('nOnE', ''),
  'alg none with some signature': unsigned('none', 'AAAA'),
  'alg none with the genuine signature': unsigned('none'),
  'alg none, signed': withHeader({ alg: 'none' }),
  'no alg': withHeader({ alg: undefined }),
  'alg null': withHeader({ alg: null }),
  'alg in a list': withHeader({ alg: ['HS256'] }),
  'alg in small letters': withHeader({ alg: 'hs256' }),
  'alg HS384 with the genuine key': withHeader({ alg: 'HS384' }, signingKey, 'sha384'),
  'alg HS512 with the genuine key': withHeader({ alg: 'HS512' }, signingKey, 'sha512'),
  'HS384 under the header of HS256': ({ parts }) => signed(parts[0], parts[1], signingKey, 'sha384'),
  'alg RS256, signed by HMAC': withHeader({ alg: 'RS256' }),
  'alg RS256, signed by a key of the forger': ({ header, parts }) => {
    const input = `${segment({ ...header, alg: 'RS256' })}.${parts[1]}`;
    return `${input}.${sign('sha256', Buffer.from(input), rsa.privateKey).toString('base64url')}`;
  },
  'alg ES256, signed by a key of the forger': ({ header, parts }) => {
    const input = `${segment({ ...header, alg: 'ES256' })}.${parts[1]}`;
    const key = { key: ec.privateKey, dsaEncoding: 'ieee-p1363' } as const;
    return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
  },
  'alg EdDSA, signed by a key of the forger': ({ header, parts }) => {
    const input = `${segment({ ...header, alg: 'EdDSA' })}.${parts[1]}`;
    return `${input}.${sign(null, Buffer.from(input), ed25519.privateKey).toString('base64url')}`;
  },
  'HS256 with a public key as the secret': withHeader({}, publicPem),
  'HS256 with the secret itself as the key': withHeader({}, SECRET),
  'HS256 with an empty key': withHeader({}, ''),
  'HS256 with the key of another purpose': withHeader({}, parseSecrets(SECRET)[0].key('refresh tag')),
  'HS256 with the key of another app': withHeader({}, parseSecrets(OTHER_SECRET)[0].key('access token')),
  'HS256 with the kid and the key of another app': withHeader(
    { kid: kidOf(OTHER_SECRET) },
    parseSecrets(OTHER_SECRET)[0].key('access token'),
  ),
  'an embedded jwk that fits the signature': withHeader(
    { jwk: { kty: 'oct', k: Buffer.from('forger').toString('base64url') } },
    'forger',
  ),
  'an embedded jwk, signed by the genuine key': withHeader({ jwk: { kty: 'oct', k: 'AAAA' } }),
  'a jku': withHeader({ jku: 'https://forger.example/keys' }),
  'an x5u': withHeader({ x5u: 'https://forger.example/chain' }),
  'an x5c': withHeader({ x5c: ['AAAA'] }),
  'typ JWT': withHeader({ typ: 'JWT' }),
  'no typ': withHeader({ typ: undefined }),
  'typ at+jwt with its media type': withHeader({ typ: 'application/at+jwt' }),
  'typ AT+JWT': withHeader({ typ: 'AT+JWT' }),
  'typ dpop+jwt': withHeader({ typ: 'dpop+jwt' }),
  'no kid': withHeader({ kid: undefined }),
  'an empty kid': withHeader({ kid: '' }),
  'a kid that is a path': withHeader({ kid: '../../../dev/null' }, ''),
  'a kid that is SQL': withHeader({ kid: "' or 1=1 --" }),
  'a foreign kid': withHeader({ kid: kidOf(OTHER_SECRET) }),
  'an unknown crit': withHeader({ crit: ['exp-by-forger'] }),
  'a crit of b64': withHeader({ crit: ['b64'], b64: false }),
  'an empty crit': withHeader({ crit: [] }),
  'a cty': withHeader({ cty: 'JWT' }),
  'a zip': withHeader({ zip: 'DEF' }),
  'a header in another order': ({ header: { alg, typ, kid }, parts }) => signed(segment({ kid, typ, alg }), parts[1]),
  'a header with spaces': ({ header, parts }) => signed(segment(JSON.stringify(header, null, 1)), parts[1]),
  'a header with alg twice': ({ header, parts }) =>
    signed(segment(`{"alg":"none",${JSON.stringify(header).slice(1)}`), parts[1]),
  'a header that is no JSON': ({ parts }) => signed(segment('HS256'), parts[1]),
  'no jti': withClaims({ jti: undefined }),
  'jti null': withClaims({ jti: null }),
  'an empty jti': withClaims({ jti: '' }),
  'a jti that is a number': withClaims({ jti: 1 }),
  'a jti in a list': withClaims(({ jti }) => ({ jti: [jti] })),
  'a jti that is too short': withClaims(({ jti }) => ({ jti: jti.slice(1) })),
  'a jti that is too long': withClaims(({ jti }) => ({ jti: `${jti}A` })),
  'a jti of our length that is no base64url': withClaims({ jti: '+'.repeat(42).concat('A') }),
  'no sub': withClaims({ sub: undefined }),
  'sub null': withClaims({ sub: null }),
  'a sub that is a number': withClaims({ sub: 1 }),
  'no sid': withClaims({ sid: undefined }),
  'a sid that is a number': withClaims({ sid: 1 }),
  'a sid that is no id': withClaims({ sid: 'session' }),
  'no iss': withClaims({ iss: undefined }),
  'a foreign iss': withClaims({ iss: 'https://forger.example' }),
  'an iss with a slash more': withClaims({ iss: `${ORIGIN}/` }),
  'an iss in capitals': withClaims({ iss: ORIGIN.toUpperCase() }),
  'an iss in a list': withClaims({ iss: [ORIGIN] }),
  'no aud': withClaims({ aud: undefined }),
  'a foreign aud': withClaims({ aud: 'https://forger.example' }),
  'an empty aud': withClaims({ aud: [] }),
  'foreign auds': withClaims({ aud: ['https://forger.example', `${ORIGIN}/`] }),
  'no exp': withClaims({ exp: undefined }),
  'exp null': withClaims({ exp: null }),
  'an exp in a string': withClaims((jwt) => ({ exp: String(jwt.claims['exp']) })),
  'an exp in the past': withClaims((jwt) => ({ exp: now(jwt) - 1 })),
  'an exp that is now': withClaims((jwt) => ({ exp: now(jwt) })),
  'an exp before 1970': withClaims({ exp: -1 }),
  'an nbf in the future': withClaims((jwt) => ({ nbf: now(jwt) + 60 })),
  'an nbf in a string': withClaims((jwt) => ({ nbf: String(now(jwt)) })),
  'claims that are no JSON': withPayload('{'),
  'claims in a list': ({ claims, parts }) => signed(parts[0], segment([claims])),
  'claims that are a string': withPayload('"claims"'),
  'claims that are null': withPayload('null'),
  'no claims': written((header, _claims, signature) => `${header}..${signature}`),
  'claims of another token': ({ claims, parts }) => `${parts[0]}.${segment({ ...claims, sub: 'grace' })}.${parts[2]}`,
  'a token inside a token': ({ parts }) => signed(parts[0], segment(parts.join('.'))),
  'no signature': written((header, claims) => `${header}.${claims}.`),
  'no third part': written((header, claims) => `${header}.${claims}`),
  'a fourth part': written((...parts) => `${parts.join('.')}.AAAA`),
  'five parts, as in a JWE': written((...parts) => `${parts.join('.')}.AAAA.AAAA`),
  'a dot before': written((...parts) => `.${parts.join('.')}`),
  'dots only': () => '..',
  'one word': () => 'token',
  'nothing at all': () => '',
  'parts in another order': written((header, claims, signature) => `${claims}.${header}.${signature}`),
  'a signature that is cut short': written((header, claims, signature) => `${header}.${claims}.${signature.slice(1)}`),
  'a signature with a character more': written((...parts) => `${parts.join('.')}A`),
  'a signature with a bit changed': written((header, claims, signature) => {
    const bytes = Buffer.from(signature, 'base64url');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    return `${header}.${claims}.${bytes.toString('base64url')}`;
  }),
  'a signature in another spelling of the same bytes': written((header, claims, signature) => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet[alphabet.indexOf(signature.at(-1) ?? '') + 1] ?? '';
    assert.deepEqual(Buffer.from(`${signature.slice(0, -1)}${last}`, 'base64url'), Buffer.from(signature, 'base64url'));
    return `${header}.${claims}.${signature.slice(0, -1)}${last}`;
  }),
  'a padded signature': written((...parts) => `${parts.join('.')}=`),
  'padded parts': written((...parts) => parts.map((part) => `${part}==`).join('.')),
  'a space inside': written((header, claims, signature) => `${header}. ${claims}.${signature}`),
  'a second token behind a space': written((...parts) => `${parts.join('.')} ${parts.join('.')}`),
  'a question mark': written((...parts) => `${parts.join('.')}?`),
  'a letter that is not ASCII': written((...parts) => `${parts.join('.')}é`),
  'quotes around it': written((...parts) => `"${parts.join('.')}"`),
  'dots in percent-encoding': written((...parts) => parts.join('%2E')),
  'the flattened JSON serialisation': written((header, payload, signature) =>
    JSON.stringify({ protected: header, payload, signature }),
  ),
  'the general JSON serialisation': written((header, payload, signature) =>
    JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
  ),
  'claims of 5,000 characters': withClaims({ more: 'x'.repeat(5_000) }),
  '12,000 random characters': () => randomBytes(9_000).toString('base64url'),
  'a session token': ({ jti }) => jti,
  'a session id': (_jwt, genuine) => genuine.session_id,
  'a refresh token': (_jwt, genuine) => genuine.refresh_token,
};

/** Well made with the stolen key, but not what the row says: only the store can tell. */
const foreign: Readonly<Record<string, Forge>> = {
  'the jti of no session': withClaims({ jti: randomBytes(32).toString('base64url') }),
  'the sub of somebody else': withClaims({ sub: 'grace' }),
  'the sid of another session': withClaims({ sid: randomBytes(16).toString('base64url') }),
};

/** A store that notes which of its operations were asked for. */
function watched(store: Store): { readonly store: Store; readonly calls: PropertyKey[] } {
  const calls: PropertyKey[] = [];
  const sessions = new Proxy(store.sessions, {
    get(target, name) {
      calls.push(name);
      return Reflect.get(target, name);
    },
  });
  return { store: { ...store, sessions }, calls };
}

describe('a forged access token', () => {
  let app: TokenApp;
  let genuine: TokenAnswer;
  let calls: PropertyKey[];

  beforeAll(async () => {
    const { store, calls: noted } = watched(memoryStore());
    app = tokenApp({ store });
    genuine = await app.signIn();
    calls = noted;
  });

  it('is told from a genuine one, which the store is asked about', async () => {
    calls.length = 0;
    await app.me(genuine.access_token).expect(200);
    assert.deepEqual(calls, ['find']);
    const { header, claims } = readJwt(genuine.access_token);
    await app.me(signed(segment(header), segment(claims))).expect(200); // so the forgeries fail for what is wrong in them
  });

  for (const [what, forge] of Object.entries(forgeries)) {
    it(`is refused before the store is asked: ${what}`, async () => {
      const forged = forge(readJwt(genuine.access_token), genuine);
      calls.length = 0;
      const answer = await app.me(forged).expect(401);
      assert.equal(answer.body.code, 'session_invalid');
      assert.match(answer.get('WWW-Authenticate') ?? '', /^Bearer realm="[^"]+", error="invalid_token"/);
      assert.deepEqual(calls, []);
      assert.ok(!answer.text.includes(genuine.session_id));
    });
  }

  for (const [what, forge] of Object.entries(foreign)) {
    it(`is refused by the session's row: ${what}`, async () => {
      calls.length = 0;
      const answer = await app.me(forge(readJwt(genuine.access_token), genuine)).expect(401);
      assert.equal(answer.body.code, 'session_invalid');
      assert.deepEqual(calls, ['find']);
    });
  }

  it('has ended nothing', async () => {
    await app.me(genuine.access_token).expect(200);
    assert.ok(!app.events.some(({ type }) => type === 'session.revoked'));
  });
});
