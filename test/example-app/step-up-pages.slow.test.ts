import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { it } from '@jest/globals';
import type { Page, Route } from 'playwright-core';
import { describeIfPresent } from '../support/needs.js';
import { totpCode, wrongCode } from '../support/totp.js';
import { missingChromium } from './chromium.js';
import { checkLooks } from './looks.js';
import {
  addAuthenticator,
  addPasskey,
  card,
  confirmTotp,
  dialog,
  notice,
  offerNothing,
  PASSWORD,
  pagesOfTheBank,
  send,
  sessions,
  signIn,
  signUp,
} from './pages.js';

/** Does this with the second transfer that the page sends: the one that is approved. */
async function onApproved(page: Page, work: (route: Route) => Promise<void>): Promise<void> {
  let sent = 0;
  await page.route('**/transfers', async (route) => {
    if (route.request().method() === 'POST' && ++sent === 2) await work(route);
    else await route.continue();
  });
}

describeIfPresent('step-up on the pages of the bank in Chromium', missingChromium, () => {
  const { openPage, takeScreenshot } = pagesOfTheBank();

  it('adds a passkey, signs out, signs in by it, and changes the role', async () => {
    const { page, faults } = await openPage();
    await addAuthenticator(page);
    await signUp(page, 'ada@example.com');
    await addPasskey(page, 'My laptop');
    await offerNothing(page);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();

    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await sessions(page).first().waitFor();
    await page.getByText('ada@example.com customer').waitFor();
    await page.getByLabel('Your role').selectOption('Teller');
    await page.getByRole('button', { name: 'Change the role' }).click();
    await notice(page, 'Your role is teller now.'); // the sign-in was a proof
    await page.getByText('ada@example.com teller').waitFor();
    assert.deepEqual(faults, []);
  });

  it('sends money once the transfer is approved by a passkey, and none when it is not', async () => {
    const { page, faults } = await openPage();
    const authenticator = await addAuthenticator(page);
    await signUp(page, 'bob@example.com');
    await send(page, 'ada@example.com', '12.50');
    await card(page, 'Money').getByText('Set up a passkey or an authenticator app first.').waitFor();
    await addPasskey(page, 'My phone');

    await send(page, 'ada@example.com', '12.5o');
    await card(page, 'Money').getByText('Write an amount such as 12.50.').waitFor();
    await send(page, 'ada@example.com', '12.50');
    await dialog(page).getByRole('heading', { name: 'Confirm this' }).waitFor();
    await dialog(page).getByText('Send €12.50 to ada@example.com').waitFor();
    await page.keyboard.press('Escape');
    await card(page, 'Money').getByText('nothing was done').waitFor();

    await page.getByRole('button', { name: 'Send the money' }).click();
    await authenticator.recognise(false);
    await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
    await dialog(page).getByRole('alert').getByText('Not confirmed yet.').waitFor();
    await authenticator.recognise(true);
    await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
    await notice(page, '€12.50 went to ada@example.com.');
    await card(page, 'Money').getByText('€9,987.50').waitFor();
    await card(page, 'Latest transfers').getByText('confirmed by passkey').waitFor();
    await card(page, 'Passkeys').getByText('just now').waitFor(); // last used
    assert.equal(await dialog(page).count(), 0);
    assert.deepEqual(faults, []);
  });

  it('sets up an authenticator app and sends money by its code, after a wrong one as well', async () => {
    const { page, faults } = await openPage();
    await signUp(page, 'carol@example.com');
    const app = card(page, 'Authenticator app');
    await app.getByRole('button', { name: 'Set up an app' }).click();
    const link = app.getByRole('link', { name: 'Open the app' });
    assert.match((await link.getAttribute('href')) ?? '', /^otpauth:\/\/totp\/Small%20Bank:carol%40example\.com\?/);
    await app.getByRole('img', { name: /QR code/ }).waitFor();
    await app.getByLabel('Six digits').fill('12345');
    await app.getByRole('button', { name: 'Confirm' }).click();
    await app.getByRole('alert').getByText('This is not the code').waitFor();
    const described = (await app.getByLabel('Six digits').getAttribute('aria-describedby')) ?? '';
    assert.match((await page.locator(`#${described}`).textContent()) ?? '', /^This is not the code/);
    const secret = await confirmTotp(page);

    await send(page, 'the baker', '3');
    await dialog(page).getByText('Send €3.00 to the baker, who has no account').waitFor();
    const code = dialog(page).getByLabel('Code of your authenticator app');
    await code.fill(wrongCode(secret, Date.now()));
    await dialog(page).getByRole('button', { name: 'Confirm' }).click();
    await dialog(page).getByRole('alert').getByText('This code is wrong').waitFor();
    assert.equal(await code.getAttribute('aria-invalid'), 'true');
    await code.fill(totpCode(secret, Date.now() + 30_000)); // the one before it was used up by the confirmation
    await code.press('Enter');
    await notice(page, '€3.00 went to the baker.');
    await card(page, 'Latest transfers').getByText('confirmed by code').waitFor();

    // What has approved a transfer is no proof for anything else.
    await app.getByRole('button', { name: 'Remove the app' }).click();
    await dialog(page).getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
    await dialog(page).getByRole('button', { name: 'Cancel' }).click();
    await notice(page, 'nothing was done');
    assert.deepEqual(faults, []);
  });

  it('shows recovery codes once, and sets a new method up by one', async () => {
    const { page, faults } = await openPage();
    await addAuthenticator(page);
    await signUp(page, 'dave@example.com');
    const codes = card(page, 'Recovery codes');
    assert.equal(await codes.getByLabel('Your recovery codes').isVisible(), false);
    await codes.getByRole('button', { name: 'Make new codes' }).click();
    await notice(page, 'These codes are shown this once.');
    const [code = ''] = await codes.getByRole('listitem').allTextContents();
    assert.equal(await codes.getByRole('listitem').count(), 10);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await codes.getByRole('button', { name: 'Copy the codes' }).click();
    await notice(page, 'Copied.');
    const copied: string = await page.evaluate('navigator.clipboard.readText()');
    assert.equal(copied.split('\n').length, 10);
    assert.ok(copied.startsWith(code));
    await addPasskey(page, 'Lost phone');
    await page.reload();
    await codes.getByText('You have codes.').waitFor();
    assert.equal(await codes.getByRole('listitem').count(), 0);

    const { page: other } = await openPage(); // without the passkey
    await signIn(other, 'dave@example.com');
    await card(other, 'Authenticator app').getByRole('button', { name: 'Set up an app' }).click();
    await dialog(other).getByRole('button', { name: 'Use a recovery code' }).click();
    await dialog(other).getByLabel('Recovery code').fill(code);
    await dialog(other).getByRole('button', { name: 'Confirm' }).click();
    await confirmTotp(other);
    assert.deepEqual(faults, []);
  });

  it('signs in by the passkey that is offered in the form', async () => {
    const { page, faults } = await openPage();
    await addAuthenticator(page);
    await signUp(page, 'olga@example.com');
    await addPasskey(page, 'My laptop');
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await sessions(page).first().waitFor(); // the authenticator's user is always there, and takes the offer at once
    await page.getByText('olga@example.com').waitFor();
    assert.deepEqual(faults, []);
  });

  it('renames and removes a passkey, after a step-up by it', async () => {
    const { page, faults } = await openPage();
    await addAuthenticator(page);
    await signUp(page, 'erin@example.com');
    await addPasskey(page, 'Old name');
    const passkeys = card(page, 'Passkeys');
    await passkeys.getByText('Rename Old name').click();
    await passkeys.getByLabel('New name').fill('Watch');
    await passkeys.getByRole('button', { name: 'Rename' }).click();
    await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
    await notice(page, 'The passkey is called Watch now.');
    await passkeys.getByRole('button', { name: 'Remove Watch' }).click(); // the proof is still fresh
    await notice(page, 'Watch is removed here.');
    assert.equal(await passkeys.getByRole('listitem').count(), 0);
    assert.deepEqual(faults, []);
  });

  it('exports by the password after a sign-in by passkey', async () => {
    const { page, faults } = await openPage();
    await addAuthenticator(page);
    await signUp(page, 'frank@example.com');
    await addPasskey(page, 'My laptop');
    await offerNothing(page);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await sessions(page).first().waitFor();

    await page.getByRole('button', { name: 'Export my data' }).click();
    assert.equal(await dialog(page).getByRole('button', { name: 'Use a passkey' }).count(), 0);
    await dialog(page).getByLabel('Password').fill('not the password');
    await dialog(page).getByRole('button', { name: 'Confirm' }).click();
    await dialog(page).getByRole('alert').getByText('This password is wrong.').waitFor();
    await dialog(page).getByLabel('Password').fill(PASSWORD);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      dialog(page).getByRole('button', { name: 'Confirm' }).click(),
    ]);
    assert.equal(download.suggestedFilename(), 'small-bank.json');
    assert.match(await readFile(await download.path(), 'utf8'), /"email": "frank@example\.com"/);
    assert.deepEqual(faults, []);
  });

  it('says so, and does not ask for ever, when proofs change nothing', async () => {
    const { page } = await openPage();
    await addAuthenticator(page);
    await signUp(page, 'grace@example.com');
    await addPasskey(page, 'My laptop');
    let asked = 0;
    const refusal = {
      code: 'step_up_required',
      missing: [['passkey']],
      methods: [{ method: 'passkey', enrolled: true }],
    };
    await page.route('**/role', async (route) => {
      asked++;
      await route.fulfill({ status: 401, contentType: 'application/problem+json', body: JSON.stringify(refusal) });
    });
    await page.getByRole('button', { name: 'Change the role' }).click();
    for (let proof = 1; proof <= 5; proof += 1) {
      await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
      await page.waitForResponse('**/role');
    }
    await page.getByRole('alert').getByText('The bank asks again').waitFor();
    assert.equal(await dialog(page).count(), 0);
    assert.equal(asked, 6);
  });

  it('says that it may have been done when the answer is lost, and asks before it is done again', async () => {
    const { page } = await openPage();
    await addAuthenticator(page);
    await signUp(page, 'judy@example.com');
    await addPasskey(page, 'My laptop');
    await onApproved(page, async (route) => {
      await route.fetch();
      await route.abort('connectionreset');
    });
    await send(page, 'the baker', '500');
    await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
    await card(page, 'Money').getByText('It may have been done.').waitFor();
    assert.equal(await dialog(page).count(), 0);

    await page.getByRole('button', { name: 'Send the money' }).click();
    await dialog(page).getByRole('heading', { name: 'Do it again?' }).waitFor();
    await dialog(page).getByText('Send €500.00 to the baker').waitFor();
    await dialog(page)
      .getByText(/^You confirmed exactly this .*\. Do it again\?$/)
      .waitFor();
    await page.keyboard.press('Escape');
    await card(page, 'Money').getByText('nothing was done').waitFor();
    await page.reload();
    await card(page, 'Money').getByText('€9,500.00').waitFor();

    await send(page, 'the baker', '500');
    await dialog(page).getByRole('button', { name: 'Do it again' }).click();
    await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
    await notice(page, '€500.00 went to the baker.');
    await card(page, 'Money').getByText('€9,000.00').waitFor();
  });

  it('counts a failure of the server as an answer that is lost', async () => {
    const { page } = await openPage();
    await addAuthenticator(page);
    await signUp(page, 'kim@example.com');
    await addPasskey(page, 'My laptop');
    await onApproved(page, (route) => route.fulfill({ status: 502, body: 'Bad gateway' }));
    await send(page, 'the baker', '500');
    await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
    await card(page, 'Money').getByText('It may have been done.').waitFor();
  });

  it('has no dialog to cancel while what was confirmed is done', async () => {
    const { page } = await openPage();
    await addAuthenticator(page);
    await signUp(page, 'leo@example.com');
    await addPasskey(page, 'My laptop');
    let dialogs = -1;
    await onApproved(page, async (route) => {
      await page.keyboard.press('Escape');
      dialogs = await dialog(page).count();
      await route.continue();
    });
    await send(page, 'the baker', '700');
    await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
    await notice(page, '€700.00 went to the baker.');
    assert.equal(dialogs, 0);
    await card(page, 'Money').getByText('€9,300.00').waitFor();
  });

  it('takes back what was confirmed and then cancelled', async () => {
    const { page } = await openPage();
    await addAuthenticator(page);
    await signUp(page, 'mia@example.com');
    await addPasskey(page, 'My laptop');
    const takenBack = page.waitForResponse((response) => response.request().method() === 'DELETE');
    await page.route('**/auth/step-up/verify', async (route) => {
      const response = await route.fetch(); // approved
      await page.keyboard.press('Escape');
      await card(page, 'Money').getByText('nothing was done').waitFor();
      await route.fulfill({ response });
    });
    await send(page, 'the baker', '700');
    await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
    await takenBack;
    await page.unrouteAll({ behavior: 'wait' });
    await page.getByRole('button', { name: 'Send the money' }).click();
    await dialog(page).getByRole('heading', { name: 'Confirm this' }).waitFor();
    await page.keyboard.press('Escape');
    await page.reload();
    await card(page, 'Money').getByText('€10,000.00').waitFor();
  });

  it('approves by the keyboard alone, and keeps the focus where it belongs', async () => {
    const { page, faults } = await openPage();
    await addAuthenticator(page);
    await signUp(page, 'heidi@example.com');
    await addPasskey(page, 'My laptop');
    await card(page, 'Money').getByLabel('To').fill('ivan');
    const amount = card(page, 'Money').getByLabel('Amount');
    await amount.fill('1');
    const focused = () =>
      page.evaluate('(document.activeElement.shadowRoot?.activeElement ?? document.activeElement).textContent.trim()');

    await amount.press('Enter');
    await dialog(page).waitFor();
    assert.match(String(await focused()), /^Send €1\.00 to ivan/);
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Use a passkey');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Cancel');
    await page.keyboard.press('Enter');
    await card(page, 'Money').getByText('nothing was done').waitFor();
    assert.equal(await page.evaluate('document.activeElement.id'), 'transfer-amount');

    await page.keyboard.press('Enter');
    await dialog(page).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await notice(page, '€1.00 went to ivan.');
    assert.deepEqual(faults, []);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`fits a screen of 360 pixels in ${colorScheme} colours that can be read`, async () => {
      const { page, faults } = await openPage({ colorScheme, viewport: { width: 360, height: 740 } });
      await addAuthenticator(page);
      await signUp(page, `${colorScheme}@example.com`);
      await card(page, 'Recovery codes').getByRole('button', { name: 'Make new codes' }).click();
      await notice(page, 'These codes');
      await addPasskey(page, 'My telephone of last summer, with a long name to show');
      await send(page, 'somebody.with.a.long.name@department.university.example', '1234.56');
      await dialog(page).waitFor();
      await takeScreenshot(page, `approval-${colorScheme}`, { fullPage: false });
      await checkLooks(page);
      await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
      await notice(page, '€1,234.56 went to');
      await card(page, 'Authenticator app').getByRole('button', { name: 'Set up an app' }).click();
      await dialog(page).waitFor();
      await takeScreenshot(page, `step-up-${colorScheme}`, { fullPage: false });
      await checkLooks(page);
      await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
      await card(page, 'Authenticator app').getByRole('link').waitFor();
      await takeScreenshot(page, `narrow-${colorScheme}`);
      await checkLooks(page);
      await page.setViewportSize({ width: 1280, height: 900 });
      await checkLooks(page);
      await takeScreenshot(page, `wide-${colorScheme}`);
      assert.deepEqual(faults, []);
    });
  }
});
