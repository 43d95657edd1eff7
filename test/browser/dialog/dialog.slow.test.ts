import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import { missingChromium } from '../../example-app/chromium.js';
import { root } from '../../repository/root.js';
import { describeIfPresent } from '../../support/needs.js';
import { dialogPages } from './page.js';

const ACTION = { why: 'action', summary: 'Send €700.00 to Bob' } as const;
const CODE = 'Code of your authenticator app';
const RIGHT = { outcome: 'verified', left: [] } as const;

describeIfPresent('the dialog', missingChromium, () => {
  const { open } = dialogPages();

  it('asks for the first method that is left, and is confirmed by it', async () => {
    const dialog = await open();
    await dialog.ask({ ways: [['passkey'], ['totp']], answers: [RIGHT] });
    assert.equal(await dialog.focused(), 'button: Use a passkey');
    await dialog.choose('Use a passkey');
    assert.deepEqual(await dialog.proved(), [['passkey']]);
    assert.deepEqual(await dialog.outcomes(1), ['confirmed']);
    assert.equal(await dialog.page.locator('stepgate-dialog').count(), 0);
  });

  it('hands over what was typed, as it was typed', async () => {
    const dialog = await open();
    const wrong = { outcome: 'wrong', attemptsLeft: null } as const;
    await dialog.ask({ ways: [['totp'], ['password'], ['recovery-code']], answers: [wrong, wrong, RIGHT] });
    await dialog.type(CODE, '201 021');
    await dialog.choose('Confirm');
    await dialog.choose('Use your password');
    await dialog.type('Password', ' sesame ');
    await dialog.choose('Confirm');
    await dialog.choose('Use a recovery code');
    await dialog.type('Recovery code', 'abcd-efgh');
    await dialog.choose('Confirm');
    assert.deepEqual(await dialog.proved(), [
      ['totp', { code: '201 021' }],
      ['password', { password: ' sesame ' }],
      ['recovery-code', { code: 'abcd-efgh' }],
    ]);
  });

  it('gives the focus to what is confirmed, and back to the page when it closes', async () => {
    const dialog = await open();
    await dialog.ask(ACTION);
    assert.equal(await dialog.focused(), 'p: Send €700.00 to Bob');
    await dialog.press('Escape');
    assert.equal(await dialog.focused(), 'button: Pay');
  });

  it('can be used with the keyboard alone', async () => {
    const dialog = await open();
    await dialog.ask({ ...ACTION, ways: [['passkey'], ['totp']], answers: [RIGHT] });
    await dialog.press('Tab', 'Tab');
    assert.equal(await dialog.focused(), 'button: Use a code of your app');
    await dialog.press('Enter');
    assert.equal(await dialog.focused(), `input: ${CODE}`);
    await dialog.press('1', '2', '3', '4', '5', '6', 'Enter');
    assert.deepEqual(await dialog.proved(), [['totp', { code: '123456' }]]);
    assert.deepEqual(await dialog.outcomes(1), ['confirmed']);
  });

  it('lets browsers fill in its fields', async () => {
    const dialog = await open();
    await dialog.ask({ dialog: 'german', ways: [['password'], ['totp']] });
    const fields = dialog.page.locator('stepgate-dialog input');
    const attributes = async () =>
      fields.evaluateAll((inputs) =>
        inputs.map((input) => [input.getAttribute('autocomplete'), (input as HTMLInputElement).value]),
      );
    assert.deepEqual(await attributes(), [
      ['username', 'ada@app.example'],
      ['current-password', ''],
    ]);
    await dialog.choose('Code Ihrer App verwenden');
    assert.equal(await fields.last().getAttribute('autocomplete'), 'one-time-code');
    assert.equal(await fields.last().getAttribute('inputmode'), 'numeric');
    assert.equal(await fields.last().getAttribute('maxlength'), null);
  });

  it('says that an answer was wrong, at the field, and how many are left', async () => {
    const dialog = await open();
    const answers = [{ outcome: 'wrong', attemptsLeft: 2 } as const, { outcome: 'wrong', attemptsLeft: 1 } as const];
    await dialog.ask({ ways: [['totp']], answers });
    await dialog.type(CODE, '111111');
    await dialog.choose('Confirm');
    const field = dialog.page.getByLabel(CODE);
    assert.match(await dialog.text(), /This code is wrong, or was used already\. 2 attempts are left\./);
    assert.equal(await dialog.focused(), `input: ${CODE}`);
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    assert.equal(await field.getAttribute('aria-describedby'), 'message');
    assert.equal(await field.inputValue(), '');
    await dialog.type(CODE, '222222');
    await dialog.choose('Confirm');
    assert.match(await dialog.text(), /One attempt is left\./);
  });

  it('counts a lock down, offers another way meanwhile, and asks again when it has expired', async () => {
    const dialog = await open();
    await dialog.ask({ ways: [['totp'], ['passkey']], answers: [{ outcome: 'locked', retryAfter: 90 }] });
    await dialog.type(CODE, '111111');
    await dialog.choose('Confirm');
    assert.match(await dialog.text(), /Too many wrong answers\.You can try again in 1:30\.Another way/);
    assert.equal(await dialog.page.getByLabel(CODE).count(), 0);
    await dialog.page.clock.runFor(60_000);
    assert.match(await dialog.text(), /try again in 0:30\./);
    await dialog.page.clock.runFor(30_000);
    assert.equal(await dialog.focused(), `input: ${CODE}`);
    assert.doesNotMatch(await dialog.text(), /Too many|try again/);
  });

  it('goes on with another method where one is disabled or this device has none', async () => {
    const dialog = await open();
    const answers = [{ outcome: 'unavailable' } as const, { outcome: 'disabled' } as const];
    await dialog.ask({ ways: [['passkey'], ['totp'], ['password']], answers });
    await dialog.choose('Use a passkey');
    assert.match(await dialog.text(), /This device cannot do that\./);
    await dialog.type(CODE, '111111');
    await dialog.choose('Confirm');
    assert.match(await dialog.text(), /switched off/);
    assert.equal(await dialog.focused(), 'input: Password');
    assert.doesNotMatch(await dialog.text(), /passkey|your app/);
  });

  it('walks on through all that has to be proved', async () => {
    const dialog = await open();
    await dialog.ask({
      ways: [['passkey'], ['password', 'totp']],
      answers: [{ outcome: 'verified', left: [['passkey'], ['totp']] }, RIGHT],
    });
    await dialog.choose('Use your password');
    await dialog.type('Password', 'sesame');
    await dialog.choose('Confirm');
    assert.match(await dialog.text(), /Right\. One more thing:/);
    assert.equal(await dialog.focused(), `input: ${CODE}`); // and not the passkey, which the user hasn't chosen
    await dialog.type(CODE, '123456');
    await dialog.choose('Confirm');
    assert.deepEqual(await dialog.outcomes(1), ['confirmed']);
  });

  it('offers no way of which one part can not be asked for', async () => {
    const dialog = await open();
    await dialog.ask({ ways: [['passkey', 'unknown'], ['totp']] });
    assert.equal(await dialog.focused(), `input: ${CODE}`);
    assert.doesNotMatch(await dialog.text(), /passkey/);
  });

  it('asks whether the same is to be done again before anything else, and sends nothing for a no', async () => {
    const dialog = await open();
    const again = { spentAt: (await dialog.page.evaluate(() => Date.now())) - 120_000 };
    await dialog.ask({ ...ACTION, again });
    assert.match(await dialog.text(), /You confirmed exactly this 2 minutes ago\. Do it again\?/);
    assert.equal(await dialog.focused(), 'p: Send €700.00 to Bob');
    await dialog.choose('No');
    assert.deepEqual(await dialog.outcomes(1), ['cancelled']);
    assert.deepEqual(await dialog.proved(), []);

    await dialog.ask({ ...ACTION, summary: null, again: { spentAt: again.spentAt - 3 * 3_600_000 } });
    assert.match(await dialog.text(), /exactly this 3 hours ago/);
    assert.match(await dialog.focused(), /^alert: /); // a stray Enter is no yes
    await dialog.choose('Do it again');
    assert.match(await dialog.text(), /^Confirm this/);
    await dialog.choose('Use a passkey');
    assert.deepEqual(await dialog.proved(), [['passkey']]);
  });

  it('says that its time has expired, and asks anew only when told to', async () => {
    const dialog = await open();
    await dialog.ask({ ...ACTION, expiresIn: 300_000 });
    await dialog.page.clock.runFor(3_600_000);
    assert.match(await dialog.text(), /The time to confirm this is over\./);
    assert.deepEqual(await dialog.outcomes(), []);
    await dialog.choose('Start again');
    assert.deepEqual(await dialog.outcomes(1), ['expired']);
  });

  it('lets an attempt end that was begun in time', async () => {
    const dialog = await open();
    await dialog.ask({ ...ACTION, expiresIn: 300_000 });
    await dialog.choose('Use a passkey');
    await dialog.page.clock.runFor(301_000);
    assert.match(await dialog.text(), /Waiting for your passkey/);
  });

  it('tells the client when a challenge was dead, and asks once more with a word', async () => {
    const dialog = await open();
    await dialog.ask({ ...ACTION, answers: [{ outcome: 'expired' }] });
    await dialog.choose('Use a passkey');
    assert.deepEqual(await dialog.outcomes(1), ['expired']);
    await dialog.ask({ ...ACTION, notice: 'expired' });
    assert.match(await dialog.text(), /The time was over\. Please confirm once more\./);
  });

  it('makes one attempt at a time, however often it is pressed', async () => {
    const dialog = await open();
    await dialog.ask({ ways: [['passkey'], ['totp']] });
    await dialog.press('Enter', 'Enter', 'Enter');
    assert.deepEqual(await dialog.proved(), [['passkey']]);
    assert.equal(await dialog.focused(), 'button: Waiting for your passkey…');
    const other = dialog.page.locator('stepgate-dialog [part=others]');
    assert.equal(await other.evaluate((element) => (element as HTMLElement).inert), true);
  });

  for (const state of ['asking', 'proving'] as const) {
    it(`is cancelled by Escape and by its button while it is ${state}`, async () => {
      const dialog = await open();
      for (const cancel of [() => dialog.press('Escape'), () => dialog.choose('Cancel')]) {
        await dialog.ask(ACTION);
        if (state === 'proving') await dialog.choose('Use a passkey');
        await cancel();
      }
      assert.deepEqual(await dialog.outcomes(2), ['cancelled', 'cancelled']);
      assert.equal(await dialog.page.locator('stepgate-dialog').count(), 0);
    });
  }

  it('says nothing of what has become of the request', async () => {
    const dialog = await open();
    await dialog.ask(ACTION);
    assert.doesNotMatch(await dialog.text(), /done|sent|nothing/i);
  });

  it('closes when the client gives the request up', async () => {
    const dialog = await open();
    await dialog.ask(ACTION);
    await dialog.giveUp(0);
    assert.equal(await dialog.page.locator('stepgate-dialog').count(), 0);
    assert.equal(await dialog.focused(), 'button: Pay');
  });

  it('asks for one request after the other, and not for one that was given up meanwhile', async () => {
    const dialog = await open();
    for (const name of ['Bob', 'Carol', 'Dan']) await dialog.ask({ ...ACTION, summary: `Send €1.00 to ${name}` });
    assert.equal(await dialog.page.locator('stepgate-dialog').count(), 1);
    assert.match(await dialog.text(), /Bob/);
    await dialog.giveUp(1);
    await dialog.press('Escape');
    assert.match(await dialog.text(), /Dan/);
    await dialog.press('Escape');
    assert.deepEqual(await dialog.outcomes(3), ['cancelled', 'cancelled', 'cancelled']);
  });

  it('takes a summary for text', async () => {
    const dialog = await open();
    const summary = `<img src=x onerror="document.title='broken'"><b>Send</b>`;
    await dialog.ask({ ...ACTION, summary });
    assert.equal(await dialog.focused(), `p: ${summary}`);
    assert.equal(await dialog.page.title(), 'An app');
  });

  it("asks for an app's own method by the words and the field it was given", async () => {
    const dialog = await open();
    await dialog.ask({ dialog: 'pin', ways: [['pin'], ['totp']], answers: [RIGHT] });
    await dialog.type('PIN', '1234');
    await dialog.choose('Confirm');
    assert.deepEqual(await dialog.proved(), [['pin', { code: '1234' }]]);
  });

  it('speaks German', async () => {
    const dialog = await open();
    const again = { spentAt: (await dialog.page.evaluate(() => Date.now())) - 120_000 };
    await dialog.ask({ ...ACTION, dialog: 'german', again });
    assert.match(await dialog.text(), /Genau dies haben Sie vor 2 Minuten bestätigt/);
    assert.equal(await dialog.page.locator('stepgate-dialog dialog').getAttribute('lang'), 'de');
    assert.equal(await dialog.page.locator('stepgate-dialog [part=summary]').getAttribute('lang'), 'en');
  });
});

describe('the module of the dialog', () => {
  it('can be loaded where there is no page', async () => {
    const { stepUpDialog } = await import('../../../lib/browser/dialog/index.js');
    assert.equal(typeof stepUpDialog(), 'function');
  });

  it('inserts no markup', () => {
    const source = readFileSync(join(root, 'dist/esm/browser/dialog.js'), 'utf8');
    assert.doesNotMatch(source, /innerHTML|outerHTML|insertAdjacent|\.write\(|\beval\b/);
  });
});
