import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, it } from '@jest/globals';
import express from 'express';
import type { Page } from 'playwright-core';
import type { GuardRequest } from '../../lib/step-up/rule.js';
import { signIn, type Visitor, visitors } from '../browser/client/page.js';
import { type Site, startSite } from '../browser/client/site.js';
import { missingChromium } from '../example-app/chromium.js';
import { root } from '../repository/root.js';
import { describeIfPresent } from '../support/needs.js';

// Inside the package, so that `stepgate` is this very package, as it is built.
const folder = join(root, '.build/front-ends');
const FORMS: Readonly<Record<string, string>> = {
  upload: '<form id="upload"><input type="file" name="file"><button>Upload</button><output></output></form>',
  approvals: '<form id="pay"><input name="to" value="bea"><button>Pay</button><output></output></form>',
};
const PAGES = ['react', 'vue', ...Object.keys(FORMS)];

function bundle(): void {
  const child = join(root, '.build/test/docs/children/bundle-front-ends.js');
  const { status, stderr } = spawnSync(process.execPath, [child, folder], { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

describeIfPresent('the pages of docs/front-ends.md', missingChromium, () => {
  const visitor = visitors();
  beforeAll(bundle);

  async function open(name: string): Promise<Visitor & { site: Site; page: Page; files: number[] }> {
    const files: number[] = [];
    const site = await startSite({
      approvals: { page: '/approve' },
      routes(app, auth) {
        app.use('/bundled', express.static(join(folder, 'bundled')));
        for (const each of PAGES) {
          app.get(`/${each}`, (_req, res) => {
            const inside = FORMS[each] ?? '<div id="app"></div>';
            res
              .type('html')
              .send(
                `<!doctype html><title>${each}</title>${inside}<script type="module" src="/bundled/${each}.js"></script>`,
              );
          });
        }
        app.get(
          '/balance',
          auth.requireSession,
          (_req, res) => void res.json({ balance: 1_000 - site.bookings.length }),
        );
        const approved = auth.requireFreshStepUp({
          method: 'password',
          bind: ({ body }: GuardRequest) => ({ to: body['to'] }),
          summary: ({ to }) => `Pay ${String(to)}`,
          approver: 'user',
        });
        app.post('/payments', approved, (req, res) => {
          site.bookings.push({ to: req.body.to });
          res.json({});
        });
        app.post('/files', auth.requireFreshStepUp({ method: 'password', maxAge: '5m' }), (req, res) => {
          files.push(Number(req.headers['content-length']));
          req.resume().on('end', () => void res.json({}));
        });
      },
    });
    const visit = await visitor();
    await signIn(await visit.open(site));
    const page = await visit.context.newPage();
    if (name === 'approvals') await page.clock.install();
    page.setDefaultTimeout(10_000);
    await page.goto(`${site.url}/${name}`);
    return { ...visit, site, page, files };
  }

  for (const name of ['react', 'vue']) {
    it(`shows in ${name} who is signed in, sends what is confirmed, and hears of a sign-out in another tab`, async () => {
      const { site, page, open: openTab } = await open(name);
      await page.getByText('Signed in as ada').waitFor();
      const transfer = async (): Promise<void> => {
        await page.getByLabel('To').fill('bea');
        await page.getByLabel('Cents').fill('5');
        await page.getByRole('button', { name: 'Send' }).click();
        await page.getByRole('dialog').getByText('Send 5 cents to bea').waitFor();
      };
      await transfer();
      await page.keyboard.press('Escape');
      await page.getByText('Nothing was sent.').waitFor();
      assert.equal(site.bookings.length, 0);
      await transfer();
      await page.getByRole('dialog').getByLabel('Password').fill('sesame');
      await page.getByRole('dialog').getByRole('button', { name: 'Confirm' }).click();
      await page.getByText('Sent.', { exact: true }).waitFor();
      assert.equal(site.bookings.length, 1);
      if (name === 'react') await page.getByText('Balance: 999').waitFor();

      const other = await openTab(site);
      await other.evaluate(() => client.load());
      await other.evaluate(() => client.signOut());
      if (name === 'vue') await page.waitForURL(/\?signed-out$/);
      else await page.getByText('Sign in first.').waitFor();
    });
  }

  for (const [decision, said] of Object.entries({ approved: 'Sent.', denied: 'Denied. Nothing was sent.' })) {
    it(`shows what waits for approval, and that it was ${decision}`, async () => {
      const { site, page } = await open('approvals');
      await page.getByRole('button', { name: 'Pay' }).click();
      await page.getByText(`Waits for approval: Pay bea. It is given at ${site.url}/approve`).waitFor();
      const { open: openElsewhere } = await visitor();
      const phone = await openElsewhere(site);
      await signIn(phone);
      await phone.evaluate(async (isApproved) => {
        const [{ id } = { id: '' }] = await approvals.list();
        if (isApproved) await approvals.approve(id, 'password', { password: 'sesame' });
        else await approvals.deny(id);
      }, decision === 'approved');
      site.clock.advance('5s');
      await page.clock.runFor(5_000);
      await page.getByText(said, { exact: true }).waitFor();
      assert.deepEqual(site.bookings, decision === 'approved' ? [{ to: 'bea' }] : []);
    });
  }

  it('asks before an upload, which then goes over the network once', async () => {
    const { site, page, files } = await open('upload');
    site.clock.advance('10m'); // the sign-in's own proof has expired
    await page
      .locator('input')
      .setInputFiles({ name: 'a.bin', mimeType: 'application/x', buffer: Buffer.alloc(100_000) });
    await page.getByRole('button', { name: 'Upload' }).click();
    await page.getByRole('dialog').getByLabel('Password').fill('sesame');
    await page.getByRole('dialog').getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('It is there.').waitFor();
    assert.equal(files.length, 1);
    assert.deepEqual(
      site.answered.filter((line) => line.includes('/files')),
      ['POST /files 200'],
    );
  });
});
