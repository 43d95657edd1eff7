import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Response } from 'supertest';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { assertRefused } from '../support/answers.js';
import { testApp } from '../support/app.js';
import { Browser, type Sent } from '../support/browser.js';
import { faultyStore } from '../support/faulty-store.js';
import { testInstance } from '../support/instance.js';
import { sendRaw } from '../support/raw.js';

const NAME = '__Host-session';
/** What writes nothing: `revoke` neither, where there is no such session. */
const READS: ReadonlySet<string> = new Set(['find', 'get', 'list', 'listForUser', 'revoke']);

/** A signed-in browser; `check` says that nothing was written and nothing reached the app's error handler. */
async function arrange() {
  const store = faultyStore(memoryStore());
  const instance = testInstance({ store });
  const app = testApp(instance.auth);
  const browser = new Browser(app.app);
  const { session } = await browser.signIn();
  const token = browser.cookies.get(NAME) ?? '';
  store.calls.length = 0;
  instance.events.length = 0;
  const check = async (): Promise<void> => {
    assert.deepEqual(
      store.calls.filter((call) => !READS.has(call)),
      [],
    );
    assert.deepEqual(app.errors, []);
    assert.deepEqual(
      instance.events.filter(({ type }) => type !== 'session.refused'),
      [],
    );
    assert.deepEqual((await instance.auth.sessions.listForUser('ada')).sessions, [session]);
  };
  return { ...instance, ...app, store, browser, session, token, check };
}

/** A problem of stepgate with a status below 500, in which nothing looks like code. */
function assertNamed(response: Response, statuses: readonly number[]): void {
  assert.ok(statuses.includes(response.status), `${response.status} ${response.text}`);
  if (response.status < 400) return;
  assertRefused(response, response.status, response.body.code);
  assert.doesNotMatch(response.text, /\bat |node_modules|\.js|Error:/);
}

/** Cookies that are no session, made of one that is. */
const BAD_COOKIES: Readonly<Record<string, (token: string) => string>> = {
  'a token without its last character': (token) => token.slice(0, -1),
  'a token with one character more': (token) => `${token}A`,
  'another spelling of the same 32 bytes': (token) => token.slice(0, -1) + nextCharacter(token.at(-1) ?? ''),
  'a padded token': (token) => `${token}=`,
  'a quoted token': (token) => `"${token}"`,
  'a token in capitals': (token) => (token.toUpperCase() === token ? 'A' : token.toUpperCase()),
  'a percent-encoded token': (token) => token.replace(/./g, (character) => `%${character.charCodeAt(0).toString(16)}`),
  'a token with a space in it': (token) => `${token.slice(0, 20)} ${token.slice(20)}`,
  'a token with a tab in it': (token) => `${token.slice(0, 20)}\t${token.slice(20)}`,
  'a token behind a no-break space': (token) => `\u00a0${token}`,
  'two tokens with a comma': (token) => `${token},${token}`,
  'base64 with + and /': () => `${'+/'.repeat(21)}A`,
  'bytes past ASCII': () => '\u00e9'.repeat(43),
  '8,000 characters': () => 'A'.repeat(8_000),
  'a percent-encoded NUL': (token) => `${token}%00`,
  JSON: (token) => JSON.stringify({ token }),
  'a path': () => '../../etc/passwd',
  'a statement': () => "' OR '1'='1",
  'a prototype': () => '__proto__',
};

function nextCharacter(character: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(character) + 1] ?? '';
}

describe('a cookie', () => {
  for (const [what, spoil] of Object.entries(BAD_COOKIES)) {
    it(`with ${what} is 401, and nobody where a session is optional`, async () => {
      const { app, token, check } = await arrange();
      const headers = [`Cookie: ${NAME}=${spoil(token)}`];
      for (const [start, status] of [
        ['GET /me', 401],
        ['GET /maybe', 200],
        ['GET /auth/session', 401],
        ['GET /auth/sessions', 401],
        ['DELETE /auth/sessions', 401],
        ['DELETE /auth/sessions/AAAAAAAAAAAAAAAAAAAAAA', 401],
        ['POST /auth/logout', 204],
      ] as const) {
        assert.equal((await sendRaw(app, { start, headers })).status, status, start);
      }
      await check();
    });
  }

  for (const [what, lines] of Object.entries<(token: string) => readonly string[]>({
    'in two header lines': (token) => [`Cookie: ${NAME}=${token}`, `Cookie: ${NAME}=${token}`],
    'twice in a line': (token) => [`Cookie: ${NAME}=${token}; ${NAME}=${token}`],
    'twice without a space': (token) => [`Cookie: ${NAME}=${token};${NAME}=${token}`],
    'twice with tabs': (token) => [`Cookie: ${NAME}\t=${token};\t${NAME}\t=\t${token}`],
    'twice, once empty': (token) => [`Cookie: ${NAME}=; ${NAME}=${token}`],
    "beside another delivery's": (token) => [`Cookie: ${NAME}=${token}`, 'Cookie: __Host-refresh=x'],
  })) {
    it(`that is there ${what} is 401 even where a session is optional`, async () => {
      const { app, token, check } = await arrange();
      for (const start of ['GET /me', 'GET /maybe', 'GET /auth/session', 'DELETE /auth/sessions']) {
        const answer = await sendRaw(app, { start, headers: lines(token) });
        assert.equal(answer.status, 401, start);
        assert.equal(JSON.parse(answer.body).code, 'session_invalid');
      }
      await check();
    });
  }

  for (const [what, line] of Object.entries<(token: string) => string>({
    'without a name': (token) => token,
    'with an empty name': (token) => `=${token}`,
    'with another prefix': (token) => `__Secure-session=${token}`,
    'with the prefix in small letters': (token) => `__host-session=${token}`,
    'with a no-break space before its name': (token) => `\u00a0${NAME}=${token}`,
    'with a vertical tab before its name': (token) => `\u000b${NAME}=${token}`,
    'with a value only': () => NAME,
    'in the old form of a version': (token) => `$Version=1, ${NAME}=${token}`,
    'behind a comma': (token) => `a=b, ${NAME}=${token}`,
  })) {
    it(`${what} is none of ours`, async () => {
      const { app, token, check } = await arrange();
      const answer = await sendRaw(app, { start: 'GET /me', headers: [`Cookie: ${line(token)}`] });
      assert.ok(answer.status === 401 || answer.status === 400, `${answer.status}`); // 400: Node takes no such header
      if (answer.status === 401) assert.equal(JSON.parse(answer.body).code, 'session_required');
      await check();
    });
  }

  it('of any other value is never a session and never a failure', async () => {
    const { browser, check } = await arrange();
    const value = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      maxLength: 100,
    });
    await fc.assert(
      fc.asyncProperty(value, fc.constantFrom(NAME, '__Host-access', '__Host-refresh'), async (text, name) => {
        const headers = { Cookie: `${name}=${text}` };
        assertNamed(await browser.get('/me', { headers }), [401]);
        assertNamed(await browser.get('/maybe', { headers }), [200, 401]);
      }),
      { numRuns: 100 },
    );
    await check();
  });
});

describe('an Authorization header', () => {
  const values = [
    'Bearer',
    'Bearer ',
    'bearer x',
    'BEARER x',
    'Bearer  x',
    'Bearer x y',
    'Bearer\tx',
    'Bearer x,Bearer y',
    'Bearer ..',
    'Bearer a.b.c',
    'Bearer "x"',
    'Bearer undefined',
    'Bearer null',
    `Bearer ${'x'.repeat(8_000)}`,
    `Bearer ${'x.'.repeat(3_000)}`,
    `Bearer ${'\u00e9'.repeat(50)}`,
  ];
  it('with a bearer token that is no good is 401, whatever cookie comes along', async () => {
    const { app, token, check } = await arrange();
    for (const value of values) {
      const headers = [`Authorization: ${value}`, `Cookie: ${NAME}=${token}`];
      const answer = await sendRaw(app, { start: 'GET /me', headers });
      // A tab is no space: that is another scheme, and the cookie counts.
      assert.equal(answer.status, value.includes('\t') ? 200 : 401, value);
      assert.equal(
        (await sendRaw(app, { start: 'GET /me', headers: [...headers, 'Authorization: Basic x'] })).status,
        answer.status,
      );
    }
    await check();
  });

  it('of any value never fails', async () => {
    const { browser, check } = await arrange();
    const text = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('Bearer ', 'bearer', 'Basic ', ''), text, async (scheme, rest) => {
        const headers = { Authorization: `${scheme}${rest}`.trim(), Cookie: undefined };
        assertNamed(await browser.get('/me', { headers }), [401]);
      }),
      { numRuns: 100 },
    );
    await check();
  });
});

describe('an id', () => {
  it("of any characters is 404, unless it is one of the user's", async () => {
    const { browser, check } = await arrange();
    const ids = fc.oneof(
      fc.string({ minLength: 1, unit: 'binary' }),
      fc.stringMatching(/^[\w-]{22}$/),
      fc.constantFrom('current', 'null', '*', '__proto__', ' '),
    );
    await fc.assert(
      fc.asyncProperty(ids, async (id) => {
        // A path of dots alone is taken apart before it is sent.
        fc.pre(!/^\.+$/.test(id));
        assertNamed(await browser.delete(`/auth/sessions/${encodeURIComponent(id)}`), [404]);
      }),
      { numRuns: 150 },
    );
    await check();
  });

  it('of 8,000 characters is 404', async () => {
    const { browser, check } = await arrange();
    assertNamed(await browser.delete(`/auth/sessions/${'A'.repeat(8_000)}`), [404]);
    await check();
  });
});

describe('a body', () => {
  const routes = ['/auth/logout', '/auth/token/refresh'] as const;
  const anonymously = (body: unknown): Sent => ({
    body,
    headers: { Cookie: undefined, 'Content-Type': 'application/json' },
  });

  it('of any JSON is taken or refused by name, and writes nothing', async () => {
    const { browser, check } = await arrange();
    const field = fc.constantFrom('refresh_token', '__proto__', 'constructor', 'toString', 'refresh_Token', '');
    const json = fc.oneof(
      fc.json(),
      fc.dictionary(field, fc.jsonValue()).map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(json, fc.constantFrom(...routes), async (body, route) => {
        assertNamed(await browser.post(route, anonymously(body)), [204, 400, 401]);
      }),
      { numRuns: 150 },
    );
    await check();
  });

  it('of any bytes is refused by name', async () => {
    const { app, check } = await arrange();
    const bytes = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: 200,
    });
    await fc.assert(
      fc.asyncProperty(bytes, fc.constantFrom(...routes), async (body, route) => {
        const headers = ['Content-Type: application/json', `Content-Length: ${body.length}`];
        const answer = await sendRaw(app, { start: `POST ${route}`, headers, body });
        assert.ok([204, 400, 401].includes(answer.status), `${answer.status}`);
      }),
      { numRuns: 100 },
    );
    await check();
  });

  it('of a refresh token that is no string is no token', async () => {
    const { browser, check } = await arrange();
    for (const refresh_token of [
      null,
      1,
      true,
      {},
      [],
      ['x'],
      { toString: 'x' },
      'x',
      '',
      'A'.repeat(86),
      'A'.repeat(60_000),
    ]) {
      assertNamed(await browser.post('/auth/token/refresh', anonymously({ refresh_token })), [401]);
      assertNamed(await browser.post('/auth/logout', anonymously({ refresh_token })), [204]);
    }
    await check();
  });

  it('nested as deeply as 64 KiB allow is refused by name', async () => {
    const { browser, check } = await arrange();
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const depth = 10_000;
      const body = `{"x":${open.repeat(depth)}1${close.repeat(depth)}}`;
      assertNamed(await browser.post('/auth/logout', anonymously(body)), [400, 413]);
    }
    await check();
  });

  it('that the client never finishes leaves the app alive', async () => {
    const { app, browser, check } = await arrange();
    const headers = ['Content-Type: application/json', 'Content-Length: 100'];
    await sendRaw(app, { start: 'POST /auth/logout', headers, body: '{"refresh', halfway: true });
    assert.equal((await browser.get('/me')).status, 200);
    await check();
  });
});
