import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from '@jest/globals';
import * as imported from 'stepgate';

const required = createRequire(import.meta.url)('stepgate') as typeof imported; // the same package, as CommonJS

describe('Refusal and SetupError of the ES modules and of CommonJS', () => {
  it('are two classes each', () => {
    assert.notEqual(required.Refusal, imported.Refusal);
    assert.notEqual(required.SetupError, imported.SetupError);
  });

  for (const [from, to, how] of [
    [imported, required, 'imported ones asked of what was required'],
    [required, imported, 'required ones asked of what was imported'],
  ] as const) {
    it(`answer instanceof for each other: ${how}`, () => {
      assert.ok(new from.Refusal('not_found') instanceof to.Refusal);
      assert.ok(new from.SetupError('message', 'help') instanceof to.SetupError);
    });
  }

  it('are not taken for one another, nor anything else for them', () => {
    assert.ok(!(new imported.Refusal('not_found') instanceof required.SetupError));
    assert.ok(!(new imported.SetupError('message', 'help') instanceof required.Refusal));
    for (const value of [new Error('refused'), { name: 'Refusal', code: 'not_found' }, 'Refusal', null, undefined]) {
      assert.ok(!(value instanceof imported.Refusal));
      assert.ok(!(value instanceof imported.SetupError));
    }
  });

  it('leave a class that extends them to itself', () => {
    class Gone extends imported.Refusal {}
    assert.ok(new Gone('not_found') instanceof Gone);
    assert.ok(new Gone('not_found') instanceof required.Refusal);
    assert.ok(!(new imported.Refusal('not_found') instanceof Gone));
  });
});
