import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type * as Dialog from '../../../lib/browser/dialog/index.js';
import type { Method } from '../../../lib/methods/method.js';
import { missingChromium } from '../../example-app/chromium.js';
import { describeIfPresent } from '../../support/needs.js';
import { pin } from '../../support/pin.js';
import { send, signIn, visitors } from './page.js';
import { startSite } from './site.js';

/** Sends a code for each challenge; the last one sent is the right one. */
function sms(): { readonly method: Method<'sms'>; readonly sent: string[] } {
  const sent: string[] = [];
  return {
    sent,
    method: {
      ...pin,
      name: 'sms',
      effect: true,
      begin() {
        sent.push(`code ${sent.length + 1}`);
        return {};
      },
      verify: ({ response, challenge }) =>
        challenge !== null && (response as { code?: unknown }).code === sent.at(-1)
          ? { outcome: 'verified' }
          : { outcome: 'failed', reason: 'rejected' },
    },
  };
}

/** Lets the dialog ask, as an app that has such a method makes it. */
async function useDialog(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const path = '/stepgate/browser/dialog.js';
    const { stepUpDialog } = (await import(path)) as typeof Dialog; // what is served there
    globalThis.user = stepUpDialog({
      methods: {
        sms: {
          choose: 'Send me a code',
          label: 'Code',
          wrong: 'This code is wrong.',
          member: 'code',
          autocomplete: 'one-time-code',
          begins: true,
        },
      },
    });
  });
}

describeIfPresent('a method that sends a code when it begins', missingChromium, () => {
  const visitor = visitors();

  async function open(): Promise<{ site: Awaited<ReturnType<typeof start>>; page: Page }> {
    const site = await start();
    const page = await (await visitor()).open(site);
    await signIn(page);
    await useDialog(page);
    return { site, page };
  }

  async function start() {
    const { method, sent } = sms();
    const handled: string[] = [];
    const site = await startSite({
      more: [method],
      routes(app, auth) {
        const done = (_req: unknown, res: { json(body: object): void }): void => {
          handled.push('done');
          res.json({});
        };
        app.post('/notice', auth.requireFreshStepUp({ method: 'sms', once: true }), done);
        app.get('/sms', auth.requireFreshStepUp({ method: 'sms', maxAge: '5m' }), done);
      },
    });
    return { ...site, sent, handled };
  }

  it('begins when the user chooses it, for one request, and once more after a wrong code', async () => {
    const { site, page } = await open();
    const answer = send(page, '/notice', { method: 'POST' });
    const button = page.getByRole('button', { name: 'Send me a code' });
    await button.waitFor();
    assert.deepEqual(site.sent, []);
    await button.click();
    await page.getByLabel('Code').fill('wrong');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('This code is wrong. 4 attempts are left.').waitFor();
    assert.deepEqual(site.sent, ['code 1']);
    await button.click();
    await page.getByLabel('Code').fill('code 2');
    await page.getByRole('button', { name: 'Confirm' }).click();
    assert.equal((await answer).status, 200);
    assert.deepEqual([site.sent.length, site.handled], [2, ['done']]);
  });

  it('is given up whole: what was begun confirms nothing later', async () => {
    const { site, page } = await open();
    const answer = send(page, '/notice', { method: 'POST' });
    await page.getByRole('button', { name: 'Send me a code' }).click();
    await page.getByLabel('Code').fill('code 1');
    await page.keyboard.press('Escape');
    assert.deepEqual(await answer, { code: 'cancelled' });
    assert.ok(site.answered.some((line) => /^DELETE .+challenges.+ 204$/.test(line)));
    assert.deepEqual(site.handled, []);
  });

  it('makes a proof as well', async () => {
    const { site, page } = await open();
    const answer = send(page, '/sms');
    await page.getByRole('button', { name: 'Send me a code' }).click();
    await page.getByLabel('Code').fill('code 1');
    await page.getByRole('button', { name: 'Confirm' }).click();
    assert.equal((await answer).status, 200);
    assert.deepEqual(site.sent, ['code 1']);
  });
});
