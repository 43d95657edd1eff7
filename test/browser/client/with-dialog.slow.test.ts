import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type * as Dialog from '../../../lib/browser/dialog/index.js';
import { missingChromium } from '../../example-app/chromium.js';
import { describeIfPresent } from '../../support/needs.js';
import { totpCode, wrongCode } from '../../support/totp.js';
import { addAuthenticator, type Outcome, send, signIn, type Visitor, visitors } from './page.js';
import { type Site, startSite } from './site.js';

const TRANSFER = { method: 'POST', json: { to: 'bea', cents: 1_000 } };
const CODE = 'Code of your authenticator app';

const dialog = (page: Page) => page.locator('stepgate-dialog dialog');
const press = (page: Page, name: string) => dialog(page).getByRole('button', { name, exact: true }).click();

describeIfPresent('the client with the dialog in the browser', missingChromium, () => {
  const visitor = visitors();

  /** A signed-in page whose user is asked by the dialog, ten minutes after the sign-in. */
  async function open(): Promise<Visitor & { site: Site; page: Page }> {
    const site = await startSite();
    const visit = await visitor();
    const page = await visit.open(site);
    await signIn(page);
    await page.evaluate(async () => {
      const path = '/stepgate/browser/dialog.js';
      const { stepUpDialog } = (await import(path)) as typeof Dialog; // what is served there
      globalThis.user = stepUpDialog({
        methods: {
          pin: { choose: 'Use your PIN', label: 'PIN', wrong: 'Wrong.', member: 'code', autocomplete: 'off' },
        },
      });
    });
    return { ...visit, site, page };
  }

  async function typed(page: Page, label: string, text: string): Promise<void> {
    await dialog(page).getByLabel(label, { exact: true }).fill(text);
    await press(page, 'Confirm');
  }

  /** Sets up an app for codes; gives its secret. */
  async function setUpTotp({ site, page }: { site: Site; page: Page }): Promise<string> {
    const { secret } = await page.evaluate(() => client.totp.begin());
    await page.evaluate((code) => client.totp.confirm(code), totpCode(secret, site.clock.now()));
    site.clock.advance('1m'); // a code is good once
    return secret;
  }

  it('walks through a rule that wants two methods', async () => {
    const { site, page } = await open();
    site.clock.advance('10m');
    const answer = send(page, '/both');
    await typed(page, 'Password', 'sesame');
    await dialog(page).getByText('Right. One more thing:').waitFor();
    await typed(page, 'PIN', '1234');
    assert.equal((await answer).status, 200);
    assert.equal(await page.evaluate(() => asked.length), 1);
  });

  it('offers a method that is disabled no more', async () => {
    const { site, page } = await open();
    const secret = await setUpTotp({ site, page });
    await page.route('**/auth/step-up/verify', (route) =>
      route.fulfill({
        status: 403,
        contentType: 'application/problem+json',
        body: JSON.stringify({ code: 'method_disabled' }),
      }),
    );
    const answer = send(page, '/transfers', TRANSFER);
    await press(page, 'Use your password');
    await press(page, 'Use a code of your app');
    await typed(page, CODE, totpCode(secret, site.clock.now()));
    await dialog(page).getByText('switched off').waitFor();
    assert.equal(
      await dialog(page)
        .getByText(/your (authenticator )?app/)
        .count(),
      0,
    );
    await press(page, 'Cancel');
    assert.deepEqual(await answer, { code: 'cancelled' });
  });

  it('lets the user choose another method, a code as it is typed by people too', async () => {
    const { site, page } = await open();
    const secret = await setUpTotp({ site, page });
    const answer = send(page, '/transfers', TRANSFER);
    await press(page, 'Use your password');
    await press(page, 'Use a code of your app');
    await typed(page, CODE, totpCode(secret, site.clock.now()).replace(/(...)/, '$1 '));
    assert.equal((await answer).status, 200);
    assert.equal(site.bookings.length, 1);
  });

  it('counts a lock down, and takes another method meanwhile', async () => {
    const { site, page } = await open();
    const secret = await setUpTotp({ site, page });
    const answer = send(page, '/transfers', TRANSFER);
    await dialog(page).waitFor();
    for (const left of [4, 3, 2, 1, 0]) {
      await typed(page, CODE, wrongCode(secret, site.clock.now()));
      await dialog(page)
        .getByText(left === 1 ? 'One attempt is left.' : `${left} attempts are left.`)
        .waitFor();
    }
    await typed(page, CODE, wrongCode(secret, site.clock.now()));
    await dialog(page).getByText('Too many wrong answers.').waitFor();
    await dialog(page)
      .getByText(/^You can try again in 1[45]:\d\d\.$/)
      .waitFor();
    await press(page, 'Use your password');
    await typed(page, 'Password', 'sesame');
    assert.equal((await answer).status, 200);
    assert.equal(site.bookings.length, 1);
  });

  it('asks once more where the time had expired, and says why', async () => {
    const { site, page } = await open();
    const answer = send(page, '/transfers', TRANSFER);
    await dialog(page).waitFor();
    site.clock.advance('6m');
    await typed(page, 'Password', 'sesame');
    await dialog(page).getByText('The time was over. Please confirm once more.').waitFor();
    await typed(page, 'Password', 'sesame');
    assert.equal((await answer).status, 200);
    assert.equal(site.bookings.length, 1);
  });

  it('closes when the session has ended in another window', async () => {
    const { site, page } = await open();
    const answer = send(page, '/transfers', TRANSFER);
    await dialog(page).waitFor();
    await site.auth.sessions.revokeAllForUser('ada');
    await typed(page, 'Password', 'sesame');
    assert.deepEqual(await answer, { code: 'signed_out' });
    assert.equal(await dialog(page).count(), 0);
    assert.deepEqual(await page.evaluate(() => told), ['signed-out']);
  });

  it('approves nothing for somebody else who has signed in in another tab meanwhile', async () => {
    const { site, page, open: openTab } = await open();
    const answer = send(page, '/transfers', TRANSFER);
    await dialog(page).waitFor();
    await signIn(await openTab(site), { userId: 'eve' });
    await typed(page, 'Password', 'sesame');
    assert.deepEqual(await answer, { code: 'session_changed' });
    assert.equal(site.answered.filter((line) => line.includes('/verify 200')).length, 0);
    assert.equal(site.bookings.length, 0);
  });

  it('opens one dialog and runs one ceremony for five presses at once', async () => {
    const { site, page } = await open();
    await addAuthenticator(page);
    await page.evaluate(() => client.passkeys.add());
    site.clock.advance('10m');
    await page.evaluate(() => {
      const counted = { count: 0 };
      const get = navigator.credentials.get.bind(navigator.credentials);
      navigator.credentials.get = (options) => {
        counted.count += 1;
        return get(options);
      };
      Object.assign(globalThis, { counted });
    });
    const answers = page.evaluate(() =>
      Promise.all(Array.from({ length: 5 }, async () => (await client.fetch('/passkey')).status)),
    );
    await press(page, 'Use a passkey');
    assert.deepEqual(await answers, [200, 200, 200, 200, 200]);
    assert.equal(await page.evaluate('counted.count'), 1);
    assert.equal(await page.evaluate(() => asked.length), 1);
  });

  it('opens a dialog of its own for each of two transfers', async () => {
    const { site, page } = await open();
    const answers: Promise<Outcome>[] = ['bea', 'cid'].map((to) =>
      send(page, '/transfers', { method: 'POST', json: { to, cents: 5 } }),
    );
    for (let count = 0; count < 2; count += 1) {
      await dialog(page)
        .getByText(/^Send 5 cents to (?:bea|cid)$/)
        .waitFor();
      assert.equal(await dialog(page).count(), 1);
      const booked = site.bookings.length;
      const booking = page.waitForResponse((response) => response.url().endsWith('/transfers') && response.ok());
      await typed(page, 'Password', 'sesame');
      await booking;
      assert.equal(site.bookings.length, booked + 1);
    }
    assert.deepEqual(
      (await Promise.all(answers)).map(({ status }) => status),
      [200, 200],
    );
    assert.deepEqual(new Set(site.bookings.map((booking) => JSON.stringify(booking))).size, 2);
  });
});
