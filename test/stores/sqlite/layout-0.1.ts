import type Database from 'better-sqlite3';
import type { SessionRow } from '../../../lib/stores/contract/sessions.js';
import { tokenKey } from '../../../lib/stores/sqlite/sessions.js';

/** The tables as stepgate 0.1 made them. Never edited: such files are out there. */
const TABLES = `
  CREATE TABLE stepgate_sessions (
    token_key            INTEGER NOT NULL PRIMARY KEY, -- tokenKey(token_hash)
    id                   TEXT    NOT NULL UNIQUE,
    user_id              TEXT    NOT NULL,
    delivery             TEXT    NOT NULL,
    created_at           INTEGER NOT NULL,
    authenticated_at     INTEGER NOT NULL,
    last_seen_at         INTEGER NOT NULL,
    idle_expires_at      INTEGER NOT NULL,
    expires_at           INTEGER NOT NULL,
    user_agent           TEXT,
    ip                   TEXT,
    label                TEXT,
    token_hash           TEXT    NOT NULL,
    previous_token_hash  TEXT,
    token_nonce          TEXT,
    token_method         TEXT,
    token_confirmed_at   INTEGER,
    refresh_hash         TEXT,
    parent_refresh_hash  TEXT,
    refresh_nonce        TEXT,
    refreshed_at         INTEGER,
    refresh_confirmed_at INTEGER,
    amr                  TEXT    NOT NULL, -- JSON
    acr                  TEXT,
    sign_in_proofs       TEXT    NOT NULL, -- JSON
    step_up_proofs       TEXT    NOT NULL, -- JSON
    data                 TEXT,             -- JSON
    ends_at INTEGER NOT NULL GENERATED ALWAYS AS (min(idle_expires_at, expires_at)) VIRTUAL
  ) STRICT;
  CREATE INDEX stepgate_sessions_previous_token_hash ON stepgate_sessions (previous_token_hash)
    WHERE previous_token_hash IS NOT NULL;
  CREATE INDEX stepgate_sessions_user_id ON stepgate_sessions (user_id);
  CREATE INDEX stepgate_sessions_ends_at ON stepgate_sessions (ends_at);

  CREATE TABLE stepgate_not_before (
    user_id    TEXT    NOT NULL PRIMARY KEY,
    not_before INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX stepgate_not_before_not_before ON stepgate_not_before (not_before);

  CREATE TABLE stepgate_challenges (
    id            TEXT    NOT NULL PRIMARY KEY,
    session_id    TEXT    NOT NULL,
    user_id       TEXT    NOT NULL,
    purpose       TEXT    NOT NULL,
    methods       TEXT    NOT NULL, -- JSON
    value         TEXT    NOT NULL,
    action_digest TEXT,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX stepgate_challenges_session_id ON stepgate_challenges (session_id, created_at);
  CREATE INDEX stepgate_challenges_user_id ON stepgate_challenges (user_id);
  CREATE INDEX stepgate_challenges_expires_at ON stepgate_challenges (expires_at);

  CREATE TABLE stepgate_spent_challenges (
    hash       TEXT    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX stepgate_spent_challenges_expires_at ON stepgate_spent_challenges (expires_at);

  CREATE TABLE stepgate_grants (
    session_id    TEXT    NOT NULL,
    action_digest TEXT    NOT NULL,
    user_id       TEXT    NOT NULL,
    method        TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    spent         INTEGER NOT NULL,
    PRIMARY KEY (session_id, action_digest)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX stepgate_grants_user_id ON stepgate_grants (user_id);
  CREATE INDEX stepgate_grants_expires_at ON stepgate_grants (expires_at);

  CREATE TABLE stepgate_attempts (
    user_id TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    count   INTEGER NOT NULL,
    ends_at INTEGER,
    PRIMARY KEY (user_id, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX stepgate_attempts_ends_at ON stepgate_attempts (ends_at);

  CREATE TABLE stepgate_passkeys (
    id              TEXT    NOT NULL PRIMARY KEY,
    user_id         TEXT    NOT NULL,
    user_handle     TEXT    NOT NULL,
    public_key      TEXT    NOT NULL,
    counter         INTEGER NOT NULL,
    backup_eligible INTEGER NOT NULL,
    backed_up       INTEGER NOT NULL,
    transports      TEXT    NOT NULL, -- JSON
    label           TEXT,
    created_at      INTEGER NOT NULL,
    last_used_at    INTEGER
  ) STRICT;
  CREATE INDEX stepgate_passkeys_user_id ON stepgate_passkeys (user_id);

  CREATE TABLE stepgate_totp (
    user_id          TEXT    NOT NULL PRIMARY KEY,
    encrypted_secret TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    confirmed_at     INTEGER,
    last_step        INTEGER
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE stepgate_recovery_codes (
    user_id    TEXT    NOT NULL,
    hash       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, hash)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE IF NOT EXISTS stepgate_schema (version INTEGER NOT NULL) STRICT;
  INSERT INTO stepgate_schema (version) VALUES (2);
`;

export type OldSession = Omit<
  SessionRow,
  'tokenIssuedAt' | 'generation' | 'passedMethods' | 'idleLifetime' | 'persistent' | 'restricted' | 'impersonator'
>;

export function makeOldTables(db: Database.Database): void {
  db.exec(TABLES);
}

/** As stepgate 0.1 wrote it. */
export function insertOldSession(db: Database.Database, row: OldSession): void {
  db.prepare(`
    INSERT INTO stepgate_sessions (
      token_key, id, user_id, delivery, created_at, authenticated_at, last_seen_at, idle_expires_at, expires_at, user_agent,
      ip, label, token_hash, previous_token_hash, token_nonce, token_method, token_confirmed_at, refresh_hash,
      parent_refresh_hash, refresh_nonce, refreshed_at, refresh_confirmed_at, acr, amr, sign_in_proofs, step_up_proofs, data
    ) VALUES (
      @tokenKey, @id, @userId, @delivery, @createdAt, @authenticatedAt, @lastSeenAt, @idleExpiresAt, @expiresAt, @userAgent,
      @ip, @label, @tokenHash, @previousTokenHash, @tokenNonce, @tokenMethod, @tokenConfirmedAt, @refreshHash,
      @parentRefreshHash, @refreshNonce, @refreshedAt, @refreshConfirmedAt, @acr, @amr, @signInProofs, @stepUpProofs, @data
    )`).run({
    ...row,
    tokenKey: tokenKey(row.tokenHash),
    amr: JSON.stringify(row.amr),
    signInProofs: JSON.stringify(row.signInProofs),
    stepUpProofs: JSON.stringify(row.stepUpProofs),
    data: row.data === null ? null : JSON.stringify(row.data),
  });
}
