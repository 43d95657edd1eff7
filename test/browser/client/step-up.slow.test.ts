import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { ProveOutcome } from '../../../lib/browser/confirm.js';
import { missingChromium } from '../../example-app/chromium.js';
import { describeIfPresent } from '../../support/needs.js';
import { addAuthenticator, send, signIn, visitors } from './page.js';
import { startSite } from './site.js';

const TRANSFER = { method: 'POST', json: { to: 'bea', cents: 1_000 } };

/** Gives what is asked, and notes what came of each attempt. */
async function givesPassword(page: Page, ...passwords: readonly string[]): Promise<void> {
  await page.evaluate((given) => {
    globalThis.proved = [];
    globalThis.user = async ({ prove }) => {
      for (const password of given) {
        const outcome = await prove('password', { password });
        proved.push(outcome);
        if (outcome.outcome === 'verified') return 'confirmed';
        if (outcome.outcome === 'expired') return 'expired';
      }
      return 'cancelled';
    };
  }, passwords);
}

declare global {
  var proved: ProveOutcome[];
}

describeIfPresent('the client in the browser steps up', missingChromium, () => {
  const visitor = visitors();

  it('for exactly one request, which the user sees in words, and sends the same bytes again', async () => {
    const site = await startSite();
    const { open } = await visitor();
    const page = await open(site);
    await signIn(page);
    await givesPassword(page, 'sesame');
    assert.deepEqual(await send(page, '/transfers', TRANSFER), { status: 200, body: { balance: 999 } });
    assert.deepEqual(site.bookings, [{ to: 'bea', cents: 1_000 }]);
    assert.deepEqual(await page.evaluate(() => asked), [
      { why: 'action', summary: 'Send 1000 cents to bea', ways: [['password']], again: null, notice: null },
    ]);
    assert.deepEqual(
      site.answered.filter((line) => /transfers|verify/.test(line)),
      ['POST /transfers 401', 'POST /auth/step-up/verify 200', 'POST /transfers 200'],
    );
  });

  it('with a passkey', async () => {
    const site = await startSite();
    const { open } = await visitor();
    const page = await open(site);
    await addAuthenticator(page);
    await signIn(page);
    await page.evaluate(() => {
      globalThis.user = async ({ prove }) => {
        const { outcome } = await prove('password', { password: 'sesame' });
        return outcome === 'verified' ? 'confirmed' : 'cancelled';
      };
    });
    await page.evaluate(() => client.passkeys.add({ label: 'a key' }));
    site.clock.advance('1m');
    await page.evaluate(() => {
      globalThis.user = async ({ prove }) =>
        (await prove('passkey')).outcome === 'verified' ? 'confirmed' : 'cancelled';
    });
    assert.equal((await send(page, '/transfers', TRANSFER)).status, 200);
    assert.equal((await send(page, '/passkey')).status, 200);
    assert.equal(site.bookings.length, 1);
  });

  it('by several methods, one after the other, in one dialog', async () => {
    const site = await startSite();
    const { open } = await visitor();
    const page = await open(site);
    await signIn(page);
    await page.evaluate(() => {
      globalThis.user = async ({ prove }) => {
        const first = await prove('password', { password: 'sesame' });
        const second = await prove('pin', { code: '1234' });
        globalThis.proved = [first, second];
        return 'confirmed';
      };
    });
    site.clock.advance('10m'); // the sign-in's own proof of a password has expired
    assert.equal((await send(page, '/both')).status, 200);
    assert.deepEqual(await page.evaluate(() => [asked, proved]), [
      [{ why: 'proof', summary: null, ways: [['password', 'pin']], again: null, notice: null }],
      [
        { outcome: 'verified', left: [['pin']] },
        { outcome: 'verified', left: [] },
      ],
    ]);
  });

  it('once for five requests that need the same proof at the same time', async () => {
    const site = await startSite();
    const { open } = await visitor();
    const page = await open(site);
    await signIn(page);
    await page.evaluate(() => {
      globalThis.user = async ({ prove }) => {
        await prove('pin', { code: '1234' });
        return 'confirmed';
      };
    });
    const statuses = await page.evaluate(() =>
      Promise.all(Array.from({ length: 5 }, async () => (await client.fetch('/pin')).status)),
    );
    assert.deepEqual(statuses, [200, 200, 200, 200, 200]);
    assert.equal(await page.evaluate(() => asked.length), 1);
    assert.equal(site.answered.filter((line) => line.includes('verify')).length, 1);
  });

  it('still for a request whose dialog another one has given up, and for nobody whom the user has refused', async () => {
    const site = await startSite();
    const { open } = await visitor();
    const page = await open(site);
    await signIn(page);
    const ends = await page.evaluate(async () => {
      const controller = new AbortController();
      globalThis.user = async ({ prove, signal }) => {
        if (asked.length === 1) {
          controller.abort();
          return new Promise((resolve) => {
            if (signal.aborted) resolve('cancelled');
            signal.addEventListener('abort', () => resolve('cancelled'));
          });
        }
        await prove('pin', { code: '1234' });
        return 'confirmed';
      };
      const end = (sent: Promise<Response>) =>
        sent.then(
          ({ status }) => status,
          (error: unknown) => (error as { code: string }).code,
        );
      const first = end(client.fetch('/pin', { signal: controller.signal }));
      const others = [end(client.fetch('/pin')), end(client.fetch('/pin'))];
      const all = await Promise.all([first, ...others]);
      const dialogs = asked.length;
      globalThis.user = async () => 'cancelled';
      const refused = await Promise.all([end(client.fetch('/totp')), end(client.fetch('/both'))]);
      return [all, dialogs, refused];
    });
    assert.deepEqual(ends, [['cancelled', 200, 200], 2, ['step_up_unavailable', 200]]);
  });

  it('for two actions at once one after the other, each by itself', async () => {
    const site = await startSite();
    const { open } = await visitor();
    const page = await open(site);
    await signIn(page);
    const most = await page.evaluate(async () => {
      let dialogs = 0;
      let atOnce = 0;
      globalThis.user = async ({ prove }) => {
        dialogs += 1;
        atOnce = Math.max(atOnce, dialogs);
        await prove('password', { password: 'sesame' });
        dialogs -= 1;
        return 'confirmed';
      };
      const pay = (to: string) => client.fetch('/transfers', { method: 'POST', json: { to, cents: 1 } });
      const responses = await Promise.all([pay('bea'), pay('cid')]);
      return responses.every(({ ok }) => ok) ? atOnce : 0;
    });
    assert.equal(most, 1);
    assert.deepEqual(
      await page.evaluate(() => asked.map(({ summary }) => String(summary)).sort((a, b) => a.localeCompare(b))),
      ['Send 1 cents to bea', 'Send 1 cents to cid'],
    );
    assert.equal(site.bookings.length, 2);
  });

  it('and tells a wrong answer with what is left of the attempts, and the lock with its time', async () => {
    const site = await startSite();
    const { open } = await visitor();
    const page = await open(site);
    await signIn(page);
    await givesPassword(page, ...Array.from({ length: 6 }, () => 'wrong'));
    assert.deepEqual(await send(page, '/transfers', TRANSFER), { code: 'cancelled' });
    const outcomes = await page.evaluate(() => proved);
    assert.deepEqual(outcomes.slice(0, 2), [
      { outcome: 'wrong', attemptsLeft: 4 },
      { outcome: 'wrong', attemptsLeft: 3 },
    ]);
    assert.deepEqual(outcomes.at(-1), { outcome: 'locked', retryAfter: 900 });
    assert.equal(site.bookings.length, 0);
    // The right one after a wrong one is for the same transfer, which was sent once only until then.
    site.clock.advance('15m');
    await givesPassword(page, 'wrong', 'sesame');
    assert.equal((await send(page, '/transfers', TRANSFER)).status, 200);
    assert.equal(site.bookings.length, 1);
  });

  it('and tells of a disabled method without a time', async () => {
    const site = await startSite();
    const { open } = await visitor();
    const page = await open(site);
    await signIn(page);
    await page.route('**/auth/step-up/verify', (route) =>
      route.fulfill({
        status: 403,
        contentType: 'application/problem+json',
        body: JSON.stringify({ code: 'method_disabled' }),
      }),
    );
    await givesPassword(page, 'sesame');
    assert.deepEqual(await send(page, '/transfers', TRANSFER), { code: 'cancelled' });
    assert.deepEqual(await page.evaluate(() => proved), [{ outcome: 'disabled' }]);
  });

  it('anew where the challenge has died, and says why', async () => {
    const site = await startSite();
    const { open } = await visitor();
    const page = await open(site);
    await signIn(page);
    const held = site.hold('POST /transfers');
    await givesPassword(page, 'sesame');
    const sent = send(page, '/transfers', TRANSFER);
    await held.reached;
    held.release();
    site.clock.advance('1s');
    await sent;
    await page.evaluate(() => {
      globalThis.user = async ({ prove, notice }) => {
        if (notice === null) await (globalThis as unknown as { late: () => Promise<void> }).late();
        const { outcome } = await prove('password', { password: 'sesame' });
        return outcome === 'verified' ? 'confirmed' : 'expired';
      };
    });
    await page.exposeFunction('late', () => site.clock.advance('6m'));
    const another = { method: 'POST', json: { to: 'cid', cents: 5 } };
    assert.equal((await send(page, '/transfers', another)).status, 200);
    assert.deepEqual(await page.evaluate(() => asked.map(({ notice }) => notice)), [null, null, 'expired']);
    assert.equal(site.bookings.length, 2);
  });

  it('and is told when the session ends in another window meanwhile', async () => {
    const site = await startSite();
    const { open } = await visitor();
    const page = await open(site);
    await signIn(page);
    await page.exposeFunction('endSession', () => site.auth.sessions.revokeAllForUser('ada'));
    const aborted = page.evaluate(
      () =>
        new Promise((resolve) => {
          globalThis.user = async ({ prove, signal }) => {
            await (globalThis as unknown as { endSession: () => Promise<void> }).endSession();
            const { outcome } = await prove('password', { password: 'sesame' });
            resolve([outcome, signal.aborted]);
            return 'cancelled';
          };
        }),
    );
    assert.deepEqual(await send(page, '/transfers', TRANSFER), { code: 'signed_out' });
    assert.deepEqual(await aborted, ['over', true]);
    assert.deepEqual(await page.evaluate(() => told), ['signed-out']);
  });

  it('never for somebody who has signed in in another tab', async () => {
    const site = await startSite();
    const { open } = await visitor();
    const page = await open(site);
    await signIn(page);
    const other = await open(site);
    await signIn(other, { userId: 'eve' });
    await givesPassword(page, 'sesame');
    assert.deepEqual(await send(page, '/transfers', TRANSFER), { code: 'session_changed' });
    assert.deepEqual(await page.evaluate(() => [asked, told.includes('session-changed')]), [[], true]);
    assert.equal(site.bookings.length, 0);
  });

  it('ahead of a long form', async () => {
    const site = await startSite();
    const { open } = await visitor();
    const page = await open(site);
    await signIn(page);
    await page.evaluate(() => {
      globalThis.user = async ({ prove }) => {
        await prove('pin', { code: '1234' });
        return 'confirmed';
      };
    });
    await page.evaluate(() => client.require({ method: 'pin', maxAge: '5m' }));
    assert.equal((await send(page, '/pin')).status, 200);
    assert.equal(await page.evaluate(() => asked.length), 1);
    const code = await page.evaluate(() =>
      client.require({ method: 'pigeon', maxAge: '5m' }).catch((error: unknown) => (error as { code: string }).code),
    );
    assert.equal(code, 'request_invalid');
  });
});
