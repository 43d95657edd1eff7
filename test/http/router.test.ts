import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import bodyParser from 'body-parser';
import type { RefusalCode } from '../../lib/http/refusal.js';
import type { Middleware } from '../../lib/http/require-session.js';
import { assertRefused } from '../support/answers.js';
import { type App, frameworks, sendJson, testApp } from '../support/app.js';
import { Browser, type Sent } from '../support/browser.js';
import { testInstance } from '../support/instance.js';
import { chunked, type RawAnswer, sendRaw } from '../support/raw.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const TOO_LARGE = JSON.stringify({ refresh_token: 'x'.repeat(65_536) });
interface BadBody {
  readonly sent: Sent;
  readonly refused: readonly [status: number, code: RefusalCode];
  /** Whether a parser of the app, which comes first, has its own say. */
  readonly appDecides?: boolean;
}

const unsupported = [415, 'unsupported_media_type'] as const;
const invalid = [400, 'request_invalid'] as const;
const tooLarge = [413, 'body_too_large'] as const;

/** Bodies of POST /logout: it would answer 204 to any of them that it took for none. */
const BAD_BODIES: Readonly<Record<string, BadBody>> = {
  'plain text': { sent: { body: '{}', headers: { 'Content-Type': 'text/plain' } }, refused: unsupported },
  'a form': {
    sent: { body: 'a=b', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
    refused: unsupported,
  },
  'another JSON type': {
    sent: { body: '{}', headers: { 'Content-Type': 'application/ld+json' } },
    refused: unsupported,
  },
  'a type that begins like JSON': {
    sent: { body: '{}', headers: { 'Content-Type': 'application/jsonp' } },
    refused: unsupported,
  },
  'two types': {
    sent: { body: '{}', headers: { 'Content-Type': 'application/json, text/plain' } },
    refused: unsupported,
  },
  'JSON in Latin 1': {
    sent: { body: '{}', headers: { 'Content-Type': 'application/json; charset=iso-8859-1' } },
    refused: unsupported,
    appDecides: true,
  },
  'compressed JSON': {
    sent: { body: '{}', headers: { ...JSON_TYPE, 'Content-Encoding': 'gzip' } },
    refused: unsupported,
    appDecides: true,
  },
  'broken JSON': { sent: { body: '{"a":', headers: JSON_TYPE }, refused: invalid, appDecides: true },
  'no JSON at all': { sent: { body: 'canary', headers: JSON_TYPE }, refused: invalid, appDecides: true },
  'a list': { sent: { body: '[]', headers: JSON_TYPE }, refused: invalid },
  'a list with an object': { sent: { body: '[{}]', headers: JSON_TYPE }, refused: invalid },
  null: { sent: { body: 'null', headers: JSON_TYPE }, refused: invalid, appDecides: true },
  'a string': { sent: { body: '"x"', headers: JSON_TYPE }, refused: invalid, appDecides: true },
  'a number': { sent: { body: '1', headers: JSON_TYPE }, refused: invalid, appDecides: true },
  'an unknown field': { sent: { body: { refresh_tokn: 'x' } }, refused: invalid },
  'a field called __proto__': {
    sent: { body: '{"__proto__":{"refresh_token":"x"}}', headers: JSON_TYPE },
    refused: invalid,
  },
  'a field called constructor': { sent: { body: '{"constructor":1}', headers: JSON_TYPE }, refused: invalid },
  'more than 64 KiB': { sent: { body: TOO_LARGE, headers: JSON_TYPE }, refused: tooLarge },
};

const PARSERS: Readonly<Record<string, readonly Middleware[]>> = {
  'without a parser of the app': [],
  'after the JSON parser of the app': [bodyParser.json({ limit: '1mb' })],
  'after the JSON and form parsers of the app': [
    bodyParser.json({ limit: '1mb' }),
    bodyParser.urlencoded({ extended: false }),
  ],
};

async function signedIn(create: () => App, before: readonly Middleware[] = []) {
  const { auth } = testInstance();
  const app = testApp(auth, { create, before });
  const browser = new Browser(app.app);
  await browser.signIn();
  return { ...app, browser };
}

for (const [framework, create] of Object.entries(frameworks)) {
  describe(`the router on ${framework}`, () => {
    for (const [what, parser] of Object.entries({
      bytes: bodyParser.raw({ type: () => true }),
      text: bodyParser.text({ type: () => true }),
    })) {
      it(`says that another parser has read the body as ${what}`, async () => {
        const { app, errors } = testApp(testInstance().auth, { create, before: [parser] });
        const browser = new Browser(app);
        for (const path of ['/auth/logout', '/auth/token/refresh']) {
          const response = await browser.post(path, { body: { refresh_token: 'canary' } });
          assertRefused(response, 400, 'request_invalid');
          assert.match(response.body.detail, /Another parser has read the body, and not as JSON/);
          assert.ok(!response.text.includes('canary'));
        }
        assert.equal((await browser.post('/auth/logout')).status, 204); // no body, nothing to read
        assert.deepEqual(errors, []);
      });
    }

    for (const [where, before] of Object.entries(PARSERS)) {
      for (const [what, { sent, refused, appDecides = false }] of Object.entries(BAD_BODIES)) {
        if (appDecides && before.length > 0) continue;
        it(`refuses ${what} with ${refused.join(' ')}, ${where}`, async () => {
          const { browser, errors } = await signedIn(create, before);
          const response = await browser.post('/auth/logout', sent);
          assertRefused(response, ...refused);
          assert.ok(!response.text.includes('canary'));
          assert.equal((await browser.get('/me')).status, 200, 'the session was ended');
          assert.deepEqual(errors, []);
        });
      }

      for (const [what, sent] of Object.entries({
        'no body': {},
        'an empty object': { body: {} },
        'a length of 0 and any type': { headers: { 'Content-Length': '0', 'Content-Type': 'text/plain' } },
        'JSON with a charset': { body: '{}', headers: { 'Content-Type': 'Application/JSON ; charset="UTF-8"' } },
        'a field of the route': { body: { refresh_token: 'x' } },
        'a field of another type': { body: { refresh_token: { x: 1 } } },
      } satisfies Record<string, Sent>)) {
        it(`takes ${what}, ${where}`, async () => {
          const { browser } = await signedIn(create, before);
          assert.equal((await browser.post('/auth/logout', sent)).status, 204);
          assert.equal((await browser.get('/me')).status, 401);
        });
      }
    }

    it('reads no more than 64 KiB of a body whose length nobody has told', async () => {
      const { app, browser } = await signedIn(create);
      const headers = [
        'Content-Type: application/json',
        'Transfer-Encoding: chunked',
        `Cookie: ${browser.cookieHeader()}`,
      ];
      const send = (body: string): Promise<RawAnswer> =>
        sendRaw(app, { start: 'POST /auth/logout', headers, body: chunked(body) });
      const answer = await send(TOO_LARGE);
      assert.equal(answer.status, 413);
      assert.equal(JSON.parse(answer.body).code, 'body_too_large');
      assert.equal((await browser.get('/me')).status, 200);
      assert.equal((await send('{"refresh_token":"x"}')).status, 204);
    });

    it('never takes a body for none, whatever its type looks like', async () => {
      const { browser } = await signedIn(create);
      const endings = [
        '',
        ';',
        '; ',
        ';;',
        '; charset',
        '; charset=',
        '; charset="',
        '; =',
        ' ; x=y',
        ';"',
        '; charset=utf-8; charset=x',
        '\t;x=y',
        ' x',
        '\u00a0',
      ];
      for (const ending of endings) {
        const headers = { 'Content-Type': `application/json${ending}` };
        const { status } = await browser.post('/auth/logout', { body: '{"unknown":1}', headers });
        assert.ok(status === 400 || status === 415, `${status} for ${JSON.stringify(ending)}`);
      }
      assert.equal((await browser.get('/me')).status, 200);
    });

    it('stands wherever it is mounted', async () => {
      for (const mount of ['/', '/api/v1/auth', '/auth/']) {
        const { auth } = testInstance();
        const { app } = testApp(auth, { create, mount });
        const browser = new Browser(app);
        await browser.signIn();
        const path = `${mount.replace(/\/$/, '')}/session`;
        assert.equal((await browser.get(path)).status, 200, path);
      }
    });

    it('lets the app answer what is none of its paths, untouched', async () => {
      const { auth } = testInstance();
      const show: Middleware = (req, res) => {
        const body = { url: req.url, auth: (req as { auth?: unknown }).auth, caching: res.getHeader('Cache-Control') };
        sendJson(res, body);
      };
      const { app } = testApp(auth, { create, routes: { '/auth': [auth.router(), show] } });
      for (const path of ['/', '/sessions/a/b', '/session/x', '/nothing', '/sessionsx', '/__proto__']) {
        for (const method of ['GET', 'POST', 'OPTIONS']) {
          const headers = { 'Sec-Fetch-Site': 'cross-site', Cookie: '__Host-session=x', ...JSON_TYPE };
          const { status, body } = await new Browser(app).send(method, `/auth${path}`, { headers });
          assert.deepEqual([status, body.url, body.auth, body.caching], [200, path, undefined, undefined]);
        }
      }
    });

    for (const [method, path, allow] of [
      ['GET', '/logout', 'POST'],
      ['HEAD', '/logout', 'POST'],
      ['OPTIONS', '/logout', 'POST'],
      ['POST', '/session', 'GET, HEAD'],
      ['PUT', '/sessions', 'GET, HEAD, DELETE'],
      ['OPTIONS', '/sessions', 'GET, HEAD, DELETE'],
      ['GET', '/sessions/AAAAAAAAAAAAAAAAAAAAAA', 'DELETE'],
      ['PATCH', '/sessions/AAAAAAAAAAAAAAAAAAAAAA', 'DELETE'],
      ['GET', '/token/refresh', 'POST'],
    ] as const) {
      it(`answers ${method} ${path} with 405 and what is allowed`, async () => {
        const { browser } = await signedIn(create);
        const response = await browser.send(method, `/auth${path}`);
        assert.equal(response.status, 405);
        assert.equal(response.headers['allow'], allow);
        if (method !== 'HEAD') assertRefused(response, 405, 'method_not_allowed');
        assert.equal((await browser.get('/me')).status, 200);
      });
    }

    it('refuses a path that is wrongly encoded', async () => {
      const { browser, errors } = await signedIn(create);
      for (const id of ['%', '%zz', '%c3%28', '%ff']) {
        assertRefused(await browser.delete(`/auth/sessions/${id}`), 400, 'request_invalid');
      }
      assert.deepEqual(errors, []);
    });
  });
}
