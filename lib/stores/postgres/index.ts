import { type Duration, milliseconds } from '../../internal/duration.js';
import { refuseUnknownKeys } from '../../internal/nearest.js';
import { SetupError } from '../../internal/setup-error.js';
import type { Store, StoreParts } from '../contract/store.js';
import { postgresAttempts } from './attempts.js';
import { postgresChallenges } from './challenges.js';
import { createDatabase } from './connection.js';
import { postgresCopy } from './copy.js';
import { postgresGrants } from './grants.js';
import { postgresPasskeys } from './passkeys.js';
import { listenForBrokenConnections, type PostgresPool } from './pool.js';
import { postgresRecoveryCodes } from './recovery-codes.js';
import { migrate } from './schema.js';
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
}

export type PostgresStore = Store &
  StoreParts & {
    /** Makes or updates the `stepgate_*` tables. Safe from several processes at once; call it before the app listens. */
    readonly migrate: () => Promise<void>;
  };

/**
 * Keeps everything in PostgreSQL, in tables named `stepgate_*`: for any number of machines. Takes the app's own
 * `pg.Pool`, and leaves it to the app to end it. Call `migrate()` once before use.
 * Throws a `SetupError` for anything that is no pool.
 */
export function postgresStore(pool: PostgresPool, options: PostgresStoreOptions = {}): PostgresStore {
  refuseUnknownKeys(options, ['preparedStatements', 'timeout'], 'postgresStore');
  const { preparedStatements = true } = options;
  const timeout = Math.min(milliseconds(options.timeout ?? '5s', 'timeout'), MAX_TIMEOUT);
  checkPool(pool);
  const db = createDatabase({ pool, preparedStatements, timeout });
  const copy = postgresCopy(db);
  listenForBrokenConnections(pool);
  return {
    sessions: { ...postgresSessions(db), copy: { ...copy.sessions, notBefore: copy.notBefore } },
    challenges: postgresChallenges(db),
    grants: postgresGrants(db),
    attempts: { ...postgresAttempts(db), copy: copy.attempts },
    passkeys: { ...postgresPasskeys(db), copy: copy.passkeys },
    totp: { ...postgresTotp(db), copy: copy.totp },
    recoveryCodes: { ...postgresRecoveryCodes(db), copy: copy.recoveryCodes },
    migrate: () => migrate(pool, timeout),
  };
}

/** In milliseconds, the most that timers and PostgreSQL take: 24 days. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/** A single client has what a pool has, but for the count of its connections. */
function checkPool(pool: Partial<PostgresPool> | null | undefined): void {
  if (typeof pool?.connect === 'function' && typeof pool.totalCount === 'number') return;
  throw new SetupError(
    '`postgresStore` needs a pool of `pg`.',
    'Write postgresStore(new Pool({ connectionString })), with `Pool` of pg.',
  );
}
