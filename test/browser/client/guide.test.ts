import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codeBlocks, read } from '../../docs/markdown.js';
import { skip } from '../../example-app/chromium.js';
import { signIn, visitors } from './page.js';
import { startSite } from './site.js';

const [page] = codeBlocks(read('docs/browser.md'), 'js').map(({ text }) => text);

const HTML = `<!doctype html><title>Send money</title><form><input name="to"><input name="amount"><button>Send</button></form>
<output></output><script type="module" src="/guide.js"></script>`;

describe('the page of docs/browser.md', { skip }, () => {
  const visitor = visitors();

  it('sends money once the user has confirmed it, and not when the user cancels', async (t) => {
    const site = await startSite(t, {
      routes(app, auth) {
        app.get('/guide', (_req, res) => void res.type('html').send(HTML));
        app.get('/guide.js', (_req, res) => {
          res.type('js').send(page?.replace("'stepgate/browser'", "'/stepgate/browser.js'"));
        });
        app.get('/guarded', auth.requireSession);
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
    await tab.fill('[name=amount]', '5');
    await tab.click('button');
    await tab.waitForResponse((response) => response.url().includes('/challenges/'));
    assert.equal(await tab.textContent('output'), '');
    assert.equal(site.bookings.length, 0);
    await tab.click('button');
    await tab.getByText('Sent.').waitFor();
    assert.equal(site.bookings.length, 1);
    assert.equal(questions.length, 2);
  });
});
