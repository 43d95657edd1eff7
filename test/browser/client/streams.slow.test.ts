import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { missingChromium } from '../../example-app/chromium.js';
import { describeIfPresent } from '../../support/needs.js';
import { startHttp2Front } from './http2-front.js';
import { signIn, visitors } from './page.js';
import { startSite } from './site.js';

const CHUNK = 2 ** 16;
const CHUNKS = 64;

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const ALL = digestOf(Uint8Array.from({ length: CHUNK * CHUNKS }, (_, at) => at % 251));

describeIfPresent('the client in the browser sends streams over HTTP/2', missingChromium, () => {
  const visitor = visitors();

  async function open() {
    const uploads: { readonly length: number; readonly digest: string }[] = [];
    const front = await startHttp2Front();
    const site = await startSite({
      issuer: front.url,
      insecureCookies: false,
      keepAlive: true,
      routes(app, auth) {
        app.put('/upload', auth.requireFreshStepUp({ method: 'pin', maxAge: '5m' }), async (req, res) => {
          const chunks: Buffer[] = [];
          for await (const chunk of req) chunks.push(chunk as Buffer); // no encoding is set
          const bytes = Buffer.concat(chunks);
          uploads.push({ length: bytes.length, digest: digestOf(bytes) });
          res.json({ ok: true });
        });
      },
    });
    front.lead(site.url);
    const page = await (await visitor()).open({ ...site, url: front.url });
    await signIn(page);
    await page.evaluate(() => {
      globalThis.user = async ({ prove }) => {
        const { outcome } = await prove('pin', { code: '1234' });
        return outcome === 'verified' ? 'confirmed' : 'cancelled';
      };
    });
    return { front, site, page, uploads };
  }

  /** Uploads by a stream that is made anew each time, chunk by chunk; gives the status and how many were made. */
  function upload(page: Page): Promise<{ readonly status: number; readonly made: number }> {
    return page.evaluate(
      async ([size, count]) => {
        let made = 0;
        const body = (): ReadableStream => {
          made += 1;
          let at = 0;
          return new ReadableStream({
            pull(controller) {
              const start = at * size;
              controller.enqueue(Uint8Array.from({ length: size }, (_, index) => (start + index) % 251));
              at += 1;
              if (at === count) controller.close();
            },
          });
        };
        const { status } = await client.fetch('/upload', { method: 'PUT', body });
        return { status, made };
      },
      [CHUNK, CHUNKS] as const,
    );
  }

  it('of a function: refused first, and after the step-up once more with all of the bytes', async () => {
    const { front, site, page, uploads } = await open();
    const { status, made } = await upload(page);
    assert.equal(status, 200);
    assert.ok(made >= 2, `${made} streams were made`);
    assert.deepEqual(uploads, [{ length: CHUNK * CHUNKS, digest: ALL }]);
    assert.deepEqual(
      site.answered.filter((line) => /upload|verify/.test(line)),
      ['PUT /upload 401', 'POST /auth/step-up/verify 200', 'PUT /upload 200'],
    );
    assert.deepEqual(
      front.received.filter((line) => line.includes('/upload')),
      ['PUT /upload 2.0', 'PUT /upload 2.0'],
    );
    assert.equal(await page.evaluate(() => asked.length), 1);
  });

  it('of a function once, where the user has proved it before', async () => {
    const { site, page, uploads } = await open();
    await page.evaluate(() => client.require({ method: 'pin', maxAge: '5m' }));
    assert.equal((await upload(page)).status, 200);
    assert.deepEqual(uploads, [{ length: CHUNK * CHUNKS, digest: ALL }]);
    assert.deepEqual(
      site.answered.filter((line) => line.includes('/upload')),
      ['PUT /upload 200'],
    );
  });

  it('but no bare stream, which is refused before anything is sent, and left as it was', async () => {
    const { front, page } = await open();
    const before = front.received.length;
    const outcome = await page.evaluate(async () => {
      const body = new Blob(['a stream']).stream();
      const code = await client
        .fetch('/upload', { method: 'PUT', body: body as never })
        .catch((error: unknown) => (error as { code: string }).code);
      return { code, text: await new Response(body).text() };
    });
    assert.deepEqual(outcome, { code: 'stream_body', text: 'a stream' });
    assert.equal(front.received.length, before);
  });
});
