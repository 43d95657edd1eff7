import type { Draft } from './draft.js';
import type { Mutation } from './mutate-body.js';
import { nastyText, spoilText, wellFormed } from './nasty.js';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE', 'CONNECT', 'BREW', 'get', ''];
const CONTENT_TYPES = [
  'application/json; charset=utf-8',
  'application/json;charset=utf-16',
  'application/json; charset=x',
  'APPLICATION/JSON',
  'application/json,text/plain',
  'application/problem+json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/plain',
  'text/html',
  '*/*',
  'json',
  '',
];
const ENCODINGS = ['gzip', 'br', 'deflate', 'identity', 'x'];
const COOKIES = ['__Host-session', '__Host-access', '__Host-refresh', '__Host-sign-in', 'session', '__proto__'];
const ORIGINS = ['https://app.example', 'https://evil.example', 'null', 'https://app.example.evil.example', ''];
const SITES = ['same-origin', 'same-site', 'cross-site', 'none', 'x'];
const HEADERS = [
  'Authorization',
  'Cookie',
  'Origin',
  'Sec-Fetch-Site',
  'Content-Type',
  'Content-Encoding',
  'X-Forwarded-For',
  'X-HTTP-Method-Override',
  'User-Agent',
  'Expect',
  'Upgrade',
  'Connection',
  'Accept',
];

function header({ headers }: Draft, name: string): [string, string] | undefined {
  return headers.find(([other]) => other === name);
}

function set(draft: Draft, name: string, value: string): void {
  const found = header(draft, name);
  if (found === undefined) draft.headers.push([name, value]);
  else found[1] = value;
}

const spoilMethod: Mutation = (draft, random) => {
  draft.method = random.pick(METHODS);
};

const spoilPath: Mutation = (draft, random) => {
  const segments = draft.path.split('/');
  const at = 1 + random.below(segments.length);
  const forms: (() => void)[] = [
    () => segments.splice(at, 1),
    () => segments.splice(at, 0, encodeURIComponent(wellFormed(nastyText(random)))),
    () => segments.splice(at, 0, nastyText(random)),
    () => segments.splice(at, 1, spoilText(random, segments[at] ?? '')),
    () => segments.splice(at, 1, encodeURIComponent(wellFormed(spoilText(random, segments[at] ?? '')))),
    () =>
      segments.splice(
        at,
        1,
        (segments[at] ?? '').replace(/./, (first) => `%${first.charCodeAt(0).toString(16)}`),
      ),
    () => segments.push(''),
    () => segments.push(`?${nastyText(random)}`),
    () => segments.push(`?keep=current&revokeOthers=true&${'a[b][c]='.repeat(random.below(100))}`),
  ];
  random.pick(forms)();
  draft.path = segments.join('/');
};

const spoilHeader: Mutation = (draft, random) => {
  if (draft.headers.length === 0) return;
  const found = random.pick(draft.headers);
  found[random.chance(0.05) ? 0 : 1] = spoilText(random, found[1]);
};

const dropHeader: Mutation = (draft, random) => {
  draft.headers.splice(random.below(draft.headers.length + 1), 1);
};

const repeatHeader: Mutation = (draft, random) => {
  if (draft.headers.length === 0) return;
  const [name, value] = random.pick(draft.headers);
  draft.headers.push([name, random.chance(0.5) ? value : spoilText(random, value)]);
};

const addHeader: Mutation = (draft, random) => {
  draft.headers.push([random.pick(HEADERS), random.chance(0.02) ? 'x'.repeat(20_000) : nastyText(random)]);
};

const spoilCookies: Mutation = (draft, random) => {
  const pairs = header(draft, 'Cookie')?.[1].split('; ') ?? [];
  const pair = pairs.length === 0 ? '' : random.pick(pairs);
  const value = pair.slice(pair.indexOf('=') + 1);
  const forms = [
    () => [...pairs, pair],
    () => [...pairs, `${random.pick(COOKIES)}=${value}`],
    () => [...pairs, `${random.pick(COOKIES)}=${nastyText(random)}`],
    () => [`${random.pick(COOKIES)}=${spoilText(random, value)}`],
    () => [`${random.pick(COOKIES)}=${value}`],
    () => [`${random.pick(COOKIES)}="${value}"`],
    () => [`${random.pick(COOKIES)} \t=\t${encodeURIComponent(wellFormed(value))}`],
    () => [...pairs, ...Array.from({ length: random.below(300) }, (_, i) => `c${i}=${i}`)],
    () => pairs.map((other) => other.replace('__Host-', random.pick(['__Secure-', '__host-', '']))),
  ];
  set(
    draft,
    'Cookie',
    random
      .pick(forms)()
      .join(random.pick(['; ', ';', ', ', ' ;'])),
  );
};

const spoilAuthorization: Mutation = (draft, random) => {
  const value = header(draft, 'Authorization')?.[1] ?? header(draft, 'Cookie')?.[1].split('=')[1] ?? '';
  const token = value.replace(/^Bearer /, '');
  const [head = '', claims = '', signature = ''] = token.split('.');
  const json = (text: string): string => Buffer.from(text).toString('base64url');
  const forms = [
    () => `Bearer ${spoilText(random, token)}`,
    () => `${random.pick(['bearer', 'BEARER', 'Basic', 'Digest', 'Bearer ', ''])} ${token}`,
    () => `Bearer ${json('{"alg":"none","typ":"at+jwt"}')}.${claims}.`,
    () => `Bearer ${spoilText(random, head)}.${claims}.${signature}`,
    () => `Bearer ${head}.${spoilText(random, claims)}.${signature}`,
    () => `Bearer ${head}.${claims}.${spoilText(random, signature)}`,
    () => `Bearer ${json(JSON.stringify({ alg: 'HS256', kid: wellFormed(nastyText(random)) }))}.${claims}.${signature}`,
    () => `Bearer ${token}.${token}`,
    () => `Bearer key_${nastyText(random)}`,
  ];
  set(draft, 'Authorization', random.pick(forms)());
};

const spoilAbout: Mutation = (draft, random) => {
  const forms: (() => void)[] = [
    () => set(draft, 'Content-Type', random.pick(CONTENT_TYPES)),
    () => set(draft, 'Content-Encoding', random.pick(ENCODINGS)),
    () => set(draft, 'Origin', random.pick(ORIGINS)),
    () => set(draft, 'Sec-Fetch-Site', random.pick(SITES)),
  ];
  random.pick(forms)();
};

export const HEAD_MUTATIONS: readonly Mutation[] = [
  spoilMethod,
  spoilPath,
  spoilPath,
  spoilHeader,
  dropHeader,
  repeatHeader,
  addHeader,
  spoilCookies,
  spoilCookies,
  spoilAuthorization,
  spoilAuthorization,
  spoilAbout,
];
