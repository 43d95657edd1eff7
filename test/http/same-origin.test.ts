import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { assertRefused } from '../support/answers.js';
import { sendJson, testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { ORIGIN, type TestInstanceOptions, testInstance } from '../support/instance.js';

const ORIGINS = {
  absent: undefined,
  same: ORIGIN,
  other: 'https://evil.example',
  null: 'null',
  trusted: 'https://admin.app.example',
} as const;
const SITES = {
  absent: undefined,
  'same-origin': 'same-origin',
  none: 'none',
  'same-site': 'same-site',
  'cross-site': 'cross-site',
  empty: '',
  junk: 'junk',
} as const;

type Site = keyof typeof SITES;
type Row = Readonly<Record<keyof typeof ORIGINS, 'yes' | 'no' | 'standard'>>;

const ALWAYS: Row = { absent: 'yes', same: 'yes', other: 'yes', null: 'yes', trusted: 'yes' };
const TRUSTED_ONLY: Row = { absent: 'no', same: 'no', other: 'no', null: 'no', trusted: 'yes' };

/** Which unsafe requests pass, by `Sec-Fetch-Site` and `Origin`; `standard`: not in strict mode. */
const TABLE: Readonly<Record<Site, Row>> = {
  absent: { absent: 'standard', same: 'yes', other: 'no', null: 'no', trusted: 'yes' },
  'same-origin': ALWAYS,
  none: ALWAYS,
  'same-site': TRUSTED_ONLY,
  'cross-site': TRUSTED_ONLY,
  empty: TRUSTED_ONLY,
  junk: TRUSTED_ONLY, // Go refuses it, too; OWASP would ignore it
};

/** A browser of a signed-in user, and an app with every kind of unsafe request. */
async function arrange(options: TestInstanceOptions = {}) {
  const instance = testInstance({ trustedOrigins: [ORIGINS.trusted], ...options });
  const same = [
    instance.auth.requireSameOrigin,
    (_req: unknown, res: Parameters<typeof sendJson>[0]) => sendJson(res, {}),
  ];
  const app = testApp(instance.auth, { routes: { '/same': same } });
  const browser = new Browser(app.app);
  await browser.signIn();
  instance.events.length = 0;
  return { ...instance, ...app, browser };
}

const cases = Object.entries(TABLE).flatMap(([site, row]) =>
  Object.entries(row).map(([origin, passes]) => ({
    site,
    origin,
    passes,
    headers: { 'Sec-Fetch-Site': SITES[site as Site], Origin: ORIGINS[origin as keyof typeof ORIGINS] }, // the keys of TABLE
  })),
);

for (const csrf of ['standard', 'strict'] as const) {
  describe(`an unsafe request with our cookie, csrf: '${csrf}'`, () => {
    for (const { site, origin, passes, headers } of cases) {
      const isFine = passes === 'yes' || passes === csrf;
      it(`${isFine ? 'passes' : 'is refused'} with Sec-Fetch-Site ${site} and Origin ${origin}`, async () => {
        const { browser, handled, auth } = await arrange({ csrf });
        for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']) {
          const response = await browser.send(method, '/me', { headers });
          if (isFine) assert.equal(response.status, 200, method);
          else assertRefused(response, 403, 'cross_origin');
        }
        assert.equal(handled.length, isFine ? 5 : 0);
        const [same, logout, login] = [
          await browser.post('/same', { headers }),
          await browser.post('/auth/logout', { headers }),
          await browser.post('/login', { headers, body: {} }),
        ];
        if (isFine) {
          assert.deepEqual([same.status, logout.status, login.status], [200, 204, 200]);
        } else {
          for (const response of [same, logout, login]) assertRefused(response, 403, 'cross_origin');
          assert.equal((await auth.sessions.listForUser('ada')).sessions.length, 1);
        }
      });
    }
  });
}

describe('a safe request', () => {
  it('passes wherever it comes from', async () => {
    const { browser, handled } = await arrange({ csrf: 'strict' });
    for (const { headers } of cases) {
      for (const method of ['GET', 'HEAD', 'OPTIONS']) {
        assert.equal((await browser.send(method, '/me', { headers })).status, 200);
      }
      assert.equal((await browser.get('/auth/sessions', { headers })).status, 200);
      assert.equal((await browser.get('/same', { headers })).status, 200);
    }
    assert.equal(handled.length, cases.length * 3);
  });
});

describe('an origin', () => {
  for (const [what, origin] of Object.entries({
    'that ours is the beginning of': 'https://app.example.evil.example',
    'that ours is the end of': 'https://evilapp.example',
    'below ours': 'https://evil.app.example',
    'of another port': 'https://app.example:8443',
    'of another scheme': 'http://app.example',
    'with a path': 'https://app.example/',
    'in capitals': 'HTTPS://APP.EXAMPLE',
    'beside ours': 'https://app.example, https://evil.example',
    'with our name as a user': 'https://app.example@evil.example',
    'below a trusted one': 'https://x.admin.app.example',
    'that is empty': '',
  })) {
    it(`${what} is another one`, async () => {
      const { browser } = await arrange();
      const headers = { 'Sec-Fetch-Site': undefined, Origin: origin };
      assertRefused(await browser.post('/me', { headers }), 403, 'cross_origin');
    });
  }

  it('is compared with the issuer, never with what the request says of its host', async () => {
    const { browser } = await arrange();
    const headers = {
      'Sec-Fetch-Site': undefined,
      Origin: 'https://evil.example',
      Host: 'evil.example',
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'https',
    };
    assertRefused(await browser.post('/me', { headers }), 403, 'cross_origin');
    assert.equal((await browser.post('/me', { headers: { ...headers, Origin: ORIGIN } })).status, 200);
  });

  it("is the issuer's without its path and default port", async () => {
    const { browser } = await arrange({ issuer: 'https://app.example:443/tenant' });
    assert.equal((await browser.post('/me', { headers: { 'Sec-Fetch-Site': undefined, Origin: ORIGIN } })).status, 200);
  });

  it('that a list of two sites names is another one', async () => {
    const { browser } = await arrange();
    assertRefused(
      await browser.post('/me', { headers: { 'Sec-Fetch-Site': 'same-origin, cross-site' } }),
      403,
      'cross_origin',
    );
  });
});

describe('the check of the origin', () => {
  const foreign = { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' };

  it('is made before the cookie is looked at, whatever that is worth', async () => {
    const { browser, events, clock } = await arrange();
    for (const Cookie of ['__Host-session=x', '__Host-session=a; __Host-session=b', '__Host-access=x']) {
      for (const path of ['/me', '/maybe']) {
        assertRefused(await browser.post(path, { headers: { ...foreign, Cookie } }), 403, 'cross_origin');
      }
    }
    assert.equal(events.length, 6);
    assert.deepEqual(events[0], { type: 'session.refused', reason: 'cross-origin', ip: '127.0.0.1', at: clock.now() });
  });

  it('of a guard is no concern of requests without a credential, or with one that no browser adds by itself', async () => {
    const { browser } = await arrange();
    const headers = { ...foreign, Cookie: undefined };
    assertRefused(await browser.post('/me', { headers }), 401, 'session_required');
    assert.equal((await browser.post('/maybe', { headers })).body, null);
    const Authorization = 'Bearer no.good.token';
    assertRefused(await browser.post('/me', { headers: { ...headers, Authorization } }), 401, 'session_invalid');
  });

  it('of the routes is made whether or not a credential came along', async () => {
    const { browser } = await arrange();
    const headers = { ...foreign, Cookie: undefined };
    for (const [method, path] of [
      ['POST', '/logout'],
      ['POST', '/token/refresh'],
      ['DELETE', '/sessions'],
      ['DELETE', '/sessions/AAAAAAAAAAAAAAAAAAAAAA'],
      ['POST', '/sessions'],
    ] as const) {
      const all = { ...headers, Authorization: 'Bearer no.good.token' };
      assertRefused(await browser.send(method, `/auth${path}`, { headers }), 403, 'cross_origin');
      assertRefused(await browser.send(method, `/auth${path}`, { headers: all }), 403, 'cross_origin');
    }
  });
});
