import { parsePrefix } from '../../internal/arguments.js';
import { SetupError } from '../../internal/setup-error.js';
import { refuseUnknownKeys } from '../../internal/unknown-keys.js';
import { MAX_TIMEOUT, type PostgresClient, type PostgresPool, withClient } from './pool.js';
import { TYPES } from './types.js';

// Whatever is searched or sorted by is compared byte by byte, whatever language the database is set to.
const TABLES = (p: string): string => `
CREATE TABLE ${p}_schema (version integer NOT NULL);
INSERT INTO ${p}_schema (version) VALUES (1);

CREATE TABLE ${p}_sessions (
  id                   text COLLATE "C" PRIMARY KEY,
  user_id              text COLLATE "C" NOT NULL,
  delivery             text   NOT NULL,
  created_at           bigint NOT NULL,
  authenticated_at     bigint NOT NULL,
  last_seen_at         bigint NOT NULL,
  idle_expires_at      bigint NOT NULL,
  expires_at           bigint NOT NULL,
  user_agent           text,
  ip                   text,
  label                text,
  data                 text, -- JSON
  token_hash           text COLLATE "C" NOT NULL UNIQUE,
  previous_token_hash  text COLLATE "C",
  token_nonce          text,
  token_method         text,
  token_confirmed_at   bigint,
  refresh_hash         text,
  parent_refresh_hash  text,
  refresh_nonce        text,
  refreshed_at         bigint,
  refresh_confirmed_at bigint,
  amr                  text   NOT NULL, -- JSON
  acr                  text,
  sign_in_proofs       jsonb  NOT NULL,
  step_up_proofs       jsonb  NOT NULL
);
CREATE INDEX ${p}_sessions_previous_token_hash ON ${p}_sessions (previous_token_hash)
  WHERE previous_token_hash IS NOT NULL;
CREATE INDEX ${p}_sessions_user_id ON ${p}_sessions (user_id);
CREATE INDEX ${p}_sessions_ends_at ON ${p}_sessions (least(idle_expires_at, expires_at));

CREATE TABLE ${p}_not_before (
  user_id    text COLLATE "C" PRIMARY KEY,
  not_before bigint NOT NULL
);
CREATE INDEX ${p}_not_before_not_before ON ${p}_not_before (not_before);

CREATE TABLE ${p}_challenges (
  id            text COLLATE "C" PRIMARY KEY,
  session_id    text COLLATE "C" NOT NULL,
  user_id       text COLLATE "C" NOT NULL,
  purpose       text   NOT NULL,
  methods       text[] NOT NULL,
  value         text   NOT NULL,
  action_digest text,
  created_at    bigint NOT NULL,
  expires_at    bigint NOT NULL
);
CREATE INDEX ${p}_challenges_session_id ON ${p}_challenges (session_id, created_at);
CREATE INDEX ${p}_challenges_user_id ON ${p}_challenges (user_id);
CREATE INDEX ${p}_challenges_expires_at ON ${p}_challenges (expires_at);

CREATE TABLE ${p}_spent_challenges (
  hash       text COLLATE "C" PRIMARY KEY,
  expires_at bigint NOT NULL
);
CREATE INDEX ${p}_spent_challenges_expires_at ON ${p}_spent_challenges (expires_at);

CREATE TABLE ${p}_grants (
  session_id    text COLLATE "C" NOT NULL,
  action_digest text COLLATE "C" NOT NULL,
  user_id       text COLLATE "C" NOT NULL,
  method        text    NOT NULL,
  created_at    bigint  NOT NULL,
  expires_at    bigint  NOT NULL,
  spent         boolean NOT NULL,
  PRIMARY KEY (session_id, action_digest)
);
CREATE INDEX ${p}_grants_user_id ON ${p}_grants (user_id);
CREATE INDEX ${p}_grants_expires_at ON ${p}_grants (expires_at);

CREATE TABLE ${p}_attempts (
  user_id text COLLATE "C" NOT NULL,
  key     text COLLATE "C" NOT NULL,
  count   integer NOT NULL,
  ends_at bigint,
  PRIMARY KEY (user_id, key)
);
CREATE INDEX ${p}_attempts_ends_at ON ${p}_attempts (ends_at);

CREATE TABLE ${p}_passkeys (
  id              text COLLATE "C" PRIMARY KEY,
  user_id         text COLLATE "C" NOT NULL,
  user_handle     text    NOT NULL,
  public_key      text    NOT NULL,
  counter         bigint  NOT NULL,
  backup_eligible boolean NOT NULL,
  backed_up       boolean NOT NULL,
  transports      text[]  NOT NULL,
  label           text,
  created_at      bigint  NOT NULL,
  last_used_at    bigint
);
CREATE INDEX ${p}_passkeys_user_id ON ${p}_passkeys (user_id);

CREATE TABLE ${p}_totp (
  user_id          text COLLATE "C" PRIMARY KEY,
  encrypted_secret text   NOT NULL,
  created_at       bigint NOT NULL,
  confirmed_at     bigint,
  last_step        bigint
);

CREATE TABLE ${p}_recovery_codes (
  user_id    text COLLATE "C" NOT NULL,
  hash       text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (user_id, hash)
);
`;

// The spent grants of before aren't known by their actions: their marks are left out, for the minutes that they had.
const STATES = (p: string): string => `
ALTER TABLE ${p}_schema ADD COLUMN realm text;

ALTER TABLE ${p}_sessions
  ADD COLUMN token_issued_at bigint,
  ADD COLUMN generation      bigint  NOT NULL DEFAULT 0,
  ADD COLUMN passed_methods  text    NOT NULL DEFAULT '[]', -- JSON
  ADD COLUMN idle_lifetime   bigint,
  ADD COLUMN persistent      boolean NOT NULL DEFAULT true,
  ADD COLUMN impersonator    text; -- JSON
UPDATE ${p}_sessions SET token_issued_at = created_at;
ALTER TABLE ${p}_sessions ALTER COLUMN token_issued_at SET NOT NULL;

ALTER TABLE ${p}_challenges ADD COLUMN generation bigint NOT NULL DEFAULT 0, ADD COLUMN action_mark text;

DELETE FROM ${p}_grants WHERE spent;
ALTER TABLE ${p}_grants DROP COLUMN spent, ADD COLUMN challenge_id text NOT NULL DEFAULT '';

CREATE TABLE ${p}_spent_actions (
  user_id    text COLLATE "C" NOT NULL,
  action     text COLLATE "C" NOT NULL,
  spent_at   bigint NOT NULL,
  expires_at bigint NOT NULL,
  PRIMARY KEY (user_id, action)
);
CREATE INDEX ${p}_spent_actions_expires_at ON ${p}_spent_actions (expires_at);

UPDATE ${p}_schema SET version = 2;
`;

// Every TOTP that is there is confirmed, or else waits. No passkey says yet which domain it is of.
const METHODS = (p: string): string => `
ALTER TABLE ${p}_totp ADD COLUMN waiting boolean;
UPDATE ${p}_totp SET waiting = confirmed_at IS NULL;
ALTER TABLE ${p}_totp
  DROP CONSTRAINT ${p}_totp_pkey,
  ADD PRIMARY KEY (user_id, waiting);

ALTER TABLE ${p}_passkeys
  ADD COLUMN rp_id text,
  ALTER COLUMN user_handle DROP NOT NULL;

UPDATE ${p}_schema SET version = 3;
`;

const APPROVALS = (p: string): string => `
ALTER TABLE ${p}_sessions ADD COLUMN restricted boolean NOT NULL DEFAULT false;

CREATE TABLE ${p}_approvals (
  id          text COLLATE "C" PRIMARY KEY,
  asker       text COLLATE "C" NOT NULL, -- JSON
  user_id     text COLLATE "C" NOT NULL,
  session_id  text COLLATE "C",
  approved_by text COLLATE "C",
  approved_in text COLLATE "C",
  method      text COLLATE "C",
  kept_until  bigint NOT NULL,
  "row"       text   NOT NULL -- JSON
);
CREATE INDEX ${p}_approvals_asker ON ${p}_approvals (asker);
CREATE INDEX ${p}_approvals_user_id ON ${p}_approvals (user_id, session_id);
CREATE INDEX ${p}_approvals_approved_by ON ${p}_approvals (approved_by, method) WHERE approved_by IS NOT NULL;
CREATE INDEX ${p}_approvals_kept_until ON ${p}_approvals (kept_until);

CREATE TABLE ${p}_approvers (
  user_id     text COLLATE "C" NOT NULL,
  approval_id text COLLATE "C" NOT NULL REFERENCES ${p}_approvals ON DELETE CASCADE,
  PRIMARY KEY (user_id, approval_id)
);
CREATE INDEX ${p}_approvers_approval_id ON ${p}_approvers (approval_id);

UPDATE ${p}_schema SET version = 4;
`;

const STEPS: readonly ((prefix: string) => string)[] = [TABLES, STATES, METHODS, APPROVALS];

/**
 * The steps from an empty database to today's tables, for teams that run migrations themselves: run each once, in this
 * order, in a transaction. Each keeps the version in `stepgate_schema`, so that `migrate()` knows what was done. One
 * that was published is never edited: the next change is a new step. `prefix` is that of the store, by default
 * `stepgate`; throws a `SetupError` for one that fits into no name.
 */
export function postgresMigrations(options: { readonly prefix?: string } = {}): readonly string[] {
  refuseUnknownKeys(options, ['prefix'], 'postgresMigrations');
  const prefix = parsePrefix(options.prefix);
  return STEPS.map((step) => step(prefix));
}

export interface Migration {
  readonly prefix: string;
  /** Milliseconds, for a free connection. */
  readonly timeout: number;
  readonly forgetsRealm: boolean;
}

/**
 * Of all processes that start at once, one makes the tables, and the others wait for it. Tables that are up to date are
 * found by reading: that takes no more rights than the store itself needs.
 */
export async function migrate(pool: PostgresPool, { prefix, timeout, forgetsRealm }: Migration): Promise<void> {
  await withClient(pool, timeout, async (client) => {
    await refuseOtherEncodings(client);
    if ((await versionOf(client, prefix)) === STEPS.length && !forgetsRealm) return;
    // The app's timeout is for requests: a step may go through every row.
    await client.query({
      text: `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(${LOCK})`,
      query_timeout: MAX_TIMEOUT,
    });
    const version = await versionOf(client, prefix);
    for (const step of STEPS.slice(version)) await client.query({ text: step(prefix), query_timeout: MAX_TIMEOUT });
    if (forgetsRealm) await client.query({ text: `UPDATE ${prefix}_schema SET realm = NULL` });
    await client.query({ text: 'COMMIT' });
  });
}

/**
 * The steps that the database doesn't have yet. Rejects with a `SetupError` for tables that a newer stepgate made. Only
 * reads.
 */
export async function pendingMigrations(
  pool: PostgresPool,
  { prefix, timeout }: Pick<Migration, 'prefix' | 'timeout'>,
): Promise<readonly string[]> {
  const version = await withClient(pool, timeout, (client) => versionOf(client, prefix));
  return STEPS.slice(version).map((step) => step(prefix));
}

/** Of no meaning but for being the same everywhere, for every prefix. */
const LOCK = '7310579803546231141';

/** A label or a user agent may hold what no other encoding has. */
async function refuseOtherEncodings(client: PostgresClient): Promise<void> {
  const encoding = await selected(client, "current_setting('server_encoding')");
  if (encoding === 'UTF8') return;
  throw new SetupError(
    `The encoding of the database must be UTF8, and it is ${String(encoding)}.`,
    "Make another: CREATE DATABASE app ENCODING 'UTF8' TEMPLATE template0.",
  );
}

async function versionOf(client: PostgresClient, prefix: string): Promise<number> {
  // `to_regclass` may answer from a cache that doesn't know what was made while this waited for the lock.
  const found = `SELECT FROM pg_tables WHERE tablename = '${prefix}_schema' AND schemaname = ANY (current_schemas(false))`;
  if ((await selected(client, `EXISTS (${found})`)) !== true) return 0;
  const version = Number(await selected(client, `(SELECT version FROM ${prefix}_schema)`));
  refuseNewer(version, prefix);
  return version;
}

function refuseNewer(version: number, prefix: string): void {
  if (version <= STEPS.length) return;
  throw new SetupError(
    `The ${prefix} tables are of version ${version}, and this stepgate knows versions up to ${STEPS.length}.`,
    'They were made by a newer one: update stepgate here, too.',
  );
}

/** For tables that are to be used: throws a `SetupError` for those of any other version than today's. */
export function refuseOtherVersions(version: number, prefix: string): void {
  refuseNewer(version, prefix);
  if (version === STEPS.length) return;
  throw new SetupError(
    `The ${prefix} tables are of version ${version}, and this stepgate needs version ${STEPS.length}.`,
    'Call `await store.migrate()` before the app listens, or run the new steps of `postgresMigrations()`.',
  );
}

export function missingTables(prefix: string): SetupError {
  return new SetupError(
    `There are no ${prefix} tables in the schemas of the search_path.`,
    'Call `await store.migrate()` before the app listens, or run the steps of `postgresMigrations()`.',
  );
}

async function selected(client: PostgresClient, expression: string): Promise<unknown> {
  const { rows } = await client.query({ text: `SELECT ${expression} AS value`, types: TYPES });
  return (rows[0] as { readonly value: unknown } | undefined)?.value; // the one column that is selected
}
