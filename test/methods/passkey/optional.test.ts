import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from '@jest/globals';

/** Imports a module of ours in a process where nobody has installed @simplewebauthn/server. */
function importWithout(module: string): { status: number | null; stderr: string } {
  const hooks = `export function resolve(specifier, context, next) {
    if (specifier.startsWith('@simplewebauthn')) throw new Error('[on purpose] not installed: ' + specifier);
    return next(specifier, context);
  }`;
  const code = `
    import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}));
    await import(${JSON.stringify(new URL(module, import.meta.url).href)});`;
  return spawnSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8' });
}

describe('@simplewebauthn/server', () => {
  it('is needed for stepgate/passkey', () => {
    const { status, stderr } = importWithout('../../../lib/methods/passkey/index.js');
    assert.equal(status, 1);
    assert.match(stderr, /not installed: @simplewebauthn\/server/);
  });

  it('is not needed for stepgate', () => {
    const { status, stderr } = importWithout('../../../lib/index.js');
    assert.equal(status, 0, stderr);
  });
});
