import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { root } from '../../repository/root.js';

const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'";

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>An app</title>
<link rel="stylesheet" href="/app.css">
<script type="module" src="/app.js"></script>
<main>
<h1>An app</h1>
<button id="pay">Pay</button>
</main>
</html>`;

// Plays the client: each request is answered with what the test has given it, and everything is noted.
const SCRIPT = `
import { english, stepUpDialog } from '/dialog.js';
import { german } from '/dialog/de.js';

window.proved = [];
window.outcomes = [];
const controllers = [];
const makers = {
  english: stepUpDialog(),
  german: stepUpDialog({ words: german, userName: () => 'ada@app.example' }),
  pin: stepUpDialog({
    methods: {
      pin: { choose: 'Use your PIN', label: 'PIN', wrong: 'This PIN is wrong.', member: 'code', autocomplete: 'off' },
    },
  }),
};

window.ask = ({ dialog = 'english', answers = [], expiresIn = null, ...given }) => {
  const controller = new AbortController();
  controllers.push(controller);
  const expiresAt = expiresIn === null ? null : Date.now() + expiresIn;
  const request = {
    why: 'proof', summary: null, ways: [['passkey']], methods: [], again: null, notice: null, expiresAt,
    ...given,
    signal: controller.signal,
    async prove(method, response) {
      window.proved.push(response === undefined ? [method] : [method, response]);
      return answers.shift() ?? new Promise(() => {});
    },
  };
  makers[dialog](request).then((outcome) => window.outcomes.push(outcome), (error) => window.outcomes.push(String(error)));
};
window.giveUp = (index) => controllers[index].abort();
document.querySelector('#pay').focus();
window.isReady = true;
`;

const dist = (file: string): string => readFileSync(join(root, 'dist/esm/browser', file), 'utf8');

/** A page with a strict policy that can open the dialog as it is built. */
export async function startSite(): Promise<{ readonly origin: string; readonly stop: () => void }> {
  const files: Readonly<Record<string, readonly [type: string, body: string]>> = {
    '/': ['text/html', PAGE],
    '/app.css': ['text/css', ':root { color-scheme: light dark; } body { font-family: system-ui, sans-serif; }'],
    '/app.js': ['text/javascript', SCRIPT],
    '/dialog.js': ['text/javascript', dist('dialog.js')],
    '/dialog/de.js': ['text/javascript', dist('dialog/de.js')],
  };
  const server = createServer((req, res) => {
    const [type, body] = files[req.url ?? ''] ?? ['text/plain', ''];
    res.writeHead(200, { 'Content-Type': type, 'Content-Security-Policy': CSP });
    res.end(body);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo; // it listens on a port
  return {
    origin: `http://localhost:${port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
