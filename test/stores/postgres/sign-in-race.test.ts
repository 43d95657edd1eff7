import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { insert, sessionRow } from '../../../lib/conformance/session-rows.js';
import { NOW } from '../../../lib/conformance/setting.js';
import { postgresStore } from '../../../lib/stores/postgres/index.js';
import { describeOnPostgres, until } from './support.js';

describeOnPostgres('a sign-in in one round trip', (database) => {
  for (const [what, how] of [
    ['without a cap', {}],
    ['with a cap', { cap: 3 }],
  ] as const) {
    it(`${what} sees the end of all sessions that it waited for, and is refused`, async () => {
      const pool = await database.pool();
      const { migrate, sessions } = postgresStore(pool);
      await migrate();
      const others = await database.pool({ like: pool, application_name: 'somebody else' });
      const ending = await others.connect();
      try {
        // As far as `revokeAllForUser` is when it has set the time and deletes the sessions.
        await ending.query(`BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('stepgate user user', 0));
          INSERT INTO stepgate_not_before VALUES ('user', ${NOW})`);
        const signIn = insert(sessions, sessionRow({ id: 'a' }), how);
        const waits =
          "SELECT count(*) = 1 AS met FROM pg_stat_activity WHERE application_name = $1 AND wait_event = 'advisory'";
        await until(database.admin(), waits, [pool.options.application_name]);
        await ending.query('COMMIT');
        assert.deepEqual(await signIn, { outcome: 'refused' });
        assert.equal(await sessions.get('a'), null);
      } finally {
        ending.release(true);
      }
    });
  }
});
