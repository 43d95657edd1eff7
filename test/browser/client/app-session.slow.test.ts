import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { ForeignSession } from '../../../lib/session/foreign-session.js';
import { missingChromium } from '../../example-app/chromium.js';
import { describeIfPresent } from '../../support/needs.js';
import { send, visitors } from './page.js';
import { startSite } from './site.js';

const TRANSFER = { method: 'POST', json: { to: 'bea', cents: 1_000 } };

describeIfPresent('the client in the browser, beside a session that the app keeps,', missingChromium, () => {
  const visitor = visitors();

  it('steps up, confirms and signs out', async () => {
    let hasEnded = false;
    const site = await startSite({
      session: {
        of({ headers }): ForeignSession | null {
          const found = /app=(\w+)/.exec(headers.cookie ?? '')?.[1];
          return found === undefined || hasEnded ? null : { id: found, userId: 'ada' };
        },
        end() {
          hasEnded = true;
        },
      },
    });
    const { context, open } = await visitor();
    await context.addCookies([{ name: 'app', value: 'one', url: site.url }]);
    const page = await open(site);
    await givesPassword(page);
    assert.deepEqual(await send(page, '/me'), { status: 200, body: { userId: 'ada' } });
    assert.equal((await send(page, '/password')).status, 200);
    assert.equal((await send(page, '/password')).status, 200);
    assert.equal((await send(page, '/transfers', TRANSFER)).status, 200);
    assert.equal(site.bookings.length, 1);
    const verified = site.answered.filter((line) => line.includes('/step-up/verify'));
    assert.equal(verified.length, 2); // one for the proof, one for the transfer
    await page.evaluate(() => client.signOut());
    assert.equal((await send(page, '/me')).status, 401);
  });

  it('keeps what was proved beside the access token of a session that comes in a header', async () => {
    const site = await startSite({
      session: {
        of({ headers }): ForeignSession | null {
          const [, id] = /^Bearer (\w+)$/.exec(headers.authorization ?? '') ?? [];
          return id === undefined ? null : { id, userId: 'ada', via: 'bearer' };
        },
      },
    });
    const { open } = await visitor();
    const page = await open(site, '?bearer=1');
    await givesPassword(page);
    await page.evaluate(() => tokens.set({ session_id: '', access_token: 'one' }));
    assert.equal((await send(page, '/password')).status, 200);
    assert.equal((await send(page, '/password')).status, 200);
    assert.equal((await send(page, '/transfers', TRANSFER)).status, 200);
    assert.equal(site.bookings.length, 1);
    const verified = site.answered.filter((line) => line.includes('/step-up/verify'));
    assert.equal(verified.length, 2);
    assert.equal(await page.evaluate(async () => (await tokens.get())?.access_token), 'one');
    // The proof is of that session, and of no other.
    await page.evaluate(async () => tokens.set({ ...(await tokens.get()), session_id: '', access_token: 'two' }));
    assert.equal((await send(page, '/password')).status, 200);
    assert.equal(site.answered.filter((line) => line.includes('/step-up/verify')).length, 3);
  });

  it('gives up where its session has no id that stays', async () => {
    let count = 0;
    const site = await startSite({
      session: {
        of: () => {
          count += 1;
          return { id: `another ${count}`, userId: 'ada' };
        },
      },
    });
    const { open } = await visitor();
    const page = await open(site);
    await givesPassword(page);
    assert.equal((await send(page, '/transfers', TRANSFER)).code, 'session_changed');
    assert.ok(site.answered.length < 30, site.answered.join('\n'));
    assert.deepEqual(site.bookings, []);
  });
});

async function givesPassword(page: Page): Promise<void> {
  await page.evaluate(() => {
    globalThis.user = async ({ prove }) => {
      const { outcome } = await prove('password', { password: 'sesame' });
      return outcome === 'verified' ? 'confirmed' : 'cancelled';
    };
  });
}
