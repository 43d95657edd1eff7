import assert from 'node:assert/strict';
import { parse } from 'node:querystring';
import { describe, it } from '@jest/globals';
import bodyParser from 'body-parser';
import { formsOf, NAVIGATION, PASSWORD, pagesApp } from './app.js';

type Fields = readonly (readonly [string, string])[];

const KEPT: Readonly<Record<string, Fields>> = {
  'no field': [],
  'several of one name': [
    ['to', 'a'],
    ['to', 'b'],
    ['other', ''],
  ],
  'markup, quotes and signs': [[`"><script>alert(1)</script>`, `'"&<>+ %20=;`]],
  'other scripts': [['имя', '日本語 🎉 e\u0301']],
  'lines as forms send them': [['text', 'one\r\ntwo\r\n']],
  'names that objects have': [
    ['constructor', '1'],
    ['toString', '2'],
  ],
};

const CHANGED: Readonly<Record<string, Fields>> = {
  'a name that a browser writes into': [['_charset_', 'x']],
  'a line end that a form does not know': [['text', 'one\ntwo']],
  'a NUL, which HTML has not': [['text', 'a\0b']],
};

for (const [name, parser] of Object.entries({
  simple: bodyParser.urlencoded({ extended: false }),
  extended: bodyParser.urlencoded({ extended: true }),
})) {
  describe(`a form that was read by the ${name} parser`, () => {
    for (const [what, fields] of Object.entries(KEPT)) {
      it(`comes back with ${what}`, async () => {
        const app = pagesApp({ parser });
        const browser = await app.signIn();
        const page = await browser.postForm('/settings', fields);
        assert.equal(page.status, 401, page.text);
        const confirmed = await browser.submit(page, PASSWORD);
        assert.deepEqual(formsOf(confirmed.text)[0]?.fields, fields);
        await browser.submit(confirmed);
        const [sent, again] = app.requests.filter(({ url }) => url === '/settings');
        assert.deepEqual(again?.body, sent?.body);
        assert.equal(app.done.length, 1);
      });
    }

    for (const [what, fields] of Object.entries(CHANGED)) {
      it(`is refused with ${what}`, async () => {
        const app = pagesApp({ parser });
        const page = await (await app.signIn()).postForm('/settings', fields);
        assert.equal(page.status, 415);
        assert.match(page.text, /would not be sent again the same/);
      });
    }
  });
}

describe('a form that a page can not keep', () => {
  it('is refused with a word: one with a name that a browser leaves out', async () => {
    const readText = bodyParser.text({ type: 'application/x-www-form-urlencoded' });
    const app = pagesApp({
      parser: (req, res, next) =>
        readText(req, res, () => {
          const read = req as { body?: unknown }; // the text, by now
          if (typeof read.body === 'string') read.body = parse(read.body);
          next();
        }),
    });
    const browser = await app.signIn();
    assert.equal((await browser.postForm('/settings', [['a', 'x']])).status, 401);
    assert.match((await browser.postForm('/settings', [['', 'x']])).text, /sent again the same/);
  });

  const refused: Readonly<Record<string, readonly [type: string, body: string, status: number, said: RegExp]>> = {
    'with files': ['multipart/form-data; boundary=x', '--x--', 415, /A form with files/],
    'of plain text': ['text/plain', 'to=bea', 415, /This kind of form/],
    'of nested fields': ['application/x-www-form-urlencoded', 'a[b]=1', 415, /sent again the same/],
    'that is too large': ['application/x-www-form-urlencoded', `a=${'x'.repeat(70_000)}`, 413, /too large/],
  };
  for (const [what, [type, body, status, said]] of Object.entries(refused)) {
    it(`is refused with a word: one ${what}`, async () => {
      const app = pagesApp({ parser: bodyParser.urlencoded({ extended: true }) });
      const browser = await app.signIn();
      const page = await browser.post('/settings', { body, headers: { ...NAVIGATION, 'Content-Type': type } });
      assert.equal(page.status, status);
      assert.match(page.text, said);
      assert.deepEqual(app.done, []);
      if (status === 413) return;
      // A rule that is bound to the fields could not even say what is missing.
      const bound = await browser.post('/transfers', { body, headers: { ...NAVIGATION, 'Content-Type': type } });
      assert.equal(bound.status, 415);
      assert.match(bound.text, said);
    });
  }

  it('is refused with a word: one that no parser has read', async () => {
    const browser = await pagesApp({ parser: (_req, _res, next) => next() }).signIn();
    const page = await browser.postForm('/settings', [['to', 'bea']]);
    assert.equal(page.status, 415);
    assert.match(page.text, /could not be read/);
    const asked = await browser.goTo('/step-up/page?return_to=/settings');
    assert.equal((await browser.submit(asked, PASSWORD)).status, 303); // the page reads its own forms
  });
});
