import type { AttemptRow } from '../contract/attempts.js';
import { PAGE_SIZE, pages, type RowCopy } from '../contract/copy.js';
import type { PasskeyRow } from '../contract/passkeys.js';
import type { RecoveryCodeSet } from '../contract/recovery-codes.js';
import type { NotBeforeRow, SessionRow } from '../contract/sessions.js';
import type { TotpRow } from '../contract/totp.js';
import type { Database, Statement } from './connection.js';
import { ROW as PASSKEY_ROW } from './passkeys.js';
import { LIVE, ROW as SESSION_ROW, type StoredSession, columns as sessionColumns, toRow } from './session-row.js';
import { ROW as TOTP_ROW } from './totp.js';

const PAGE = `LIMIT ${PAGE_SIZE}`;

const SESSIONS: Statement<StoredSession> = {
  name: 'copy_sessions',
  text: (p) => `SELECT ${SESSION_ROW} FROM ${p}_sessions s WHERE s.id > $2 AND ${LIVE} ORDER BY s.id ${PAGE}`,
};
const NOT_BEFORE: Statement<NotBeforeRow> = {
  name: 'copy_not_before',
  text: (p) => `SELECT user_id AS "userId", not_before::float8 AS "notBefore" FROM ${p}_not_before
    WHERE user_id > $1 ORDER BY user_id ${PAGE}`,
};
const ATTEMPTS: Statement<AttemptRow> = {
  name: 'copy_attempts',
  text: (p) => `SELECT user_id AS "userId", key, count::float8 AS count, ends_at::float8 AS "endsAt" FROM ${p}_attempts
    WHERE (user_id, key) > ($1, $2) AND (ends_at IS NULL OR ends_at > $3) ORDER BY user_id, key ${PAGE}`,
};
const PASSKEYS: Statement<PasskeyRow> = {
  name: 'copy_passkeys',
  text: (p) => `SELECT ${PASSKEY_ROW} FROM ${p}_passkeys WHERE id > $1 ORDER BY id ${PAGE}`,
};
const TOTP: Statement<TotpRow> = {
  name: 'copy_totp',
  text: (p) => `SELECT ${TOTP_ROW} FROM ${p}_totp WHERE (user_id, waiting) > ($1, $2)
    ORDER BY user_id, waiting ${PAGE}`,
};
const RECOVERY_CODES: Statement<RecoveryCodeSet> = {
  name: 'copy_recovery_codes',
  text: (p) => `SELECT user_id AS "userId", jsonb_agg(hash) AS hashes, max(created_at)::float8 AS "createdAt"
    FROM ${p}_recovery_codes WHERE user_id > $1 GROUP BY user_id ORDER BY user_id ${PAGE}`,
};

/** A table's rows come as one JSON text, since a round trip for each would take most of the time that an app stands still. */
const rowsOf = (table: string): string => `json_populate_recordset(NULL::${table}, $1)`;

function putStatement(table: string): Statement<unknown> {
  return {
    name: `put_${table}`,
    text: (p) => `INSERT INTO ${p}_${table} SELECT * FROM ${rowsOf(`${p}_${table}`)} ON CONFLICT DO NOTHING`,
  };
}

const PUT_SESSIONS = putStatement('sessions');
const PUT_ATTEMPTS = putStatement('attempts');
const PUT_PASSKEYS = putStatement('passkeys');
const PUT_TOTP = putStatement('totp');

const PUT_NOT_BEFORE: Statement<unknown> = {
  name: 'put_not_before',
  text: (p) => `INSERT INTO ${p}_not_before AS n (user_id, not_before)
    SELECT user_id, max(not_before) FROM ${rowsOf(`${p}_not_before`)} AS r GROUP BY user_id
    ON CONFLICT (user_id) DO UPDATE SET not_before = excluded.not_before WHERE n.not_before < excluded.not_before`,
};
// A set whole or not at all: a user's codes that are there already stay alone.
const PUT_RECOVERY_CODES: Statement<{ readonly userId: string }> = {
  name: 'put_recovery_codes',
  text: (p) => `INSERT INTO ${p}_recovery_codes (user_id, hash, created_at)
    SELECT user_id, hash, created_at FROM ${rowsOf(`${p}_recovery_codes`)} AS r
    WHERE NOT EXISTS (SELECT 1 FROM ${p}_recovery_codes c WHERE c.user_id = r.user_id)
    ON CONFLICT DO NOTHING RETURNING user_id AS "userId"`,
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

  function put<Row>(statement: Statement<unknown>, columnsOf: (row: Row) => object): RowCopy<Row>['put'] {
    return async (rows) => (await db.write(statement, [JSON.stringify(rows.map(columnsOf))])).count;
  }

  async function putRecoveryCodes(sets: readonly RecoveryCodeSet[]): Promise<number> {
    const codes = sets.flatMap(({ userId, hashes, createdAt }) =>
      hashes.map((hash) => ({ user_id: userId, hash, created_at: createdAt })),
    );
    const { rows } = await db.write(PUT_RECOVERY_CODES, [JSON.stringify(codes)]);
    return new Set(rows.map(({ userId }) => userId)).size;
  }

  return {
    sessions: {
      rows: (now) => pages<SessionRow>(async (last) => (await page(SESSIONS, [now, last?.id ?? ''])).map(toRow)),
      put: put(PUT_SESSIONS, sessionColumns),
    },
    notBefore: {
      rows: () => pages((last) => page(NOT_BEFORE, [last?.userId ?? ''])),
      put: put(PUT_NOT_BEFORE, ({ userId, notBefore }) => ({ user_id: userId, not_before: notBefore })),
    },
    attempts: {
      rows: (now) => pages((last) => page(ATTEMPTS, [last?.userId ?? '', last?.key ?? '', now])),
      put: put(PUT_ATTEMPTS, ({ userId, key, count, endsAt }) => {
        return { user_id: userId, key, count, ends_at: endsAt };
      }),
    },
    passkeys: {
      rows: () => pages((last) => page(PASSKEYS, [last?.id ?? ''])),
      put: put(PUT_PASSKEYS, passkeyColumns),
    },
    totp: {
      rows: () => pages((last) => page(TOTP, [last?.userId ?? '', last?.confirmedAt === null])),
      put: put(PUT_TOTP, totpColumns),
    },
    recoveryCodes: {
      rows: () => pages((last) => page(RECOVERY_CODES, [last?.userId ?? ''])),
      put: putRecoveryCodes,
    },
  };
}

function passkeyColumns(row: PasskeyRow): object {
  const { id, label, counter, transports } = row;
  return {
    id,
    user_id: row.userId,
    rp_id: row.rpID,
    user_handle: row.userHandle,
    public_key: row.publicKey,
    counter,
    backup_eligible: row.backupEligible,
    backed_up: row.backedUp,
    transports,
    label,
    created_at: row.createdAt,
    last_used_at: row.lastUsedAt,
  };
}

function totpColumns(row: TotpRow): object {
  return {
    user_id: row.userId,
    waiting: row.confirmedAt === null,
    encrypted_secret: row.encryptedSecret,
    created_at: row.createdAt,
    confirmed_at: row.confirmedAt,
    last_step: row.lastStep,
  };
}
