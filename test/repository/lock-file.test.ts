import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import { root } from './root.js';

for (const folder of ['.', 'bench', 'test/consumers']) {
  describe(`package-lock.json of ${folder}`, () => {
    const text = readFileSync(join(root, folder, 'package-lock.json'), 'utf8');

    it('names no registry', () => {
      assert.doesNotMatch(text, /"resolved"|https?:[^"]*\.tgz/);
    });

    it('says the same as package.json', () => {
      const lock: { packages: Record<string, Record<string, unknown>> } = JSON.parse(text);
      const manifest: Record<string, unknown> = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
      for (const part of ['version', 'dependencies', 'devDependencies', 'peerDependencies', 'peerDependenciesMeta']) {
        assert.deepEqual(lock.packages['']?.[part], manifest[part], part);
      }
    });
  });
}
