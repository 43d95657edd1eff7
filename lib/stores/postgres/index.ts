import { parsePrefix } from '../../internal/arguments.js';
import { type Duration, milliseconds } from '../../internal/duration.js';
import { SetupError } from '../../internal/setup-error.js';
import { refuseUnknownKeys } from '../../internal/unknown-keys.js';
import { migratable } from '../contract/migrations.js';
import { forgetsRealm, type MigrateOptions } from '../contract/realm.js';
import type { Store, StoreParts } from '../contract/store.js';
import { postgresApprovals } from './approvals.js';
import { postgresAttempts } from './attempts.js';
import { postgresChallenges } from './challenges.js';
import { createDatabase } from './connection.js';
import { postgresCopy } from './copy.js';
import { postgresGrants } from './grants.js';
import { postgresPasskeys } from './passkeys.js';
import { listenForBrokenConnections, MAX_TIMEOUT, type PostgresPool } from './pool.js';
import { postgresRealm } from './realm.js';
import { postgresRecoveryCodes } from './recovery-codes.js';
import { migrate, pendingMigrations } from './schema.js';
import { postgresSessions } from './sessions.js';
import { postgresTotp } from './totp.js';

export type { PostgresClient, PostgresPool, PostgresQuery, PostgresResult } from './pool.js';
export { postgresMigrations } from './schema.js';

export interface PostgresStoreOptions {
  /**
   * Lets the server keep the statements prepared on each connection. Switch it off behind a pooler that hands a
   * connection to another client with each transaction and doesn't know of prepared statements.
   * @default true
   */
  readonly preparedStatements?: boolean;
  /** After how long a statement that isn't answered fails. @default '5s' */
  readonly timeout?: Duration;
  /**
   * What the names of the tables begin with: 1 to 16 small letters, digits or `_`, a letter first. Each instance that
   * is on the same schema needs its own.
   *
   * @default 'stepgate'
   */
  readonly prefix?: string;
}

export type PostgresStore = Store &
  StoreParts & {
    /**
     * Makes or updates the tables. Safe from several processes at once; call it before the app listens. Rejects with a
     * `SetupError` for tables that a newer stepgate made, and for a database whose encoding isn't UTF8.
     */
    readonly migrate: (options?: MigrateOptions) => Promise<void>;
    /** The SQL of the steps that `migrate` would do, for teams that run it themselves. Only reads. */
    readonly pendingMigrations: () => Promise<readonly string[]>;
  };

/**
 * Keeps everything in PostgreSQL, in tables named `stepgate_*` (see `prefix`): for any number of machines. Takes the
 * app's own `pg.Pool`, and leaves it to the app to end it. Call `migrate()` once before use.
 * Throws a `SetupError` for anything that is no pool, and for options that it doesn't know.
 */
export function postgresStore(pool: PostgresPool, options: PostgresStoreOptions = {}): PostgresStore {
  refuseUnknownKeys(options, ['preparedStatements', 'timeout', 'prefix'], 'postgresStore');
  const { preparedStatements = true } = options;
  if (typeof preparedStatements !== 'boolean') {
    throw new SetupError('`preparedStatements` must be a boolean.', 'Write `false`, or leave it out.');
  }
  const prefix = parsePrefix(options.prefix);
  const timeout = Math.min(milliseconds(options.timeout ?? '5s', 'timeout'), MAX_TIMEOUT);
  checkPool(pool);
  const db = createDatabase({ pool, prefix, preparedStatements, timeout });
  const claimable = postgresRealm(db);
  const copy = postgresCopy(db);
  listenForBrokenConnections(pool);
  const parts = {
    sessions: { ...postgresSessions(db, claimable), copy: { ...copy.sessions, notBefore: copy.notBefore } },
    challenges: postgresChallenges(db, claimable),
    grants: postgresGrants(db, claimable),
    approvals: postgresApprovals(db, claimable),
    attempts: { ...postgresAttempts(db, claimable), copy: copy.attempts },
    passkeys: { ...postgresPasskeys(db, claimable), copy: copy.passkeys },
    totp: { ...postgresTotp(db, claimable), copy: copy.totp },
    recoveryCodes: { ...postgresRecoveryCodes(db, claimable), copy: copy.recoveryCodes },
  };
  return migratable(parts, {
    pendingMigrations: () => pendingMigrations(pool, { prefix, timeout }),
    async migrate(which = {}) {
      await migrate(pool, { prefix, timeout, forgetsRealm: forgetsRealm(which) });
    },
  });
}

/** A single client has what a pool has, but for the count of its connections. */
function checkPool(pool: Partial<PostgresPool> | null | undefined): void {
  if (typeof pool?.connect === 'function' && typeof pool.totalCount === 'number') return;
  throw new SetupError(
    '`postgresStore` needs a pool of `pg`.',
    'Write postgresStore(new Pool({ connectionString })), with `Pool` of pg.',
  );
}
