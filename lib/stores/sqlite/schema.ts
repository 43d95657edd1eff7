import type { Database } from 'better-sqlite3';
import { SetupError } from '../../internal/setup-error.js';

/*
 * `find` decides the shape: it is asked once per request, and most of its time goes into pages that no cache of the
 * processor's holds. So the rows lie in the order of `token_key`, a number made of the token's hash: one way down one
 * tree, whose inner pages hold nothing but numbers (some 300 to a page), and one cold page at its end, as many at
 * 10,000,000 rows as at 10,000. An index on the hash would be a second tree with a second cold page: measured, twice the
 * time of 10,000 rows instead of 1.4 times. WITHOUT ROWID would keep whole rows on the inner pages, a handful to each.
 *
 * `ends_at` is the one place that says when a session has expired; it takes no room in the row, only in its index.
 */
const SESSIONS = (prefix: string): string => `
  CREATE TABLE ${prefix}_sessions (
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
  CREATE INDEX ${prefix}_sessions_previous_token_hash ON ${prefix}_sessions (previous_token_hash)
    WHERE previous_token_hash IS NOT NULL;
  CREATE INDEX ${prefix}_sessions_user_id ON ${prefix}_sessions (user_id);
  CREATE INDEX ${prefix}_sessions_ends_at ON ${prefix}_sessions (ends_at);

  CREATE TABLE ${prefix}_not_before (
    user_id    TEXT    NOT NULL PRIMARY KEY,
    not_before INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX ${prefix}_not_before_not_before ON ${prefix}_not_before (not_before);
`;

const STEP_UP = (prefix: string): string => `
  CREATE TABLE ${prefix}_challenges (
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
  CREATE INDEX ${prefix}_challenges_session_id ON ${prefix}_challenges (session_id, created_at);
  CREATE INDEX ${prefix}_challenges_user_id ON ${prefix}_challenges (user_id);
  CREATE INDEX ${prefix}_challenges_expires_at ON ${prefix}_challenges (expires_at);

  CREATE TABLE ${prefix}_spent_challenges (
    hash       TEXT    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX ${prefix}_spent_challenges_expires_at ON ${prefix}_spent_challenges (expires_at);

  CREATE TABLE ${prefix}_grants (
    session_id    TEXT    NOT NULL,
    action_digest TEXT    NOT NULL,
    user_id       TEXT    NOT NULL,
    method        TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    spent         INTEGER NOT NULL,
    PRIMARY KEY (session_id, action_digest)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX ${prefix}_grants_user_id ON ${prefix}_grants (user_id);
  CREATE INDEX ${prefix}_grants_expires_at ON ${prefix}_grants (expires_at);

  CREATE TABLE ${prefix}_attempts (
    user_id TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    count   INTEGER NOT NULL,
    ends_at INTEGER,
    PRIMARY KEY (user_id, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX ${prefix}_attempts_ends_at ON ${prefix}_attempts (ends_at);

  CREATE TABLE ${prefix}_passkeys (
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
  CREATE INDEX ${prefix}_passkeys_user_id ON ${prefix}_passkeys (user_id);

  CREATE TABLE ${prefix}_totp (
    user_id          TEXT    NOT NULL PRIMARY KEY,
    encrypted_secret TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    confirmed_at     INTEGER,
    last_step        INTEGER
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE ${prefix}_recovery_codes (
    user_id    TEXT    NOT NULL,
    hash       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, hash)
  ) STRICT, WITHOUT ROWID;
`;

/** The spent grants of before aren't known by their actions: their marks are left out, for the minutes that they had. */
const STATES = (prefix: string): string => `
  ALTER TABLE ${prefix}_schema ADD COLUMN realm TEXT;

  ALTER TABLE ${prefix}_sessions ADD COLUMN token_issued_at INTEGER NOT NULL DEFAULT 0;
  UPDATE ${prefix}_sessions SET token_issued_at = created_at;
  ALTER TABLE ${prefix}_sessions ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE ${prefix}_sessions ADD COLUMN passed_methods TEXT NOT NULL DEFAULT '[]'; -- JSON
  ALTER TABLE ${prefix}_sessions ADD COLUMN idle_lifetime INTEGER;
  ALTER TABLE ${prefix}_sessions ADD COLUMN persistent INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE ${prefix}_sessions ADD COLUMN impersonator TEXT; -- JSON

  ALTER TABLE ${prefix}_challenges ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE ${prefix}_challenges ADD COLUMN action_mark TEXT;

  DELETE FROM ${prefix}_grants WHERE spent = 1;
  ALTER TABLE ${prefix}_grants DROP COLUMN spent;
  ALTER TABLE ${prefix}_grants ADD COLUMN challenge_id TEXT NOT NULL DEFAULT '';

  CREATE TABLE ${prefix}_spent_actions (
    user_id    TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    spent_at   INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, action)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX ${prefix}_spent_actions_expires_at ON ${prefix}_spent_actions (expires_at);
`;

/** Every TOTP that is there is confirmed, or else waits. No passkey says yet which domain it is of. */
const METHODS = (prefix: string): string => `
  ALTER TABLE ${prefix}_totp RENAME TO ${prefix}_old_totp;
  CREATE TABLE ${prefix}_totp (
    user_id          TEXT    NOT NULL,
    waiting          INTEGER NOT NULL, -- for its first code
    encrypted_secret TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    confirmed_at     INTEGER,
    last_step        INTEGER,
    PRIMARY KEY (user_id, waiting)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO ${prefix}_totp
    SELECT user_id, confirmed_at IS NULL, encrypted_secret, created_at, confirmed_at, last_step FROM ${prefix}_old_totp;
  DROP TABLE ${prefix}_old_totp;

  DROP INDEX ${prefix}_passkeys_user_id;
  ALTER TABLE ${prefix}_passkeys RENAME TO ${prefix}_old_passkeys;
  CREATE TABLE ${prefix}_passkeys (
    id              TEXT    NOT NULL PRIMARY KEY,
    user_id         TEXT    NOT NULL,
    rp_id           TEXT,
    user_handle     TEXT,
    public_key      TEXT    NOT NULL,
    counter         INTEGER NOT NULL,
    backup_eligible INTEGER NOT NULL,
    backed_up       INTEGER NOT NULL,
    transports      TEXT    NOT NULL, -- JSON
    label           TEXT,
    created_at      INTEGER NOT NULL,
    last_used_at    INTEGER
  ) STRICT;
  INSERT INTO ${prefix}_passkeys
    SELECT id, user_id, NULL, user_handle, public_key, counter, backup_eligible, backed_up, transports, label, created_at,
      last_used_at FROM ${prefix}_old_passkeys;
  DROP TABLE ${prefix}_old_passkeys;
  CREATE INDEX ${prefix}_passkeys_user_id ON ${prefix}_passkeys (user_id);
`;

const APPROVALS = (prefix: string): string => `
  ALTER TABLE ${prefix}_sessions ADD COLUMN restricted INTEGER NOT NULL DEFAULT 0;

  CREATE TABLE ${prefix}_approvals (
    id          TEXT    NOT NULL PRIMARY KEY,
    asker       TEXT    NOT NULL, -- JSON
    user_id     TEXT    NOT NULL,
    session_id  TEXT,
    approved_by TEXT,
    approved_in TEXT,
    method      TEXT,
    kept_until  INTEGER NOT NULL,
    "row"       TEXT    NOT NULL  -- JSON
  ) STRICT;
  CREATE INDEX ${prefix}_approvals_asker ON ${prefix}_approvals (asker);
  CREATE INDEX ${prefix}_approvals_user_id ON ${prefix}_approvals (user_id, session_id);
  CREATE INDEX ${prefix}_approvals_approved_by ON ${prefix}_approvals (approved_by, method) WHERE approved_by IS NOT NULL;
  CREATE INDEX ${prefix}_approvals_kept_until ON ${prefix}_approvals (kept_until);

  CREATE TABLE ${prefix}_approvers (
    user_id     TEXT NOT NULL,
    approval_id TEXT NOT NULL,
    PRIMARY KEY (user_id, approval_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX ${prefix}_approvers_approval_id ON ${prefix}_approvers (approval_id);
  CREATE TRIGGER ${prefix}_approvals_deleted AFTER DELETE ON ${prefix}_approvals
    BEGIN DELETE FROM ${prefix}_approvers WHERE approval_id = OLD.id; END;
`;

/** The steps from an empty file to today's tables. One that was published is never edited: the next change is a new step. */
const MIGRATIONS: readonly ((prefix: string) => string)[] = [SESSIONS, STEP_UP, STATES, METHODS, APPROVALS];

/**
 * Makes or updates the tables, whichever process comes first. Tables that are up to date are found by reading: then
 * another process may hold the write lock.
 */
export function migrate(db: Database, prefix: string): void {
  if (versionOf(db, prefix) === MIGRATIONS.length) return;
  db.transaction(() => {
    const version = versionOf(db, prefix);
    db.exec(`
      CREATE TABLE IF NOT EXISTS ${prefix}_schema (version INTEGER NOT NULL) STRICT;
      INSERT INTO ${prefix}_schema (version) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM ${prefix}_schema);
    `);
    for (const step of MIGRATIONS.slice(version)) db.exec(step(prefix));
    db.prepare(`UPDATE ${prefix}_schema SET version = ?`).run(MIGRATIONS.length);
  }).immediate();
}

function versionOf(db: Database, prefix: string): number {
  const made = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(`${prefix}_schema`);
  if (made === undefined) return 0;
  const version = db.prepare<[], number>(`SELECT version FROM ${prefix}_schema`).pluck().get() ?? 0;
  if (version <= MIGRATIONS.length) return version;
  throw new SetupError(
    `The tables in this file are of version ${version}, made by a newer stepgate; this one knows versions up to ${MIGRATIONS.length}.`,
    'Update stepgate here, too.',
  );
}
