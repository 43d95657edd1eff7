import { SetupError } from '../../internal/setup-error.js';
import { refuseUnknownKeys } from '../../internal/unknown-keys.js';

/** Every part of a store. One store belongs to one instance, so that nobody signed in to one app is known to another. */
export interface Claimable {
  /**
   * Writes the realm if the store has none yet, and gives the one that it has then: of any number of parallel claims one
   * writes. Parts of one store have one function and one realm.
   */
  readonly claim: (realm: string) => Promise<string>;
  /** Of the store that it is a part of, all of whose parts have one object: `npx stepgate migrate` runs each that it finds. */
  readonly migrations?: Migrations;
}

/** What `migrate` of a store takes. */
export interface MigrateOptions {
  /**
   * Forgets the realm, so that the next instance's is taken: for an instance that was renamed on purpose.
   *
   * @default false
   */
  readonly realm?: boolean;
}

/** How a store comes by its tables. */
export interface Migrations {
  /** Makes or updates the tables; for a store that has none, there is only `realm` to it. */
  readonly migrate: (options?: MigrateOptions) => Promise<void>;
  /** The SQL of the steps that `migrate` would do. Only reads. A store that makes its tables by itself has no such call. */
  readonly pendingMigrations?: () => Promise<readonly string[]>;
}

/** The option `realm` of `migrate`. Throws a `SetupError` for options that are none. */
export function forgetsRealm(options: MigrateOptions): boolean {
  refuseUnknownKeys(options, ['realm'], 'migrate');
  const { realm = false } = options;
  if (typeof realm === 'boolean') return realm;
  throw new SetupError('`migrate.realm` must be a boolean.', 'Write `migrate({ realm: true })`, or leave it out.');
}
