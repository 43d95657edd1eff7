import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { SetupError } from '../../../lib/internal/setup-error.js';
import { checkDriver } from '../../../lib/stores/sqlite/driver.js';

const NODE_20 = { node: '20.20.2', napi: '9' };
const NODE_22 = { node: '22.23.3', napi: '10' };

describe('the check of the SQLite driver', () => {
  it('refuses better-sqlite3 13 on a Node where it would end the process', () => {
    for (const version of ['13.0.0', '13.2.0', '14.0.0-beta.1']) {
      assert.throws(
        () => checkDriver(version, NODE_20),
        (error) => error instanceof SetupError && error.message.includes(version) && /@12/.test(error.help),
      );
    }
  });

  it('lets better-sqlite3 12 pass everywhere, and 13 where Node has N-API 10', () => {
    checkDriver('12.11.1', NODE_20);
    checkDriver('12.11.1', NODE_22);
    checkDriver('13.2.0', NODE_22);
    checkDriver('13.2.0', { node: '24.21.0', napi: '10' });
  });

  it('refuses what says no N-API version', () => {
    assert.throws(() => checkDriver('13.2.0', { node: '20.20.2' }), SetupError);
  });
});
