import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, it } from '@jest/globals';
import type { Express } from 'express';
import { root } from '../repository/root.js';
import { Browser } from '../support/browser.js';
import { cleanUp } from '../support/clean-up.js';
import { codeBlocks, read, sections } from './markdown.js';

// Inside the package, so that `stepgate` is this very package, as it is built.
const folder = join(root, '.build/your-sessions');
const page = sections(read('docs/your-sessions.md'));

/** The app that a section of the guide shows. */
const APPS = {
  own: 'Say who is signed in',
  'express-session': 'express-session',
  passport: 'passport',
  token: "An identity provider's tokens",
} as const;

const SIGN_INS: Readonly<Record<keyof typeof APPS, { headers?: Record<string, string>; login?: object }>> = {
  own: { headers: { 'x-session': 'a secret' } },
  'express-session': { login: {} },
  passport: { login: { username: 'ada', password: 'sesame' } },
  token: { headers: { Authorization: `Bearer ${tokenOf({ sub: 'ada', sid: 'one' })}` } },
};

describe('the guide to step-up for the sessions that an app has', () => {
  beforeAll(() => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const [name, title] of Object.entries(APPS)) {
      const [block] = codeBlocks(page.get(title) ?? '', 'ts');
      assert.ok(block, title);
      // Of the app's own sessions there has to be one.
      const more =
        name === 'own' ? "sessions.set('a secret', { id: 'one', userId: 'ada', startedAt: Date.now() });" : '';
      writeFileSync(join(folder, `${name}.ts`), `${block.text}${more}\nexport { app, auth };`);
    }
    const compilerOptions = { target: 'es2022', module: 'nodenext', types: ['node'], strict: true, skipLibCheck: true };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' });
    assert.equal(stdout, '');
    process.env['STEPGATE_SECRET'] = 'a secret of 32 bytes for one test';
  });

  for (const [name, { headers = {}, login }] of Object.entries(SIGN_INS)) {
    it(`has an app that works: ${name}`, async () => {
      const { app, auth } = await run(name);
      cleanUp(() => auth.close());
      const user = new Browser(app);
      // supertest speaks http, which express-session sees; stepgate's cookie is kept by this browser all the same.
      const role = (more = {}) => user.post('/role', { headers: { ...headers, ...more }, body: { role: 'admin' } });
      assert.equal((await user.post('/role', { body: { role: 'admin' } })).body.code, 'session_required');
      if (login !== undefined) assert.equal((await user.post('/login', { body: login })).status, 200);
      assert.deepEqual((await role()).body.missing, [['password']]);
      const body = { method: 'password', response: { password: 'the password of ada' } };
      const verified = await user.post('/auth/step-up/verify', { headers, body });
      assert.equal(verified.status, 200, verified.text);
      const { step_up_token: token } = verified.body;
      assert.equal(token === undefined, login !== undefined);
      assert.deepEqual((await role({ 'Stepgate-Step-Up': token })).body, { role: 'admin' });
      if (login === undefined) return;
      assert.equal((await user.post('/logout')).status, 200);
      assert.equal((await role()).body.code, 'session_required');
    });
  }
});

function tokenOf(claims: object): string {
  return Buffer.from(JSON.stringify(claims)).toString('base64url');
}

async function run(name: string): Promise<{ readonly app: Express; readonly auth: { close(): Promise<void> } }> {
  return import(pathToFileURL(join(folder, `${name}.js`)).href);
}
