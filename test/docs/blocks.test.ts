import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import { COMMANDS } from '../../lib/cli/run.js';
import { root } from '../repository/root.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';
import { type CodeBlock, codeBlocks, read } from './markdown.js';

const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const all = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', ...pages.map((name) => `docs/${name}`)];

function blocksOf(language: string): readonly (CodeBlock & { readonly page: string })[] {
  return all.flatMap((page) => codeBlocks(read(page), language).map((block) => ({ page, ...block })));
}

// Those in TypeScript are compiled, most in JavaScript are run by the test of their page. What is left is checked here.
describe('the other code blocks of the docs', () => {
  it('are JavaScript where they say so; those that nothing runs fit the types', () => {
    const folder = join(root, '.build/blocks');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const { page, line, text } of blocksOf('js')) {
      const check = ['docs/dialog.md', 'docs/bundling.md'].includes(page) ? '// @ts-check\n' : '';
      const kind = text.includes('require(') ? 'cjs' : 'mjs';
      writeFileSync(join(folder, `${page.replace('/', '-')}-${line}.${kind}`), check + text);
    }
    const compilerOptions = {
      target: 'es2022',
      lib: ['es2023', 'dom'],
      module: 'nodenext',
      types: ['node'],
      strict: false,
      allowJs: true,
      skipLibCheck: true,
      noEmit: true,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*'] }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' });
    assert.equal(stdout, '');
  });

  it('are JSON where they say so, in the bodies of answers, too', () => {
    for (const { text } of blocksOf('json')) JSON.parse(text);
    const bodies = blocksOf('http').map(({ text }) => text.split('\n\n')[1] ?? '');
    assert.ok(bodies.length > 2);
    for (const body of bodies) JSON.parse(body);
  });

  it('name commands that there are', () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(read('package.json'));
    const lines = all.flatMap((page) =>
      Array.from(read(page).matchAll(/^```(?:console)?\n(.*?)^```$/gms), ([, text = '']) => text).flatMap((text) =>
        text.split('\n'),
      ),
    );
    const run = lines.flatMap((line) =>
      Array.from(line.matchAll(/npm run (?:-s )?([\w:]+)/g), ([, name = '']) => name),
    );
    assert.ok(run.length > 10);
    assert.deepEqual(
      run.filter((name) => !(name in scripts)),
      [],
    );
    const called = all.flatMap((page) =>
      Array.from(read(page).matchAll(/npx stepgate ([a-z][a-z -]*)/g), ([, call = '']) => call),
    );
    assert.ok(called.length > 5);
    for (const call of called) {
      const [name = '', ...flags] = call.trim().split(/ (?=--)/);
      const command = Object.keys(COMMANDS).find((each) => name === each || name.startsWith(`${each} `));
      assert.ok(command !== undefined, call);
      for (const flag of flags) assert.ok(flag.slice(2) in (COMMANDS[command]?.options ?? {}), call);
    }
  });
});

describe('the refusal that docs/errors.md shows', () => {
  it('is what a guard answers', async () => {
    const { app } = testApp(testInstance().auth);
    const answer = await new Browser(app).get('/me', { headers: { Authorization: 'Bearer nothing' } });
    const [shown] = codeBlocks(read('docs/errors.md'), 'http');
    const [head = '', body = ''] = shown?.text.split('\n\n') ?? [];
    const [status, ...headers] = head.split('\n');
    assert.equal(status, `HTTP/1.1 ${answer.status} Unauthorized`);
    for (const header of headers) {
      const [name = '', value] = header.split(': ');
      assert.equal(answer.headers[name.toLowerCase()], value);
    }
    assert.deepEqual(JSON.parse(answer.text), JSON.parse(body));
  });
});
