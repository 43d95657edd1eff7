import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, it, jest } from '@jest/globals';
import { root } from '../repository/root.js';
import { codeBlocks, read } from './markdown.js';

// Inside the package, so that `stepgate` is this very package, as it is built.
const folder = join(root, '.build/testing-page');
const [cookies = '', signedIn = '', kept = '', manual = '', fake = ''] = codeBlocks(read('docs/testing.md'), 'ts').map(
  ({ text }) => text,
);
// Each block is a module; what it takes for granted goes in front.
const IMPORTS = "import { memoryStore, stepgate } from 'stepgate';";
const OPTIONS = "const options = { secret: 'a secret of 32 bytes for one test', issuer: 'http://localhost:3000' };";
const APP = "import express from 'express';\nconst app = express();";
const GUARDED = "app.get('/me', auth.requireSession, (req, res) => res.send('hello'));";
const SMALL =
  'const auth = stepgate({ ...options, store: memoryStore(), methods: [password({ verify: () => true })] });';

describe('the tests of docs/testing.md', () => {
  const modules = {
    cookies,
    'signed-in': [
      "import { password } from 'stepgate';",
      IMPORTS,
      APP,
      OPTIONS,
      SMALL,
      GUARDED,
      signedIn.replace('passkey:', 'password:'),
    ].join('\n'),
    kept: [
      "import { password } from 'stepgate';",
      OPTIONS.replace(' };', ', methods: [password({ verify: () => true })] };'),
      kept.replaceAll('passkey', 'password'),
    ].join('\n'),
    manual: `${APP}\n${OPTIONS}\n${manual}`,
  };
  for (const [name, text] of Object.entries(modules)) {
    it(`pass (${name})`, async () => {
      await run(name, text);
    });
  }

  it('have an instance whose time is that of fake timers', async () => {
    try {
      const { auth } = await run('fake', `${OPTIONS}\n${fake}\nexport { auth };`);
      const before = auth.clock.now();
      jest.advanceTimersByTime(1_000);
      assert.equal(auth.clock.now(), before + 1_000);
    } finally {
      jest.useRealTimers();
    }
  });
});

async function run(name: string, text: string): Promise<{ auth: { clock: { now(): number } } }> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.mjs`), text);
  return import(pathToFileURL(join(folder, `${name}.mjs`)).href);
}
