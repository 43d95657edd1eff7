import type { Database } from 'better-sqlite3';

/*
 * `find` decides the shape: it is asked once per request, and most of its time goes into pages that no cache of the
 * processor's holds. So the rows lie in the order of `token_key`, a number made of the token's hash: one way down one
 * tree, whose inner pages hold nothing but numbers (some 300 to a page), and one cold page at its end, as many at
 * 10,000,000 rows as at 10,000. An index on the hash would be a second tree with a second cold page: measured, twice the
 * time of 10,000 rows instead of 1.4 times. WITHOUT ROWID would keep whole rows on the inner pages, a handful to each.
 *
 * `ends_at` is the one place that says when a session is over; it takes no room in the row, only in its index.
 */
const SESSIONS = `
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
`;

const STEP_UP = `
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
`;

/** The steps from an empty file to today's tables. One that was published is never edited: the next change is a new step. */
const MIGRATIONS: readonly string[] = [SESSIONS, STEP_UP];

/**
 * Makes or updates the tables, whichever process comes first. Tables that are up to date are found by reading: then
 * another process may hold the write lock.
 */
export function migrate(db: Database): void {
  if (versionOf(db) === MIGRATIONS.length) return;
  db.transaction(() => {
    const version = versionOf(db);
    for (const step of MIGRATIONS.slice(version)) db.exec(step);
    db.exec(
      'CREATE TABLE IF NOT EXISTS stepgate_schema (version INTEGER NOT NULL) STRICT; DELETE FROM stepgate_schema;',
    );
    db.prepare('INSERT INTO stepgate_schema (version) VALUES (?)').run(MIGRATIONS.length);
  }).immediate();
}

function versionOf(db: Database): number {
  const made = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'stepgate_schema'").get();
  if (made === undefined) return 0;
  const version = db.prepare<[], number>('SELECT version FROM stepgate_schema').pluck().get() ?? 0;
  if (version <= MIGRATIONS.length) return version;
  throw new Error(
    `The tables in this file are of version ${version}, made by a newer stepgate; this one knows versions up to ${MIGRATIONS.length}.`,
  );
}
