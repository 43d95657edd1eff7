import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { Pool } from 'pg';
import { insert, rotatedRow, sessionRow } from '../../../lib/conformance/session-rows.js';
import { HOUR, hashOf, MINUTE, NOW } from '../../../lib/conformance/setting.js';
import type { SessionRow } from '../../../lib/stores/contract/sessions.js';
import { postgresMigrations, postgresStore } from '../../../lib/stores/postgres/index.js';
import { LAYOUT_0_1 } from './layout-0.1.js';
import { catalog, describeOnPostgres, type TestDatabase } from './support.js';

const ROWS = [sessionRow({ id: 'a' }), rotatedRow({ id: 'b', userId: 'other' })];

describeOnPostgres('the tables of stepgate 0.1 in PostgreSQL', (database) => {
  it('keep their sessions, whose tokens count as made when they were', async () => {
    const { migrate, sessions } = postgresStore(await oldTables(database));
    await migrate();
    for (const row of ROWS) {
      const kept = {
        ...row,
        tokenIssuedAt: row.createdAt,
        generation: 0,
        passedMethods: [],
        idleLifetime: null,
        persistent: true,
        restricted: false,
        impersonator: null,
      };
      assert.deepEqual(await sessions.get(row.id), kept);
      assert.deepEqual(await sessions.find(row.tokenHash), kept);
    }
  });

  it('let their sessions step up, and take new ones', async () => {
    const { migrate, sessions } = postgresStore(await oldTables(database));
    await migrate();
    const stepUp = { type: 'step-up', presented: hashOf('a token'), nonce: 'n', tokenHash: hashOf('next') } as const;
    const row = await sessions.change('a', { ...stepUp, method: 'totp', makesProof: true }, NOW);
    assert.deepEqual(row?.passedMethods, ['totp']);
    assert.deepEqual(await sessions.find(hashOf('next')), row);
    assert.equal((await insert(sessions, sessionRow({ id: 'c' }))).outcome, 'inserted');
  });

  it('keep whatever else is in them, but for spent grants', async () => {
    const { migrate, ...parts } = postgresStore(await oldTables(database));
    await migrate();
    const { sessions, challenges, grants, attempts, passkeys, totp, recoveryCodes } = parts;
    const row = sessionRow({ id: 'c', userId: 'revoked', authenticatedAt: NOW });
    assert.equal((await insert(sessions, row)).outcome, 'refused');

    const challenge = await challenges.take('session', 'challenge', NOW);
    assert.equal(challenge?.generation, 0);
    assert.deepEqual(challenge.methods, ['totp']);
    assert.equal(await challenges.spend(hashOf('spent'), NOW + HOUR, NOW), false);

    const take = { sessionId: 'session', userId: 'user', action: 'action', markedUntil: NOW + HOUR, now: NOW };
    assert.deepEqual(await grants.take({ ...take, actionDigest: 'spent' }), { outcome: 'none' });
    assert.equal((await grants.take({ ...take, actionDigest: 'live' })).outcome, 'taken');
    assert.deepEqual(await grants.take({ ...take, actionDigest: 'live' }), { outcome: 'spent', spentAt: NOW });

    assert.equal((await attempts.read('user', ['totp'], NOW))[0]?.count, 3);
    const passkey = await passkeys.findById('key');
    assert.deepEqual(passkey?.transports, ['usb', 'nfc']);
    assert.deepEqual([passkey?.rpID, passkey?.userHandle], [null, 'handle']);
    assert.equal((await totp.find('user'))?.lastStep, 7);
    assert.equal(await totp.findWaiting('user'), null);
    assert.equal(await totp.find('other'), null);
    assert.equal((await totp.findWaiting('other'))?.encryptedSecret, 'secret');
    assert.equal((await recoveryCodes.count('user'))?.left, 1);
  });

  it('are those of a new database in the end, and have no realm', async () => {
    const [old, fresh] = [await oldTables(database), await database.pool()];
    for (const pool of [old, fresh]) await postgresStore(pool).migrate();
    assert.deepEqual(await catalog(old), await catalog(fresh));
    assert.equal(await postgresStore(old).sessions.claim('a'), 'a');
  });

  it('are updated within no time that the app gives a request', async () => {
    const pool = await oldTables(database);
    await pool.query(`CREATE FUNCTION slowly() RETURNS trigger AS 'BEGIN PERFORM pg_sleep(0.3); RETURN NEW; END' LANGUAGE plpgsql;
      CREATE TRIGGER slowly BEFORE UPDATE ON stepgate_sessions FOR EACH STATEMENT EXECUTE FUNCTION slowly()`);
    const impatient = await database.pool({ like: pool, statement_timeout: 100, query_timeout: 100 });
    const { migrate, sessions } = postgresStore(impatient, { timeout: '5s' });
    await migrate();
    assert.equal((await sessions.get('a'))?.tokenIssuedAt, ROWS[0]?.createdAt);
  });
});

it('the first migration of PostgreSQL is the published one', () => {
  assert.equal(postgresMigrations()[0], LAYOUT_0_1);
});

/** As stepgate 0.1 left them. */
async function oldTables(database: TestDatabase): Promise<Pool> {
  const pool = await database.pool();
  await pool.query(LAYOUT_0_1);
  for (const row of ROWS) {
    const columns = columnsOf(row);
    const names = Object.keys(columns);
    const places = names.map((_, index) => `$${index + 1}`);
    await pool.query(
      `INSERT INTO stepgate_sessions (${names.join(', ')}) VALUES (${places.join(', ')})`,
      Object.values(columns),
    );
  }
  const [made, end] = [NOW - MINUTE, NOW + MINUTE];
  await pool.query(`
    INSERT INTO stepgate_not_before VALUES ('revoked', ${NOW});
    INSERT INTO stepgate_challenges VALUES
      ('challenge', 'session', 'user', 'action', '{totp}', 'value', 'digest', ${made}, ${end});
    INSERT INTO stepgate_spent_challenges VALUES ('${hashOf('spent')}', ${end});
    INSERT INTO stepgate_grants VALUES
      ('session', 'live', 'user', 'totp', ${made}, ${end}, false), ('session', 'spent', 'user', 'totp', ${made}, ${end}, true);
    INSERT INTO stepgate_attempts VALUES ('user', 'totp', 3, NULL);
    INSERT INTO stepgate_passkeys VALUES ('key', 'user', 'handle', 'cose', 5, true, false, '{usb,nfc}', NULL, ${made}, NULL);
    INSERT INTO stepgate_totp VALUES ('user', 'secret', ${made}, ${made}, 7), ('other', 'secret', ${made}, NULL, NULL);
    INSERT INTO stepgate_recovery_codes VALUES ('user', '${hashOf('code')}', ${made})`);
  return pool;
}

function columnsOf(row: SessionRow): Readonly<Record<string, unknown>> {
  return {
    id: row.id,
    user_id: row.userId,
    delivery: row.delivery,
    created_at: row.createdAt,
    authenticated_at: row.authenticatedAt,
    last_seen_at: row.lastSeenAt,
    idle_expires_at: row.idleExpiresAt,
    expires_at: row.expiresAt,
    user_agent: row.userAgent,
    ip: row.ip,
    label: row.label,
    data: row.data && JSON.stringify(row.data),
    token_hash: row.tokenHash,
    previous_token_hash: row.previousTokenHash,
    token_nonce: row.tokenNonce,
    token_method: row.tokenMethod,
    token_confirmed_at: row.tokenConfirmedAt,
    refresh_hash: row.refreshHash,
    parent_refresh_hash: row.parentRefreshHash,
    refresh_nonce: row.refreshNonce,
    refreshed_at: row.refreshedAt,
    refresh_confirmed_at: row.refreshConfirmedAt,
    amr: JSON.stringify(row.amr),
    acr: row.acr,
    sign_in_proofs: JSON.stringify(row.signInProofs),
    step_up_proofs: JSON.stringify(row.stepUpProofs),
  };
}
