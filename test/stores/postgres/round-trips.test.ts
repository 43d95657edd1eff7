import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, it } from '@jest/globals';
import { Pool } from 'pg';
import { DROP_PROOFS, rotate, stepUp } from '../../../lib/conformance/session-changes.js';
import { given, insert, rotatedRow, sessionRow } from '../../../lib/conformance/session-rows.js';
import { HOUR, hashOf, NOW } from '../../../lib/conformance/setting.js';
import type { SessionStore } from '../../../lib/stores/contract/sessions.js';
import { postgresStore } from '../../../lib/stores/postgres/index.js';
import { cleanUp } from '../../support/clean-up.js';
import { type CountingProxy, startCountingProxy } from '../../support/counting-proxy.js';
import { describeIfPresent } from '../../support/needs.js';
import { type PostgresServer, postgresBinaries, startPostgres } from '../../support/postgres.js';

const KNOWN = rotatedRow({ id: 'a' });
const touch = { id: 'a', seenAt: NOW, idleExpiresAt: NOW + HOUR, confirms: null };

/** The table of docs/stores.md has these numbers. */
const STEPS: Readonly<Record<string, readonly [trips: number, step: (sessions: SessionStore) => unknown]>> = {
  'to find a session': [1, (sessions) => sessions.find(hashOf('a token'))],
  'to sign in': [1, (sessions) => insert(sessions, sessionRow({ id: 'b', userId: 'other' }))],
  'to sign in with a cap, in the place of a session': [
    1,
    (sessions) => insert(sessions, sessionRow({ id: 'c' }), { replaces: hashOf('b token'), cap: 3 }),
  ],
  'to sign in after all sessions of the user were ended': [
    3,
    async (sessions) => {
      const { outcome } = await insert(sessions, sessionRow({ id: 'd', userId: 'ended' }));
      assert.equal(outcome, 'inserted');
    },
  ],
  'to refresh': [1, async (sessions) => assert.ok(await sessions.change('a', rotate('a'), NOW, KNOWN))],
  'to step up': [1, async (sessions) => assert.ok(await sessions.change('a', stepUp('a'), NOW, KNOWN))],
  'to step up where the row is another by now': [
    3,
    async (sessions) => assert.ok(await sessions.change('a', stepUp('a'), NOW, { ...KNOWN, generation: 0 })),
  ],
  'to change a row that its caller does not know': [
    2,
    async (sessions) => assert.ok(await sessions.change('a', DROP_PROOFS, NOW)),
  ],
  'to revoke a session': [2, async (sessions) => assert.ok(await sessions.revoke('a', 'user'))],
  'to revoke all sessions of a user': [3, (sessions) => sessions.revokeAllForUser('user', null, NOW)],
  'to note sessions as seen': [1, (sessions) => sessions.touch([touch], NOW)],
  'to note sessions as seen, of which some are gone': [
    2,
    (sessions) => sessions.touch([touch, { ...touch, id: 'gone' }], NOW),
  ],
};

describeIfPresent(
  'the round trips to PostgreSQL',
  postgresBinaries === null ? 'PostgreSQL: initdb and postgres' : undefined,
  () => {
    let server: PostgresServer;
    let proxy: CountingProxy;
    let made = 0;
    beforeAll(async () => {
      server = await startPostgres();
      proxy = await startCountingProxy(join(server.config.host ?? '', '.s.PGSQL.5432'));
    });
    afterAll(async () => {
      await proxy.stop();
      await server.stop();
    });

    for (const preparedStatements of [true, false]) {
      for (const [what, [trips, step]] of Object.entries(STEPS)) {
        it(`are ${trips} ${what}, preparedStatements ${preparedStatements}`, async () => {
          made += 1;
          // With one connection, which is made.
          const pool = new Pool({ ...server.config, host: dirname(proxy.path), max: 1 });
          cleanUp(() => pool.end());
          const { sessions, migrate } = postgresStore(pool, { preparedStatements, prefix: `t${made}` });
          await migrate();
          await given(sessions, KNOWN);
          await sessions.revokeAllForUser('ended', null, NOW - HOUR);
          proxy.trips();
          await step(sessions);
          assert.equal(proxy.trips(), trips);
        });
      }
    }
  },
);
