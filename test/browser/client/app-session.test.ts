import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { ForeignSession } from '../../../lib/session/foreign-session.js';
import { missingChromium } from '../../example-app/chromium.js';
import { describeIfPresent } from '../../support/needs.js';
import { send, visitors } from './page.js';
import { type Site, startSite } from './site.js';

const TRANSFER = { method: 'POST', json: { to: 'bea', cents: 1_000 } };

/** A site whose app keeps the sessions itself. */
function startAppSite(via: 'cookie' | 'bearer'): Promise<Site> {
  const id = via === 'cookie' ? /app=(\w+)/ : /^Bearer (\w+)$/;
  return startSite({
    session: {
      of({ headers }): ForeignSession | null {
        const found = id.exec((via === 'cookie' ? headers.cookie : headers.authorization) ?? '')?.[1];
        return found === undefined ? null : { id: found, userId: 'ada', via };
      },
    },
  });
}

describeIfPresent('the client in the browser, beside a session that the app keeps,', missingChromium, () => {
  const visitor = visitors();

  for (const via of ['cookie', 'bearer'] as const) {
    it(`steps up, confirms and signs out (${via})`, async () => {
      const site = await startAppSite(via);
      const { context, open } = await visitor();
      if (via === 'cookie') await context.addCookies([{ name: 'app', value: 'one', url: site.url }]);
      const page = await open(site, via === 'bearer' ? '?bearer=1' : '');
      await page.evaluate(async (bearer) => {
        if (bearer) await tokens.set({ session_id: '', access_token: 'one' }); // the identity provider's
        await client.load();
        globalThis.user = async ({ prove }) => {
          const { outcome } = await prove('password', { password: 'sesame' });
          return outcome === 'verified' ? 'confirmed' : 'cancelled';
        };
      }, via === 'bearer');
      assert.deepEqual(await send(page, '/me'), { status: 200, body: { userId: 'ada' } });
      assert.equal((await send(page, '/password')).status, 200);
      assert.equal((await send(page, '/password')).status, 200);
      assert.equal((await send(page, '/transfers', TRANSFER)).status, 200);
      assert.equal(site.bookings.length, 1);
      const verified = site.answered.filter((line) => line.includes('/step-up/verify'));
      assert.equal(verified.length, 2); // one for the proof, one for the transfer
    });

    it(`gives up where its session has no id that stays (${via})`, async () => {
      let count = 0;
      const site = await startSite({
        session: {
          of: () => {
            count += 1;
            return { id: `another ${count}`, userId: 'ada', via };
          },
        },
      });
      const { open } = await visitor();
      const page = await open(site, via === 'bearer' ? '?bearer=1' : '');
      await page.evaluate(() => {
        globalThis.user = async ({ prove }) => {
          const { outcome } = await prove('password', { password: 'sesame' });
          return outcome === 'verified' ? 'confirmed' : outcome === 'expired' ? 'expired' : 'cancelled';
        };
      });
      const { code } = await send(page, '/transfers', TRANSFER);
      assert.equal(code, 'session_changed');
      assert.ok(site.answered.length < 30, site.answered.join('\n'));
      assert.deepEqual(site.bookings, []);
    });
  }
});
