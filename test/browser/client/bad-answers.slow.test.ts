import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { missingChromium } from '../../example-app/chromium.js';
import { describeIfPresent } from '../../support/needs.js';
import { send, signIn, visitors } from './page.js';
import { startSite } from './site.js';

/** Answers that no instance has given, by the path of the route that gives them. */
const ANSWERS: Readonly<Record<string, readonly [status: number, type: string, body: string]>> = {
  '/html': [401, 'text/html', '<h1>Unauthorized</h1>'],
  '/empty': [401, 'application/problem+json', ''],
  '/broken': [401, 'application/problem+json', '{"code":"step_up_req'],
  '/list': [401, 'application/problem+json', '[]'],
  '/number': [401, 'application/problem+json', '1'],
  '/other-library': [401, 'application/json', '{"code":"session_invalid","error":"invalid_token"}'],
  '/nothing-missing': [401, 'application/problem+json', '{"code":"step_up_required"}'],
  '/odd-missing': [401, 'application/problem+json', '{"code":"step_up_required","missing":{"every":1}}'],
  '/odder-missing': [401, 'application/problem+json', '{"code":"step_up_required","missing":[1]}'],
};
const TRANSFER = { method: 'POST', json: { to: 'bea', cents: 1_000 } };

describeIfPresent('the client in the browser', missingChromium, () => {
  const visitor = visitors();

  async function open() {
    const site = await startSite({
      routes(app) {
        for (const [path, [status, type, body]] of Object.entries(ANSWERS)) {
          app.all(path, (_req, res) => void res.status(status).type(type).end(body));
        }
      },
    });
    const page = await (await visitor()).open(site);
    await signIn(page);
    return { site, page };
  }

  it('hands on what is no answer of stepgate, and asks nobody for anything', async () => {
    const { page } = await open();
    for (const path of Object.keys(ANSWERS)) {
      const { status, code } = await send(page, path, { method: 'POST' });
      assert.deepEqual([path, status, code], [path, 401, undefined]);
    }
    assert.deepEqual(await page.evaluate(() => [asked, told]), [[], []]);
  });

  it("takes a proxy's page and a connection that breaks for an unknown outcome, where something may have been done", async () => {
    const { site, page } = await open();
    await page.evaluate(() => {
      globalThis.user = async ({ prove }) => {
        await prove('password', { password: 'sesame' });
        return 'confirmed';
      };
    });
    site.cut('POST /transfers');
    assert.deepEqual(await send(page, '/transfers', TRANSFER), { code: 'outcome_unknown' });
    site.replace('POST /transfers');
    assert.deepEqual(await send(page, '/transfers', TRANSFER), { code: 'outcome_unknown' });
    assert.equal(site.bookings.length, 0);

    // The answer to the one that was confirmed is lost: it is booked, and booked once whatever is pressed then.
    await page.exposeFunction('cut', () => site.cut('POST /transfers'));
    await page.evaluate(() => {
      globalThis.user = async ({ prove, again }) => {
        if (again) return 'cancelled';
        await prove('password', { password: 'sesame' });
        await (globalThis as unknown as { cut: () => Promise<void> }).cut();
        return 'confirmed';
      };
    });
    assert.deepEqual(await send(page, '/transfers', TRANSFER), { code: 'outcome_unknown' });
    assert.equal(site.bookings.length, 1);
    assert.deepEqual(await send(page, '/transfers', TRANSFER), { code: 'cancelled' });
    assert.equal(site.bookings.length, 1);
    assert.deepEqual(await page.evaluate(() => asked.map(({ again }) => again !== null)), [false, true]);
  });

  it('says that it is offline where nothing can have been done', async () => {
    const { site, page } = await open();
    site.cut('GET /me');
    assert.deepEqual(await send(page, '/me'), { code: 'offline' });
    site.replace('GET /me');
    assert.equal((await send(page, '/me')).status, 502);
    site.replace('GET /auth/sessions');
    const code = await page.evaluate(() =>
      client.sessions.list().then(
        () => 'listed',
        (error: unknown) => (error as { code: string }).code,
      ),
    );
    assert.equal(code, 'offline');
  });
});
