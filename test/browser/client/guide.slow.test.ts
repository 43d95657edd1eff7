import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { codeBlocks, read } from '../../docs/markdown.js';
import { missingChromium } from '../../example-app/chromium.js';
import { describeIfPresent } from '../../support/needs.js';
import { signIn, visitors } from './page.js';
import { startSite } from './site.js';

const [page] = codeBlocks(read('docs/browser.md'), 'js').map(({ text }) => text);

const HTML = `<!doctype html><title>Send money</title><form><input name="to"><input name="cents"><button>Send</button></form>
<output></output><script type="module" src="/guide.js"></script>`;

describeIfPresent('the page of docs/browser.md', missingChromium, () => {
  const visitor = visitors();

  it('sends money once the user has confirmed it, and not when the user cancels', async () => {
    const site = await startSite({
      routes(app) {
        app.get('/guide', (_req, res) => void res.type('html').send(HTML));
        app.get('/guide.js', (_req, res) => {
          res.type('js').send(page?.replace("'stepgate/browser'", "'/stepgate/browser.js'"));
        });
      },
    });
    const { context, open } = await visitor();
    await signIn(await open(site));
    const tab = await context.newPage();
    await tab.goto(`${site.url}/guide`);
    const questions: string[] = [];
    const answers = [null, 'sesame'];
    tab.on('dialog', (dialog) => {
      questions.push(dialog.message());
      const answer = answers.shift() ?? null;
      void (answer === null ? dialog.dismiss() : dialog.accept(answer));
    });
    await tab.fill('[name=to]', 'bea');
    await tab.fill('[name=cents]', '5');
    const givenUp = tab.waitForResponse((response) => response.url().includes('/challenges/'));
    await tab.click('button');
    await givenUp;
    assert.equal(await tab.textContent('output'), '');
    assert.equal(site.bookings.length, 0);
    await tab.click('button');
    await tab.getByText('Sent.').waitFor();
    assert.equal(site.bookings.length, 1);
    assert.equal(questions.length, 2);
  });
});
