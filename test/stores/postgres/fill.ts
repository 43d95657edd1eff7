import type { Pool } from 'pg';
import { HOUR, MINUTE, NOW } from '../../../lib/conformance/setting.js';

/** Fills the tables: `rows` sessions of a quarter as many users, a tenth of them over, and as many rows of most other parts. */
export async function fill(pool: Pool, rows: number): Promise<void> {
  const [users, day] = [Math.ceil(rows / 4), 24 * HOUR];
  const text = (what: string): string => `encode(sha256(('${what}' || g)::bytea), 'hex')`;
  const user = `'user ' || (g % ${users})`;
  const over = `${NOW - MINUTE} + (g::int8 * ${10 * MINUTE}) / ${rows}`;
  await pool.query(`
    INSERT INTO stepgate_sessions (id, user_id, delivery, created_at, authenticated_at, last_seen_at, idle_expires_at,
        expires_at, token_hash, previous_token_hash, refresh_hash, token_issued_at, amr, sign_in_proofs, step_up_proofs)
      SELECT ${text('id')}, ${user}, 'cookie', ${NOW} - g, ${NOW} - g, ${NOW} - g,
        ${NOW - day} + (g::int8 * ${10 * day}) / ${rows}, ${NOW + 20 * day}, ${text('token')},
        CASE WHEN g % 3 = 0 THEN ${text('previous')} END, ${text('refresh')}, ${NOW} - g, '["pwd"]', '{}', '{}'
      FROM generate_series(1, ${rows}) g;
    INSERT INTO stepgate_not_before SELECT 'user ' || g, ${NOW} - g FROM generate_series(1, ${rows}) g;
    INSERT INTO stepgate_challenges
      SELECT ${text('challenge')}, ${text('id')}, ${user}, 'step-up', '{passkey}', 'value', NULL, ${NOW} - g, ${over}
      FROM generate_series(1, ${rows}) g;
    INSERT INTO stepgate_spent_challenges SELECT ${text('spent')}, ${over} FROM generate_series(1, ${rows}) g;
    INSERT INTO stepgate_grants
      SELECT ${text('id')}, ${text('action')}, ${user}, 'passkey', ${NOW} - g, ${over} FROM generate_series(1, ${rows}) g;
    INSERT INTO stepgate_spent_actions SELECT ${user}, ${text('action')}, ${NOW} - g, ${over} FROM generate_series(1, ${rows}) g;
    INSERT INTO stepgate_approvals
      SELECT ${text('approval')}, ${text('asker')}, ${user}, ${text('id')},
        CASE WHEN g % 9 = 1 THEN 'approver ' || g END,
        CASE WHEN g % 9 = 1 THEN ${text('phone')} END, CASE WHEN g % 9 = 1 THEN 'passkey' END, ${over}, '{}'
      FROM generate_series(1, ${rows}) g;
    INSERT INTO stepgate_approvers SELECT 'approver ' || g, ${text('approval')} FROM generate_series(1, ${rows}) g;
    INSERT INTO stepgate_attempts
      SELECT ${user}, 'session ' || ${text('id')}, 1, CASE WHEN g % 2 = 0 THEN ${NOW - rows} + g END FROM generate_series(1, ${rows}) g;
    INSERT INTO stepgate_passkeys
      SELECT ${text('passkey')}, ${user}, 'handle', 'key', 0, false, false, '{}', NULL, ${NOW} - g, NULL
      FROM generate_series(1, ${rows}) g;
    INSERT INTO stepgate_totp SELECT 'user ' || g, 'secret', ${NOW}, ${NOW}, 1, false FROM generate_series(1, ${users}) g;
    INSERT INTO stepgate_recovery_codes SELECT ${user}, ${text('code')}, ${NOW} FROM generate_series(1, ${rows}) g;
    ANALYZE`);
}
