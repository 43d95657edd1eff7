// A redirect of 307 sends the body again, and with it the password that was typed beside the fields: to the app's own
// handler, into its logs, and wherever that one leads.
import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { formsOf, PASSWORD, pagesApp } from '../pages/app.js';

describe('the password that a page without JavaScript asks for', () => {
  for (const start of ['a guarded page', 'a form', 'a form that is bound to its fields'] as const) {
    it(`is in one request alone, after ${start}`, async () => {
      const app = pagesApp();
      const browser = await app.signIn();
      const path = start === 'a form' ? '/settings' : '/transfers';
      const form = [['to', 'bea'] as const, ['amount', '10'] as const];
      const page =
        start === 'a guarded page'
          ? await browser.follow(await browser.goTo('/report'))
          : await browser.postForm(path, form);
      const passed = await browser.submit(page, PASSWORD);
      if (start === 'a guarded page') await browser.follow(passed);
      else {
        assert.equal(passed.status, 200);
        assert.equal(passed.headers['location'], undefined);
        assert.deepEqual(formsOf(passed.text)[0]?.fields, form);
        await browser.submit(passed);
      }
      assert.equal(app.done.length, 1);
      const whole = [passed.text, JSON.stringify(passed.headers), JSON.stringify(app.done), JSON.stringify(app.events)];
      assert.ok(!whole.join().includes(PASSWORD));
      const carriers = app.requests.filter((request) => JSON.stringify(request).includes(PASSWORD));
      assert.deepEqual(
        carriers.map(({ url }) => new URL(url, 'http://x').pathname),
        ['/step-up/page'],
      );
      assert.ok(!carriers[0]?.url.includes(encodeURIComponent(PASSWORD)));
    });
  }

  it('is not on the page that says it was wrong', async () => {
    const browser = await pagesApp().signIn();
    const page = await browser.submit(await browser.follow(await browser.goTo('/report')), 'nearly right');
    assert.ok(!page.text.includes('nearly right'));
  });
});
