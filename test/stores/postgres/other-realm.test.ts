import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { describe, it } from '@jest/globals';
import { type PostgresPool, postgresStore } from '../../../lib/stores/postgres/index.js';

/** A pool whose statements fail so, and whether each connection was closed when it came back. */
function failingPool(error: unknown): { pool: PostgresPool; closed: boolean[] } {
  const closed: boolean[] = [];
  const pool: PostgresPool = {
    totalCount: 1,
    listenerCount: () => 1,
    on: () => {},
    connect: async () => ({
      async query({ text }) {
        if (text !== 'ROLLBACK') throw error;
        return { rows: [], rowCount: 0 };
      },
      release: (destroy = false) => void closed.push(destroy),
      on: () => {},
      off: () => {},
    }),
  };
  return { pool, closed };
}

// Under Jest each test file has a realm of its own, and what `pg` rejects with is no `Error` of it.
describe('an error of another realm', () => {
  for (const [what, text, isClosed] of [
    ['keeps the connection where it is of the statement', "Object.assign(new Error('nul'), { code: '22021' })", false],
    ['costs the connection where it is of that', "Object.assign(new Error('gone'), { code: '57P01' })", true],
    ['costs the connection where it says nothing', "new Error('Query read timeout')", true],
  ] as const) {
    it(what, async () => {
      const error: unknown = runInNewContext(text);
      assert.notEqual(Object.getPrototypeOf(error), Error.prototype); // `instanceof` itself is mended in these tests
      const { pool, closed } = failingPool(error);
      const { sessions } = postgresStore(pool);
      await assert.rejects(
        async () => sessions.get('a'),
        (thrown: unknown) => thrown === error,
      );
      await assert.rejects(sessions.revoke('a', null), (thrown: unknown) => thrown === error);
      assert.deepEqual(closed, [isClosed, isClosed]);
    });
  }

  it('is told from that of a table that is missing', async () => {
    const { pool } = failingPool(runInNewContext("Object.assign(new Error('no table'), { code: '42P01' })"));
    await assert.rejects(postgresStore(pool).sessions.claim('realm'), {
      code: 'setup_error',
      message: /await store.migrate/,
    });
  });
});
