import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from '@jest/globals';

describe('otpauth', () => {
  it('is not needed by an app without TOTP', () => {
    const hooks = `export function resolve(specifier, context, next) {
      if (specifier === 'otpauth') throw new Error('not installed: ' + specifier);
      return next(specifier, context);
    }`;
    const code = `
      import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}));
      await import(${JSON.stringify(new URL('../../lib/index.js', import.meta.url).href)});
      await import(${JSON.stringify(new URL('../../lib/methods/totp/index.js', import.meta.url).href)}).then(
        () => { throw new Error('the hook does nothing [on purpose]'); },
        (error) => console.log(error.message),
      );`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    assert.equal(stdout, 'not installed: otpauth\n');
  });
});
