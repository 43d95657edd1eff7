import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Delivery } from '../../lib/stores/contract/sessions.js';
import { stepUp, stepUpApp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { Browser, setCookies } from '../support/browser.js';

const DAY = 86_400;

/** Max-Age of our cookies in an answer, in seconds; null for one that ends with the browser. */
function lives(response: Parameters<typeof setCookies>[0]): Readonly<Record<string, number | null>> {
  const lines = setCookies(response).filter((line) => !line.includes('Max-Age=0'));
  return Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf('=')),
      Number(/Max-Age=(\d+)/.exec(line)?.[1] ?? Number.NaN) || null,
    ]),
  );
}

describe('a sign-in with a lifetime of its own', () => {
  it('ends at its absolute end', async () => {
    const app = stepUpApp();
    const browser = await app.signIn('ada', { absoluteLifetime: '1h' });
    app.clock.advance(3_599);
    assert.equal((await browser.get('/me')).status, 200);
    app.clock.advance(1);
    assert.equal((await browser.get('/me')).status, 401);
  });

  for (const delivery of ['cookie', 'token-cookies'] as const) {
    it(`ends idle after its own time, and slides by it, with ${delivery}`, async () => {
      const app = stepUpApp({ delivery, accessTokenLifetime: '1d' });
      const browser = await app.signIn('ada', { idleLifetime: '10m' });
      for (let n = 0; n < 5; n++) {
        app.clock.advance(590);
        assert.equal((await browser.get('/me')).status, 200);
        await app.auth.flush();
      }
      app.clock.advance(600);
      assert.equal((await browser.get('/me')).status, 401);
    });
  }

  it('slides as often as a short one needs', async () => {
    const app = stepUpApp(); // touches once a minute
    const browser = await app.signIn('ada', { idleLifetime: '30s' });
    for (let n = 0; n < 10; n++) {
      app.clock.advance(25);
      assert.equal((await browser.get('/me')).status, 200);
      await app.auth.flush();
    }
  });

  it('has cookies that live as long, after a refresh and a step-up too', async () => {
    const code = fakeCode();
    const app = stepUpApp({ delivery: 'token-cookies', methods: [fakeKey(), code] });
    const browser = new Browser(app.app);
    const signedIn = await browser.post('/login', { body: { absoluteLifetime: '1d' } });
    assert.deepEqual(lives(signedIn), { '__Host-access': DAY, '__Host-refresh': DAY });
    app.clock.advance(3_600);
    const refreshed = await browser.post('/auth/token/refresh');
    assert.deepEqual(lives(refreshed), { '__Host-access': DAY - 3_600, '__Host-refresh': DAY - 3_600 });
    const body = { method: 'code', response: code.right(null) };
    const stepped = await browser.post('/auth/step-up/verify', { body });
    assert.deepEqual(lives(stepped), { '__Host-access': DAY - 3_600 });
  });

  for (const delivery of ['cookie', 'token-cookies'] as const satisfies readonly Delivery[]) {
    it(`has cookies that end with the browser when it isn't persistent, whatever follows, with ${delivery}`, async () => {
      const code = fakeCode();
      const app = stepUpApp({ delivery, methods: [fakeKey(), code] });
      const browser = new Browser(app.app);
      const answers = [await browser.post('/login', { body: { persistent: false } })];
      app.clock.advance(60);
      if (delivery === 'token-cookies') answers.push(await browser.post('/auth/token/refresh'));
      const body = { method: 'code', response: code.right(null) };
      answers.push(await browser.post('/auth/step-up/verify', { body }));
      const all = answers.flatMap((answer) => Object.values(lives(answer)));
      assert.ok(all.length >= 2);
      assert.deepEqual(new Set(all), new Set([null]));
      await stepUp(browser, code);
      assert.equal((await browser.get('/me')).status, 200);
    });
  }

  for (const [what, options, says] of [
    [
      'an idle lifetime beyond that of the instance',
      { idleLifetime: '8d' },
      /`idleLifetime` of a sign-in must be at most/,
    ],
    [
      'an absolute lifetime beyond that of the instance',
      { absoluteLifetime: '31d' },
      /at most the instance's, 2592000 s/,
    ],
    ['a lifetime that is no duration', { idleLifetime: '5' }, /`idleLifetime` must be a duration/],
    ['a lifetime of nothing', { absoluteLifetime: 0 }, /`absoluteLifetime` must be a duration/],
    ['a `persistent` that is no boolean', { persistent: 'no' }, /`persistent` must be a boolean/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const app = stepUpApp();
      const call = app.auth.signIn(
        { headers: {} } as never,
        {} as never,
        { userId: 'ada', method: 'password', ...options } as never,
      );
      await assert.rejects(call, says);
    });
  }
});

describe('GET /session of a session that outlives what browsers keep', () => {
  const LONG = { absoluteLifetime: '500d', idleLifetime: '500d' } as const;

  it('sets its cookie anew, for the rest', async () => {
    const app = stepUpApp(LONG);
    const browser = await app.signIn();
    app.clock.advance('300d');
    const response = await browser.get('/auth/session');
    assert.deepEqual(lives(response), { '__Host-session': 200 * DAY });
    assert.equal((await browser.get('/me')).status, 200);
  });

  for (const [why, options, signIn] of [
    ['a session that is shorter', { absoluteLifetime: '400d' }, {}],
    ['one that ends with the browser', LONG, { persistent: false }],
    ['one that comes by token', { ...LONG, delivery: 'token-cookies', accessTokenLifetime: '400d' }, {}],
  ] as const) {
    it(`leaves the cookie of ${why} alone`, async () => {
      const app = stepUpApp(options);
      const browser = await app.signIn('ada', signIn);
      app.clock.advance('1d');
      const response = await browser.get('/auth/session');
      assert.equal(response.status, 200, response.text);
      assert.deepEqual(setCookies(response), []);
    });
  }

  it('sets none before the token is confirmed, and none for the previous token', async () => {
    const code = fakeCode();
    const app = stepUpApp({ ...LONG, methods: [fakeKey(), code] });
    const browser = await app.signIn();
    const before = String(browser.cookies.get('__Host-session'));
    await stepUp(browser, code);
    assert.deepEqual(setCookies(await browser.get('/auth/session')), []);
    browser.cookies.set('__Host-session', before);
    assert.deepEqual(setCookies(await browser.get('/auth/session')), []);
  });
});
