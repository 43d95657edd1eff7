import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { missingChromium } from '../../example-app/chromium.js';
import { describeIfPresent } from '../../support/needs.js';
import { send, signIn, visitors } from './page.js';
import { startSite } from './site.js';

describeIfPresent('the client in the browser refreshes', missingChromium, () => {
  const visitor = visitors();

  it('once for two tabs that send twenty requests each when the access token has ended', async () => {
    const site = await startSite({ delivery: 'token-cookies' });
    const { open } = await visitor();
    const first = await open(site);
    await signIn(first);
    const second = await open(site);
    await second.evaluate(() => client.load());
    site.clock.advance('11m');
    site.answered.length = 0;
    const twenty = () => Promise.all(Array.from({ length: 20 }, async () => (await client.fetch('/me')).status));
    const statuses = await Promise.all([first.evaluate(twenty), second.evaluate(twenty)]);
    assert.deepEqual(
      statuses.flat(),
      Array.from({ length: 40 }, () => 200),
    );
    const refreshes = site.answered.filter((line) => line.includes('/token/refresh'));
    assert.deepEqual(refreshes, ['POST /auth/token/refresh 200']);
  });

  it('the tokens of a bearer session, once for all requests of the page', async () => {
    const site = await startSite();
    const { open } = await visitor();
    const page = await open(site, '?bearer=1');
    await signIn(page, { delivery: 'bearer' });
    assert.deepEqual(await send(page, '/me'), { status: 200, body: { userId: 'ada' } });
    site.clock.advance('11m');
    const statuses = await page.evaluate(() =>
      Promise.all(Array.from({ length: 20 }, async () => (await client.fetch('/me')).status)),
    );
    assert.deepEqual(new Set(statuses), new Set([200]));
    assert.equal(site.answered.filter((line) => line.includes('/token/refresh')).length, 1);
  });

  it('without locks, where a browser has none', async () => {
    const site = await startSite({ delivery: 'token-cookies' });
    const { context, open } = await visitor();
    await context.addInitScript(() => {
      Object.defineProperty(navigator, 'locks', { value: undefined });
    });
    const page = await open(site);
    await signIn(page);
    site.clock.advance('11m');
    assert.equal((await send(page, '/me')).status, 200);
  });

  it('and goes on without the lock of a tab that gives it back to nobody', async () => {
    const site = await startSite({ delivery: 'token-cookies' });
    const { open } = await visitor();
    const page = await open(site);
    await signIn(page);
    site.clock.advance('11m');
    await page.evaluate((name) => void navigator.locks.request(name, () => new Promise(() => {})), `${site.url}/auth`);
    assert.equal((await send(page, '/me')).status, 200);
  });

  it('and takes no outage for a sign-out', async () => {
    const site = await startSite({ delivery: 'token-cookies' });
    const { open } = await visitor();
    const page = await open(site);
    await signIn(page);
    site.clock.advance('11m');
    site.replace('POST /auth/token/refresh');
    assert.deepEqual(await send(page, '/me'), { code: 'offline' });
    site.cut('POST /auth/token/refresh');
    assert.deepEqual(await send(page, '/me'), { code: 'offline' });
    assert.deepEqual(await page.evaluate(() => told), []);
    assert.equal((await send(page, '/me')).status, 200);
  });

  it('and tells once that the user is signed out, and hands on the answers', async () => {
    const site = await startSite({ delivery: 'token-cookies' });
    const { open } = await visitor();
    const page = await open(site);
    await signIn(page);
    await site.auth.sessions.revokeAllForUser('ada');
    const [one, two] = await Promise.all([send(page, '/me'), send(page, '/me')]);
    assert.deepEqual([one?.status, two?.status], [401, 401]);
    assert.deepEqual(await page.evaluate(() => told), ['signed-out']);
    assert.equal(await page.evaluate(() => client.snapshot()), null);
  });
});
