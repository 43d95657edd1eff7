import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import bodyParser from 'body-parser';
import { frameworks } from '../support/app.js';
import { ORIGIN } from '../support/instance.js';
import { FormBrowser, formsOf, PASSWORD, pagesApp } from './app.js';

const TRANSFER: readonly (readonly [string, string])[] = [
  ['to', 'bea'],
  ['amount', '10'],
];
const KINDS = Object.entries(frameworks);

for (const [framework, create] of KINDS) {
  describe(`a page without JavaScript under ${framework}`, () => {
    it('leads from a guarded page to the form and back', async () => {
      const app = pagesApp({ create });
      const browser = await app.signIn();
      const refused = await browser.goTo('/report?year=2026&q=%C3%A9');
      const location = new URL(refused.headers['location'] ?? '');
      assert.equal(location.origin + location.pathname, `${ORIGIN}/step-up/page`);
      assert.equal(location.searchParams.get('return_to'), '/report?year=2026&q=%C3%A9');
      const page = await browser.follow(refused);
      assert.equal(page.status, 200);
      assert.match(page.text, /<h1>Confirm that it is you<\/h1>/);
      const back = await browser.submit(page, PASSWORD);
      assert.equal(back.headers['location'], `${ORIGIN}/report?year=2026&q=%C3%A9`);
      assert.match((await browser.follow(back)).text, /Done/);
      assert.deepEqual(app.done, [{ method: 'GET', url: '/report?year=2026&q=%C3%A9', body: app.done[0]?.body }]);
    });

    it('keeps the fields of a form that was sent, and sends them again by a button', async () => {
      const app = pagesApp({ create });
      const browser = await app.signIn();
      const page = await browser.postForm('/transfers?from=1', TRANSFER);
      assert.equal(page.status, 401);
      assert.match(page.text, /<h1>Confirm this<\/h1>\s*<p class="summary" dir="auto">Send 10 to bea<\/p>/);
      assert.deepEqual(app.done, []);
      const confirmed = await browser.submit(page, PASSWORD);
      assert.equal(confirmed.status, 200);
      assert.deepEqual(formsOf(confirmed.text), [
        { action: `${ORIGIN}/transfers?from=1`, fields: TRANSFER, typed: undefined },
      ]);
      assert.match((await browser.submit(confirmed)).text, /Done/);
      assert.deepEqual(
        app.done.map(({ method, url, body }) => ({ method, url, body: { ...(body as object) } })),
        [{ method: 'POST', url: '/transfers?from=1', body: { to: 'bea', amount: '10' } }],
      );
    });
  });
}

describe('a page without JavaScript', () => {
  it('says what a wrong password was, and takes the right one after it', async () => {
    const app = pagesApp();
    const browser = await app.signIn();
    for (const begin of [
      () => browser.goTo('/report').then((to) => browser.follow(to)),
      () => browser.postForm('/settings', TRANSFER),
    ]) {
      const again = await browser.submit(await begin(), 'wrong');
      assert.equal(again.status, 403);
      assert.match(again.text, /<p role="alert">That was not right\./);
      assert.doesNotMatch(again.text, /wrong/);
      const passed = await browser.submit(again, PASSWORD);
      assert.ok([200, 303].includes(passed.status), passed.text);
      await browser.delete('/auth/step-up');
    }
  });

  it('goes on after a wrong password for a transfer, and books it once', async () => {
    const app = pagesApp();
    const browser = await app.signIn();
    const page = await browser.submit(await browser.postForm('/transfers', TRANSFER), 'wrong');
    assert.equal(page.status, 403);
    assert.match(page.text, /4 attempts are left\./);
    assert.match(page.text, /Send 10 to bea/);
    await browser.submit(await browser.submit(page, PASSWORD));
    assert.equal(app.done.length, 1);
  });

  it('says for how long a method is locked, and offers another', async () => {
    const app = pagesApp();
    const browser = await app.signIn();
    let page = await browser.follow(await browser.goTo('/report'));
    for (let attempt = 0; attempt < 6; attempt++) page = await browser.submit(page, 'wrong');
    assert.equal(page.status, 429);
    assert.equal(page.headers['retry-after'], '900');
    assert.match(page.text, /Too many wrong answers\. You can try again in 15 minutes\./);
    assert.match(page.text, /<summary>Another way: PIN<\/summary>/);
    assert.equal((await browser.submit(page, '1234', 'pin')).status, 303);
  });

  it('asks for one proof after the other where a rule wants both', async () => {
    const app = pagesApp();
    const browser = await app.signIn();
    const first = await browser.follow(await browser.goTo('/both'));
    const between = await browser.follow(await browser.submit(first, PASSWORD, 'password'));
    const second = await browser.follow(between);
    assert.match((await browser.follow(await browser.submit(second, '1234', 'pin'))).text, /Done/);
  });

  it('leads back to a page that one request was confirmed for', async () => {
    const app = pagesApp();
    const browser = await app.signIn();
    const page = await browser.goTo('/once');
    assert.equal(page.status, 401);
    assert.match((await browser.follow(await browser.submit(page, PASSWORD))).text, /Done/);
    assert.equal((await browser.goTo('/once')).status, 401);
  });

  it('asks before the same is done again', async () => {
    const app = pagesApp();
    const browser = await app.signIn();
    const send = async (page: Awaited<ReturnType<FormBrowser['postForm']>>) =>
      browser.submit(await browser.submit(page, PASSWORD));
    await send(await browser.postForm('/transfers', TRANSFER));
    app.clock.advance(120);
    const page = await browser.postForm('/transfers', TRANSFER);
    assert.match(page.text, /<p role="alert">You confirmed exactly this 2 minutes ago\. Do it again\?<\/p>/);
    await send(page);
    assert.equal(app.done.length, 2);
  });

  it('says so when the time to confirm has expired, and begins anew with the same fields', async () => {
    const app = pagesApp();
    const browser = await app.signIn();
    const page = await browser.postForm('/transfers', TRANSFER);
    app.clock.advance(301);
    const over = await browser.submit(page, PASSWORD);
    assert.equal(over.status, 403);
    assert.match(over.text, /Start again/);
    const anew = await browser.submit(over);
    assert.match(anew.text, /Send 10 to bea/);
    await browser.submit(await browser.submit(anew, PASSWORD));
    assert.equal(app.done.length, 1);
  });

  it('says that only JavaScript helps where the rule wants a key', async () => {
    const browser = await pagesApp().signIn();
    const page = await browser.follow(await browser.goTo('/key'));
    assert.match(page.text, /This needs JavaScript/);
    assert.deepEqual(formsOf(page.text), []);
    assert.match((await browser.postForm('/key', TRANSFER)).text, /This needs JavaScript/);
  });

  it('is for browsers: a script gets JSON, as before', async () => {
    const browser = await pagesApp().signIn();
    for (const accept of ['*/*', 'application/json', 'application/json, text/html;q=0.9', 'text/html;q=0']) {
      const answer = await browser.get('/report', { headers: { Accept: accept } });
      assert.deepEqual([answer.status, answer.body.code], [401, 'step_up_required'], accept);
    }
    const headers = { Accept: 'text/html' };
    const put = await browser.send('PUT', '/report', { headers, body: {} });
    assert.deepEqual([put.status, put.body.code], [401, 'step_up_required']);
  });

  it('says what else was refused, unless the app says it', async () => {
    const anonymous = new FormBrowser(pagesApp().app);
    const page = await anonymous.goTo('/report');
    assert.equal(page.status, 401);
    assert.match(page.text, /Sign in first\./);
    const onRefusal = (_refusal: unknown, _req: unknown, res: { statusCode: number; end(text: string): void }) => {
      res.statusCode = 418;
      res.end('the app');
    };
    const told = pagesApp({ onRefusal });
    assert.equal((await new FormBrowser(told.app).goTo('/report')).status, 418);
    const browser = await told.signIn();
    assert.equal((await browser.goTo('/report')).status, 303);
  });

  it('is kept by nobody, framed by nobody, and loads nothing', async () => {
    const browser = await pagesApp().signIn();
    for (const page of [
      await browser.postForm('/transfers', TRANSFER),
      await browser.goTo('/step-up/page?return_to=/'),
    ]) {
      const { headers } = page;
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers['x-frame-options'], 'DENY');
      assert.match(
        headers['content-security-policy'] ?? '',
        /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; frame-ancestors 'none'$/,
      );
      assert.doesNotMatch(page.text, /<script|<link|<img|style=| on\w+=/);
    }
    assert.equal((await browser.goTo('/report')).headers['cache-control'], 'no-store');
  });

  it('stands in the frame of the app, whose policy stays', async () => {
    const seen: unknown[] = [];
    const browser = await pagesApp({
      parser: (req, res, next) => {
        res.setHeader('Content-Security-Policy', "default-src 'self'");
        bodyParser.urlencoded({ extended: false })(req, res, next);
      },
      pages: {
        render: async ({ status, title, body, content }) => {
          seen.push({ status, title, type: content.type });
          return `<!doctype html><title>${title}</title><nav>App</nav><main>${body}</main>`;
        },
      },
    }).signIn();
    const page = await browser.postForm('/transfers', TRANSFER);
    assert.match(page.text, /<nav>App<\/nav>/);
    assert.equal(
      page.headers['content-security-policy'],
      "default-src 'self', frame-ancestors 'none'; base-uri 'none'",
    );
    assert.equal((await browser.submit(page, PASSWORD)).status, 200);
    assert.deepEqual(seen, [
      { status: 401, title: 'Confirm this', type: 'ask' },
      { status: 200, title: 'Confirmed', type: 'send' },
    ]);
  });

  it('answers bad input with a page and a word', async () => {
    const app = pagesApp();
    const browser = await app.signIn();
    const page = '/step-up/page?return_to=/report';
    const bad: readonly (readonly [path: string, fields: readonly (readonly [string, string])[]])[] = [
      [page, []],
      [page, [['method', 'key']]],
      [page, [['method', 'nothing']]],
      [
        page,
        [
          ['method', 'password'],
          ['method', 'pin'],
        ],
      ],
      [
        '/step-up/page',
        [
          ['method', 'password'],
          ['answer', PASSWORD],
        ],
      ],
    ];
    for (const [path, fields] of bad) {
      const answer = await browser.postForm(path, fields);
      assert.equal(answer.status, 400, JSON.stringify(fields));
      assert.match(answer.headers['content-type'] ?? '', /^text\/html/);
    }
    assert.equal((await browser.send('DELETE', page, { headers: { Accept: 'text/html' } })).status, 405);
    assert.deepEqual(app.errors, []);
  });
});

describe('auth.pages()', () => {
  it('refuses options that it does not know', () => {
    const { auth } = pagesApp();
    assert.throws(() => auth.pages({ path: '/x' } as object), { name: 'SetupError' });
    assert.throws(() => auth.pages({ render: 'x' } as object), { name: 'SetupError' });
  });
});
