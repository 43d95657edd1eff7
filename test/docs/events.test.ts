import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { it } from '@jest/globals';
import type { Express } from 'express';
import type { StepgateEvent } from '../../lib/events.js';
import type { Stepgate } from '../../lib/stepgate.js';
import { Browser } from '../support/browser.js';
import { cleanUp } from '../support/clean-up.js';
import { ORIGIN, SECRET } from '../support/instance.js';
import { compile } from './compile.js';
import { codeBlocks, read } from './markdown.js';

interface Page {
  readonly app: Express;
  readonly auth: Stepgate<'password'>;
  readonly events: readonly (StepgateEvent & { readonly agent?: string })[];
}

it('docs/events.md: the app’s own storage has the request of an event, on a store that answers from a thread', async () => {
  const text = codeBlocks(read('docs/events.md'), 'ts').find((block) => block.text.includes('AsyncLocalStorage'))?.text;
  const file = join(mkdtempSync(join(tmpdir(), 'stepgate-events-')), 'app.db');
  const folder = compile('events-page', {
    events: `
      import { password } from 'stepgate';
      import { sqliteStore } from 'stepgate/sqlite';
      const isRight = (_userId: string, given: string) => given === 'right';
      const events: object[] = [];
      const log = { info: (event: object) => events.push(event) };
      const options = { secret: '${SECRET}', issuer: '${ORIGIN}', store: sqliteStore('${file}'), methods: [password({ enrolled: () => true, verify: isRight })] };
      ${text}
      export { app, auth, events };`,
  });
  const page: Page = await import(pathToFileURL(join(folder, 'events.js')).href);
  const { app, auth, events } = page;
  cleanUp(async () => {
    await auth.close();
    rmSync(join(file, '..'), { recursive: true });
  });
  app.post('/login', (req, res, next) => {
    auth.signIn(req, res, { userId: 'ada', method: 'password' }).then(() => res.end(), next);
  });
  const browser = new Browser(app);
  assert.equal((await browser.post('/login')).status, 200);
  for (const [password, agent] of [
    ['wrong', 'phone'],
    ['right', 'laptop'],
  ] as const) {
    await browser.post('/auth/step-up/verify', {
      headers: { 'user-agent': agent },
      body: { method: 'password', response: { password } },
    });
  }
  assert.deepEqual(events.map(({ type, agent }) => [type, agent]).slice(1), [
    ['step-up.failed', 'phone'],
    ['step-up.succeeded', 'laptop'],
  ]);
});
