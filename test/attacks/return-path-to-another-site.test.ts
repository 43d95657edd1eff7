// Open redirect: a link to the app's own page that leads, after the password, to a copy of it elsewhere.
import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { PASSWORD, pagesApp } from '../pages/app.js';
import { ORIGIN } from '../support/instance.js';

const ELSEWHERE = [
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n//evil.example',
  '\t//evil.example',
  ' //evil.example',
  '///evil.example',
  '/\\/evil.example',
  'https://evil.example/',
  'https:/\\evil.example',
  'https:evil.example',
  'javascript:alert(1)',
  'data:text/html,x',
  `${ORIGIN}.evil.example/`,
  `${ORIGIN}@evil.example/`,
  '/..//evil.example',
  '/.//evil.example',
  '/x/..//evil.example',
  'evil.example',
  '',
];

/** They look like tricks, and are paths of the app: a browser goes to exactly these. */
const HERE: Readonly<Record<string, string>> = {
  '/@evil.example': '/@evil.example',
  '/report?next=//evil.example': '/report?next=//evil.example',
  '/report#//evil.example': '/report',
};

describe('a return path', () => {
  for (const path of ELSEWHERE) {
    it(`that leads elsewhere is refused before anything is asked: ${JSON.stringify(path)}`, async () => {
      const app = pagesApp();
      const browser = await app.signIn();
      const url = `/step-up/page?${new URLSearchParams({ return_to: path, method: 'password' })}`;
      const page = await browser.goTo(url);
      assert.equal(page.status, 400);
      assert.doesNotMatch(page.text, /<form|evil/);
      const posted = await browser.postForm(url, [
        ['method', 'password'],
        ['answer', PASSWORD],
        ['fields', 'to=bea'],
      ]);
      assert.equal(posted.status, 400);
      assert.equal(posted.headers['location'], undefined);
      assert.deepEqual(
        app.events.filter(({ type }) => type.startsWith('step-up.')),
        [],
      );
    });
  }

  for (const [path, place] of Object.entries(HERE)) {
    it(`of the app itself is absolute: ${path}`, async () => {
      const browser = await pagesApp().signIn();
      const page = await browser.goTo(`/step-up/page?${new URLSearchParams({ return_to: path, method: 'password' })}`);
      assert.equal((await browser.submit(page, PASSWORD)).headers['location'], ORIGIN + place);
    });
  }

  it('is not made of what a proxy or a client says the host is', async () => {
    const browser = await pagesApp().signIn();
    const headers = { Host: 'evil.example', 'X-Forwarded-Host': 'evil.example' };
    const refused = await browser.goTo('/report', headers);
    assert.ok(refused.headers['location']?.startsWith(`${ORIGIN}/`));
  });

  it('given twice is the first, wherever the second leads', async () => {
    const browser = await pagesApp().signIn();
    const page = await browser.goTo('/step-up/page?return_to=/report&return_to=//evil.example&method=password');
    assert.equal((await browser.submit(page, PASSWORD)).headers['location'], `${ORIGIN}/report`);
  });
});
