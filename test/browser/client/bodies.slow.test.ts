import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { it } from '@jest/globals';
import { missingChromium } from '../../example-app/chromium.js';
import { describeIfPresent } from '../../support/needs.js';
import { signIn, visitors } from './page.js';
import { startSite } from './site.js';

const MIB = 2 ** 20;

/** What came of each upload that got past the guard. */
interface Upload {
  readonly type: string;
  readonly length: number;
  readonly digest: string;
}

async function read(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(req, 'end');
  return Buffer.concat(chunks);
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describeIfPresent('the client in the browser sends the same bytes again', missingChromium, () => {
  const visitor = visitors();

  async function open() {
    const uploads: Upload[] = [];
    const site = await startSite({
      keepAlive: true, // a connection that is closed at a 401 may take the answer along while an upload goes on
      routes(app, auth) {
        app.put('/upload', auth.requireFreshStepUp({ method: 'pin', maxAge: '5m' }), async (req, res) => {
          const body = await read(req);
          // Of a form: the one file in it.
          const begin = body.indexOf('\r\n\r\n') + 4;
          const isForm = req.headers['content-type']?.startsWith('multipart/') === true;
          const bytes = isForm ? body.subarray(begin, body.lastIndexOf('\r\n--', body.length - 10)) : body;
          uploads.push({
            type: req.headers['content-type']?.split(';')[0] ?? '',
            length: bytes.length,
            digest: digestOf(bytes),
          });
          res.json({ ok: true });
        });
      },
    });
    const page = await (await visitor()).open(site);
    await signIn(page);
    await page.evaluate(() => {
      globalThis.user = async ({ prove }) => {
        await prove('pin', { code: '1234' });
        return 'confirmed';
      };
    });
    return { site, page, uploads };
  }

  it('of a Request', async () => {
    const { page, uploads } = await open();
    const status = await page.evaluate(async () => {
      const request = new Request('/upload', {
        method: 'PUT',
        body: 'the same',
        headers: { 'Content-Type': 'text/x' },
      });
      return (await client.fetch(request)).status;
    });
    assert.equal(status, 200);
    assert.deepEqual(uploads, [{ type: 'text/x', length: 8, digest: digestOf(Buffer.from('the same')) }]);
  });

  it('of a form with a file of 20 MB, whatever becomes of the form meanwhile', async () => {
    const { page, uploads } = await open();
    const status = await page.evaluate(async (size) => {
      const bytes = Uint8Array.from({ length: size }, (_, at) => at % 251);
      const form = new FormData();
      form.set('file', new Blob([bytes]), 'a.bin');
      const sent = client.fetch('/upload', { method: 'PUT', body: form });
      form.set('file', new Blob(['something else']), 'b.bin');
      return (await sent).status;
    }, 20 * MIB);
    assert.equal(status, 200);
    const digest = digestOf(Uint8Array.from({ length: 20 * MIB }, (_, at) => at % 251));
    assert.deepEqual(uploads, [{ type: 'multipart/form-data', length: 20 * MIB, digest }]);
  });

  it('of a stream that a function makes anew each time', async () => {
    const { site, page } = await open();
    // Chromium sends streams over HTTP/2 only, so the page's own `fetch` reads here what would be sent.
    const outcome = await page.evaluate(async () => {
      const sent: string[] = [];
      let made = 0;
      const send = globalThis.fetch;
      globalThis.fetch = async (input, init) => {
        const request = new Request(input, init);
        if (!request.url.endsWith('/upload')) return send(request);
        sent.push(await request.text());
        return send('/pin', { headers: request.headers });
      };
      const body = () => {
        made += 1;
        return new Blob(['a stream']).stream();
      };
      const { status } = await client.fetch('/upload', { method: 'PUT', body });
      globalThis.fetch = send;
      return { status, sent, isEachNew: made >= 2 };
    });
    assert.deepEqual(outcome, { status: 200, sent: ['a stream', 'a stream'], isEachNew: true });
    assert.equal(site.answered.filter((line) => line.includes('/verify 200')).length, 1);
  });

  it('and refuses a bare stream before anything is sent', async () => {
    const { site, page } = await open();
    const before = site.answered.length;
    const code = await page.evaluate(() =>
      client
        .fetch('/upload', { method: 'PUT', body: new Blob(['x']).stream() as never })
        .catch((error: unknown) => (error as { code: string }).code),
    );
    assert.deepEqual([code, site.answered.length], ['stream_body', before]);
  });
});
