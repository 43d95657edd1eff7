import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import { cleanUp } from '../support/clean-up.js';
import { root } from './root.js';

const CHANGELOG = '# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-12-01\n\n### Fixed\n\n- It.\n';
const MANIFEST: Readonly<Record<string, string>> = {
  version: '1.2.3',
  repository: 'example/example',
  bugs: 'https://bugs.example',
  homepage: 'https://home.example',
};

function check(tag: string, { changelog = CHANGELOG, manifest = MANIFEST, lock = '1.2.3' } = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'stepgate-release-'));
  cleanUp(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ version: lock }));
  writeFileSync(join(folder, 'CHANGELOG.md'), changelog);
  const args = ['scripts/check-release.mjs', tag, folder];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  assert.equal(status, stderr === '' ? 0 : 1);
  return stderr;
}

describe('the check before a release', () => {
  it('lets a version pass that the tag, the lock file and the changelog have', () => {
    assert.equal(check('v1.2.3'), '');
  });

  it('refuses everything that does not fit', () => {
    assert.match(check('v1.2.4'), /The tag is v1\.2\.4/);
    assert.match(check('v1.2.3', { lock: '1.2.2' }), /package-lock\.json/);
    assert.match(check('v1.2.3', { changelog: CHANGELOG.replace('1.2.3', '1.2.2') }), /no dated section for 1\.2\.3/);
    assert.match(check('v1.2.3', { changelog: CHANGELOG.replace(' - 2026-12-01', '') }), /no dated section/);
    assert.match(
      check('v1.2.3', { changelog: CHANGELOG.replace('## [1.2.3]', '### Added\n\n- More.\n\n## [1.2.3]') }),
      /under "Unreleased"/,
    );
  });

  for (const name of ['repository', 'bugs', 'homepage'] as const) {
    it(`refuses a package that doesn't say its \`${name}\``, () => {
      const { [name]: _, ...manifest } = MANIFEST;
      assert.match(check('v1.2.3', { manifest }), new RegExp(`^package\\.json has no \`${name}\`.*\n$`));
    });
  }

  it('is what the workflow runs before it publishes, with provenance', () => {
    const workflow = readFileSync(join(root, '.github/workflows/release.yml'), 'utf8');
    const runs = [...workflow.matchAll(/- run: (.*)$/gm)].map(([, command]) => command);
    assert.deepEqual(runs, [
      'node scripts/check-release.mjs "$GITHUB_REF_NAME"',
      '.ci/run',
      'npm publish --provenance --access public',
    ]);
    assert.match(workflow, /id-token: write/);
  });
});
