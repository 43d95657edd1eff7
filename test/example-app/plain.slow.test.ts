import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { Page, Request } from 'playwright-core';
import { describeIfPresent } from '../support/needs.js';
import { totpCode } from '../support/totp.js';
import { missingChromium } from './chromium.js';
import { PASSWORD, pagesOfTheBank } from './pages.js';

async function givePassword(page: Page, text: string): Promise<void> {
  const form = page.locator('form', { has: page.locator('[name=method][value=password]') });
  if (!(await form.isVisible())) await page.getByText('Another way: Password').click();
  await form.getByLabel('Password').fill(text);
  await form.getByRole('button', { name: 'Confirm' }).click();
}

/** Which of the requests have this in their address or their body. */
function carriersOf(secret: string, sent: readonly Request[]): readonly (readonly [method: string, path: string])[] {
  return sent
    .filter((request) =>
      decodeURIComponent(`${request.url()} ${request.postData() ?? ''}`.replaceAll('+', ' ')).includes(secret),
    )
    .map((request) => [request.method(), new URL(request.url()).pathname]);
}

/** The page's forms as they would be with a field for files. */
async function sendAsMultipart(page: Page): Promise<void> {
  await page.locator('form').evaluateAll((forms: HTMLFormElement[]) => {
    for (const form of forms) form.enctype = 'multipart/form-data';
  });
}

describeIfPresent('the bank in a browser without JavaScript', missingChromium, () => {
  const { openPage, log } = pagesOfTheBank();

  /** A signed-in page with scripts off, and all that it sends; the account was opened, with an app for codes, elsewhere. */
  async function open(email: string): Promise<{ page: Page; sent: Request[]; code: (later?: number) => string }> {
    const { page } = await openPage({ javaScriptEnabled: false });
    const { origin } = new URL(page.url());
    const api = (await openPage()).page.request;
    const headers = { Origin: origin };
    await api.post(`${origin}/signup`, { headers, data: { email, password: PASSWORD } });
    const { secret } = await (await api.post(`${origin}/auth/totp`, { headers })).json();
    const code = (later = 0) => totpCode(secret, Date.now() + later * 30_000);
    const confirmed = await api.post(`${origin}/auth/totp/confirm`, { headers, data: { code: code() } });
    assert.equal(confirmed.status(), 204);
    const sent: Request[] = [];
    page.on('request', (request) => sent.push(request));
    await page.getByRole('link', { name: 'page without JavaScript' }).click();
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Your account' }).waitFor();
    return { page, sent, code };
  }

  it('sends money once it is confirmed by a code, which no other request carries, and shows it', async () => {
    const { page, sent, code } = await open('plain-ada@example.com');
    await page.getByLabel('To').fill('<b>bob</b>');
    await page.getByLabel('Amount in cents').fill('1250');
    await page.getByRole('button', { name: 'Send the money' }).click();
    await page.getByRole('heading', { name: 'Confirm this' }).waitFor();
    await page.getByText('Send €12.50 to <b>bob</b>, who has no account at this bank').waitFor();
    assert.equal(await page.locator('b').count(), 0);
    const typed = code(1);
    await page.locator('input[name=answer]:visible').fill(typed);
    await page.getByRole('button', { name: 'Confirm' }).first().click();
    await page.getByRole('button', { name: 'Send it' }).click();
    await page.getByText('€12.50 to <b>bob</b>').waitFor();
    await page.getByText('plain-ada@example.com: €9,987.50').waitFor();
    assert.deepEqual(carriersOf(typed, sent), [['POST', '/plain/step-up/page']]);
    assert.equal(
      sent.filter((request) => request.method() === 'POST' && request.url().endsWith('/transfers')).length,
      2,
    );
  });

  it('leads to the guarded page and back, after a wrong password too, which no other request carries', async () => {
    const { page, sent } = await open('plain-bob@example.com');
    const signedIn = sent.length;
    // The sign-in was a proof of the password: as if it were ten minutes ago.
    const { origin } = new URL(page.url());
    await page.request.delete(`${origin}/auth/step-up`, { headers: { Origin: origin } });
    await page.getByRole('link', { name: 'Your data' }).click();
    await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
    await givePassword(page, 'not the password');
    await page.getByRole('alert').getByText('That was not right.').waitFor();
    await givePassword(page, PASSWORD);
    await page.getByRole('heading', { name: 'Your data' }).waitFor();
    assert.equal(new URL(page.url()).pathname, '/plain/export');
    assert.deepEqual(carriersOf(PASSWORD, sent.slice(signedIn)), [['POST', '/plain/step-up/page']]);
  });

  it('is led nowhere else by the path to return to', async () => {
    const { page } = await open('plain-cid@example.com');
    const { origin } = new URL(page.url());
    for (const path of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)']) {
      const answer = await page.goto(
        `${origin}/plain/step-up/page?return_to=${encodeURIComponent(path)}&method=password`,
      );
      assert.ok(answer);
      assert.doesNotMatch(await page.content(), /(?:href|action)="(?:https?:)?\/\/evil/);
      assert.equal(new URL(page.url()).origin, origin);
      if ((await page.getByLabel('Password').count()) === 0) continue;
      await givePassword(page, PASSWORD);
      assert.equal(new URL(page.url()).origin, origin, path);
    }
  });

  it('takes no form with files, and books nothing of it', async () => {
    const { page, code } = await open('plain-dan@example.com');
    await page.getByLabel('To').fill('bob');
    await page.getByLabel('Amount in cents').fill('1250');
    await sendAsMultipart(page);
    const refused = page.waitForResponse('**/plain/transfers');
    await page.getByRole('button', { name: 'Send the money' }).click();
    assert.equal((await refused).status(), 415);
    await page.getByRole('alert').getByText('This form can’t be sent with files. Nothing was done.').waitFor();
    await page.getByRole('link', { name: 'Back' }).click();
    await page.getByText('Nothing was sent or received yet.').waitFor();

    // Nor an answer to "Confirm this".
    await page.getByLabel('To').fill('bob');
    await page.getByLabel('Amount in cents').fill('1250');
    await page.getByRole('button', { name: 'Send the money' }).click();
    const answered = page.waitForResponse('**/plain/step-up/page?**');
    await page.locator('input[name=answer]:visible').fill(code(1));
    await sendAsMultipart(page);
    await page.getByRole('button', { name: 'Confirm' }).first().click();
    assert.equal((await answered).status(), 400);
    assert.equal(await page.getByRole('button', { name: 'Send it' }).count(), 0);
    await page.goto(`${new URL(page.url()).origin}/plain`);
    await page.getByText('Nothing was sent or received yet.').waitFor();
  });

  it('writes no password into its log, be it right or wrong', async () => {
    const { page } = await open('plain-eve@example.com');
    const { origin } = new URL(page.url());
    await page.request.delete(`${origin}/auth/step-up`, { headers: { Origin: origin } });
    await page.getByRole('link', { name: 'Your data' }).click();
    await givePassword(page, 'not the password');
    await page.getByRole('alert').getByText('That was not right.').waitFor();
    await givePassword(page, PASSWORD);
    await page.getByRole('heading', { name: 'Your data' }).waitFor();
    // What the bank can't read is where a parser might quote it.
    for (const [type, data] of [
      ['application/json', `{"password":"${PASSWORD}`],
      ['application/x-www-form-urlencoded', `password=${PASSWORD}&${'a&'.repeat(2_000)}`],
      ['multipart/form-data', `password=${PASSWORD}`],
    ] as const) {
      for (const path of ['/login', '/plain/sign-in', '/plain/step-up/page?return_to=/plain/export']) {
        const answer = await page.request.post(`${origin}${path}`, {
          headers: { Origin: origin, 'Content-Type': type, Accept: 'text/html' },
          data,
        });
        assert.ok(answer.status() >= 400 && answer.status() < 500, `${path} ${type}: ${answer.status()}`);
        assert.ok(!(await answer.text()).includes(PASSWORD), `${path} ${type}`);
      }
    }
    assert.match(log(), /The bank is open at/);
    const written = log().replaceAll('+', ' ').replaceAll('%20', ' ');
    for (const secret of [PASSWORD, 'not the password']) assert.ok(!written.includes(secret), written);
  });

  it('says in words what is wrong', async () => {
    const { page } = await openPage({ javaScriptEnabled: false });
    await page.goto(`${new URL(page.url()).origin}/plain`);
    await page.getByLabel('E-mail').fill('nobody@example.com');
    await page.getByLabel('Password').fill('not the password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('The e-mail address or the password is wrong.').waitFor();
  });
});
