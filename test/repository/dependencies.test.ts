import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, it } from '@jest/globals';
import { root } from './root.js';

const read = (file: string): string => readFileSync(join(root, file), 'utf8');

describe('the dependency table of CONTRIBUTING.md', () => {
  const rows = [...read('CONTRIBUTING.md').matchAll(/^\| `([^`]+)`.*\| `([^`]+)` \|$/gm)];
  const owners = Object.fromEntries(rows.map(([, name, owner]) => [name, owner]));

  it('has every package that users install or that is bundled, and no other', async () => {
    const manifest: Record<string, Record<string, string> | undefined> = JSON.parse(read('package.json'));
    const installed = { ...manifest['dependencies'], ...manifest['peerDependencies'] };
    const entries: unknown = await import(pathToFileURL(join(root, 'scripts/entries.mjs')).href);
    const { BUNDLED } = entries as { readonly BUNDLED: readonly string[] }; // a script has no types
    assert.deepEqual(Object.keys(owners).sort(), [...Object.keys(installed), ...BUNDLED].sort());
  });

  it('names the owner that the layer check allows', () => {
    const table = /OWNERS = \{(.*?)\n\}/s.exec(read('scripts/layers.mjs'))?.[1] ?? '';
    const allowed = [...table.matchAll(/^ {2}'?([^':]+)'?: '([^']+)'/gm)].map(([, name, owner]) => [name, owner]);
    assert.deepEqual(owners, Object.fromEntries(allowed));
  });
});
