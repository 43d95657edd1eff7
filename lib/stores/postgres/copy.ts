import { PAGE_SIZE, pages } from '../../internal/pages.js';
import type { AttemptRow } from '../contract/attempts.js';
import type { RowCopy } from '../contract/copy.js';
import type { PasskeyRow } from '../contract/passkeys.js';
import type { RecoveryCodeSet } from '../contract/recovery-codes.js';
import type { NotBeforeRow, SessionRow } from '../contract/sessions.js';
import type { TotpRow } from '../contract/totp.js';
import type { Database, Statement } from './connection.js';
import { INSERT as INSERT_PASSKEY, ROW as PASSKEY_ROW, parameters as passkeyParameters } from './passkeys.js';
import {
  INSERT_ROW as INSERT_SESSION,
  LIVE,
  ROW as SESSION_ROW,
  type StoredSession,
  parameters as sessionParameters,
  toRow,
} from './session-row.js';
import { INSERT_ROW as INSERT_TOTP, ROW as TOTP_ROW, parameters as totpParameters } from './totp.js';

const PAGE = `LIMIT ${PAGE_SIZE}`;

const SESSIONS: Statement<StoredSession> = {
  name: 'copy_sessions',
  text: `SELECT ${SESSION_ROW} FROM stepgate_sessions s WHERE s.id > $2 AND ${LIVE} ORDER BY s.id ${PAGE}`,
};
const NOT_BEFORE: Statement<NotBeforeRow> = {
  name: 'copy_not_before',
  text: `SELECT user_id AS "userId", not_before::float8 AS "notBefore" FROM stepgate_not_before
    WHERE user_id > $1 ORDER BY user_id ${PAGE}`,
};
const ATTEMPTS: Statement<AttemptRow> = {
  name: 'copy_attempts',
  text: `SELECT user_id AS "userId", key, count::float8 AS count, ends_at::float8 AS "endsAt" FROM stepgate_attempts
    WHERE (user_id, key) > ($1, $2) AND (ends_at IS NULL OR ends_at > $3) ORDER BY user_id, key ${PAGE}`,
};
const PASSKEYS: Statement<PasskeyRow> = {
  name: 'copy_passkeys',
  text: `SELECT ${PASSKEY_ROW} FROM stepgate_passkeys WHERE id > $1 ORDER BY id ${PAGE}`,
};
const TOTP: Statement<TotpRow> = {
  name: 'copy_totp',
  text: `SELECT ${TOTP_ROW} FROM stepgate_totp WHERE user_id > $1 ORDER BY user_id ${PAGE}`,
};
const RECOVERY_CODES: Statement<RecoveryCodeSet> = {
  name: 'copy_recovery_codes',
  text: `SELECT user_id AS "userId", array_agg(hash) AS hashes, max(created_at)::float8 AS "createdAt"
    FROM stepgate_recovery_codes WHERE user_id > $1 GROUP BY user_id ORDER BY user_id ${PAGE}`,
};

const PUT_SESSION: Statement<never> = { name: 'put_session', text: `${INSERT_SESSION} ON CONFLICT DO NOTHING` };
const PUT_NOT_BEFORE: Statement<never> = {
  name: 'put_not_before',
  text: `INSERT INTO stepgate_not_before AS n (user_id, not_before) VALUES ($1, $2)
    ON CONFLICT (user_id) DO UPDATE SET not_before = excluded.not_before WHERE n.not_before < excluded.not_before`,
};
const PUT_ATTEMPT: Statement<never> = {
  name: 'put_attempt',
  text: `INSERT INTO stepgate_attempts (user_id, key, count, ends_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
};
const PUT_TOTP: Statement<never> = { name: 'put_totp', text: `${INSERT_TOTP} ON CONFLICT DO NOTHING` };
// The whole set or none: a user's codes that are there already stay alone.
const PUT_RECOVERY_CODES: Statement<never> = {
  name: 'put_recovery_codes',
  text: `INSERT INTO stepgate_recovery_codes (user_id, hash, created_at)
    SELECT $1::text, hash, $3::int8 FROM unnest($2::text[]) AS codes (hash)
    WHERE NOT EXISTS (SELECT 1 FROM stepgate_recovery_codes WHERE user_id = $1::text)`,
};

export interface PostgresCopy {
  readonly sessions: RowCopy<SessionRow>;
  readonly notBefore: RowCopy<NotBeforeRow>;
  readonly attempts: RowCopy<AttemptRow>;
  readonly passkeys: RowCopy<PasskeyRow>;
  readonly totp: RowCopy<TotpRow>;
  readonly recoveryCodes: RowCopy<RecoveryCodeSet>;
}

export function postgresCopy(db: Database): PostgresCopy {
  async function page<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<readonly Row[]> {
    return (await db.read(statement, values)).rows;
  }

  function put<Row>(statement: Statement<never>, valuesOf: (row: Row) => readonly unknown[]): RowCopy<Row>['put'] {
    return (rows) => {
      const values = rows.map(valuesOf);
      return db.transaction(async ({ run }) => {
        let count = 0;
        for (const each of values) count += (await run(statement, each)).count > 0 ? 1 : 0;
        return count;
      });
    };
  }

  return {
    sessions: {
      rows: (now) => pages(async (last) => (await page(SESSIONS, [now, last?.id ?? ''])).map(toRow)),
      put: put(PUT_SESSION, sessionParameters),
    },
    notBefore: {
      rows: () => pages((last) => page(NOT_BEFORE, [last?.userId ?? ''])),
      put: put(PUT_NOT_BEFORE, ({ userId, notBefore }) => [userId, notBefore]),
    },
    attempts: {
      rows: (now) => pages((last) => page(ATTEMPTS, [last?.userId ?? '', last?.key ?? '', now])),
      put: put(PUT_ATTEMPT, ({ userId, key, count, endsAt }) => [userId, key, count, endsAt]),
    },
    passkeys: {
      rows: () => pages((last) => page(PASSKEYS, [last?.id ?? ''])),
      put: put(INSERT_PASSKEY, passkeyParameters),
    },
    totp: {
      rows: () => pages((last) => page(TOTP, [last?.userId ?? ''])),
      put: put(PUT_TOTP, totpParameters),
    },
    recoveryCodes: {
      rows: () => pages((last) => page(RECOVERY_CODES, [last?.userId ?? ''])),
      put: put(PUT_RECOVERY_CODES, ({ userId, hashes, createdAt }) => [userId, [...hashes], createdAt]),
    },
  };
}
