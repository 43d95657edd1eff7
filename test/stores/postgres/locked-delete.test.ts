import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { approvalRow, givenApprovals } from '../../../lib/conformance/approval-rows.js';
import { given, insert, sessionRow } from '../../../lib/conformance/session-rows.js';
import { HOUR, hashOf, NOW } from '../../../lib/conformance/setting.js';
import { challengeRow, givenPasskeys, grantRow, passkeyRow } from '../../../lib/conformance/step-up-rows.js';
import { type PostgresStore, postgresStore } from '../../../lib/stores/postgres/index.js';
import { describeOnPostgres, until } from './support.js';

interface Operation {
  readonly table: string;
  /** The column that tells the rows apart, whose order is theirs. */
  readonly column: string;
  readonly run: (store: PostgresStore) => Promise<unknown>;
}

const sessions = { table: 'sessions', column: 'id' };
const challenges = { table: 'challenges', column: 'id' };
const grants = { table: 'grants', column: 'action_digest' };
const REPLACEMENT = {
  type: 'replace-credentials',
  userId: 'user',
  presented: hashOf('z token'),
  tokenHash: hashOf('next'),
  refreshHash: null,
} as const;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  'a revocation of all': { ...sessions, run: (store) => store.sessions.revokeAllForUser('user', null, NOW) },
  'replaced credentials': { ...sessions, run: (store) => store.sessions.replaceCredentials('z', REPLACEMENT, NOW) },
  'a sign-in under a cap': {
    ...sessions,
    run: (store) => insert(store.sessions, sessionRow({ id: 'new' }), { replaces: hashOf('z token'), cap: 1 }),
  },
  'a change of all': {
    ...sessions,
    run: (store) => store.sessions.changeAllOfUser('user', { type: 'drop-proofs' }, NOW),
  },
  'a batch of touches': {
    ...sessions,
    run: (store) => {
      const touch = { seenAt: NOW, idleExpiresAt: NOW + HOUR, confirms: null };
      const touches = ['z', 'm', 'a'].map((id) => ({ ...touch, id }));
      return store.sessions.touch(touches, NOW);
    },
  },
  'challenges of a session': { ...challenges, run: (store) => store.challenges.dropForSession('session') },
  'challenges of a user': { ...challenges, run: (store) => store.challenges.dropForUser('user') },
  'the oldest challenges': {
    ...challenges,
    run: (store) => store.challenges.insert(challengeRow({ id: 'new', createdAt: NOW }), 1),
  },
  'grants of a session': { ...grants, run: (store) => store.grants.dropForSession('session') },
  'grants of a user': { ...grants, run: (store) => store.grants.dropForUser('user', null) },
  'grants by a method': { ...grants, run: (store) => store.grants.dropForUser('user', 'passkey') },
  'marks of a user': {
    table: 'spent_actions',
    column: 'action',
    run: (store) => store.grants.dropForUser('user', null),
  },
  'approvals of a user': {
    table: 'approvals',
    column: 'id',
    run: (store) => store.approvals.dropForUser('user', null),
  },
  'approvals of a session': {
    table: 'approvals',
    column: 'id',
    run: (store) => store.approvals.dropForSession('user', 'asking-session'),
  },
  'passkeys of a user': { table: 'passkeys', column: 'id', run: (store) => store.passkeys.dropForUser('user') },
};

describeOnPostgres('what takes several rows of a PostgreSQL store', (database) => {
  for (const [what, { table, column, run }] of Object.entries(OPERATIONS)) {
    it(`waits for the first before it has another, so that two can't wait for each other: ${what}`, async () => {
      const pool = await database.pool();
      const store = postgresStore(pool);
      await store.migrate();
      await fill(store);
      const blocker = await (await database.pool({ like: pool, application_name: 'somebody else' })).connect();
      const lock = `SELECT 1 FROM stepgate_${table} WHERE ${column} = $1 FOR UPDATE`;
      try {
        await blocker.query('BEGIN');
        await blocker.query(lock, ['a']);
        const done = run(store);
        const waits = `SELECT count(*) = 1 AS met FROM pg_stat_activity
          WHERE application_name = $1 AND wait_event_type = 'Lock'`;
        await until(database.admin(), waits, [pool.options.application_name]);
        for (const key of ['m', 'z']) assert.equal((await blocker.query(`${lock} NOWAIT`, [key])).rowCount, 1);
        await blocker.query('COMMIT');
        await done;
      } finally {
        blocker.release(true);
      }
    });
  }
});

/** Three rows of each kind, the last one first, as a table that is read from its start gives them. */
async function fill(store: PostgresStore): Promise<void> {
  for (const id of ['z', 'm', 'a']) {
    await given(store.sessions, sessionRow({ id }));
    await store.challenges.insert(challengeRow({ id }), 16);
    const take = { sessionId: 'session', userId: 'user', actionDigest: id, action: id, now: NOW };
    await store.grants.insert(grantRow({ actionDigest: id }));
    await store.grants.take({ ...take, markedUntil: NOW + HOUR });
    await store.grants.insert(grantRow({ actionDigest: id }));
    await givenApprovals(store.approvals, approvalRow({ id }));
    await givenPasskeys(store.passkeys, passkeyRow({ id }));
  }
}
