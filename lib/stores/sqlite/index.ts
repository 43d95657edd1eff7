import { resolve } from 'node:path';
import type { Database } from 'better-sqlite3';
import { parsePrefix } from '../../internal/arguments.js';
import { type Duration, milliseconds } from '../../internal/duration.js';
import type { MaybePromise } from '../../internal/maybe-promise.js';
import { SetupError } from '../../internal/setup-error.js';
import { refuseUnknownKeys } from '../../internal/unknown-keys.js';
import { PAGE_SIZE, pages } from '../contract/copy.js';
import { migratable } from '../contract/migrations.js';
import { forgetsRealm, type MigrateOptions } from '../contract/realm.js';
import type { Store, StoreParts } from '../contract/store.js';
import { findDriver, loadDriver } from './driver.js';
import { type Args, type Operation, type Operations, prepareReads, type Reads, type Result } from './operations.js';
import { startWriter } from './writer.js';

export interface SqliteStoreOptions {
  /**
   * How long a write may wait for its turn, above all while another process holds the file's write lock. Then it is
   * dropped without having run, and rejects.
   *
   * @default '5s'
   */
  readonly timeout?: Duration;
  /**
   * What the names of the tables begin with: 1 to 16 small letters, digits or `_`, a letter first. Each instance that
   * is on the same file needs its own.
   *
   * @default 'stepgate'
   */
  readonly prefix?: string;
}

export type SqliteStore = Store &
  StoreParts & {
    /** Answers once the file is open and its tables are there, or rejects with why not. Any operation makes them. */
    readonly migrate: (options?: MigrateOptions) => Promise<void>;
  };

/**
 * How much of the file is kept in memory for reads, at most. The inner pages of the table, which every `find` goes
 * through, are 14 MiB at 10,000,000 sessions; each find brings a page with a row in beside them, and in SQLite's own
 * 16 MiB these drive the inner ones out.
 */
const CACHE_KIB = 65_536;

/**
 * Keeps everything in one SQLite file, in tables named `stepgate_*` (see `prefix`): for one machine, with any number of
 * processes. Reads are synchronous and take microseconds, but for the list of a user's sessions. Writes go through a
 * thread of the store's own and are answered when they are on the disk, so that the event loop waits for neither the
 * disk nor another process's lock.
 *
 * The file and its tables are made if need be, in that thread; a file that can't be opened rejects each operation. It
 * is put in WAL mode, which network file systems don't support. Throws a `SetupError` for a path that names no file,
 * for options that it doesn't know and for a better-sqlite3 that is missing or doesn't run on this Node.
 */
export function sqliteStore(path: string, options: SqliteStoreOptions = {}): SqliteStore {
  refuseUnknownKeys(options, ['timeout', 'prefix'], 'sqliteStore');
  const file = filePath(path);
  const prefix = tablePrefix(options.prefix);
  const timeout = milliseconds(options.timeout ?? '5s', 'timeout');
  const driver = findDriver();
  const Driver = loadDriver(driver);
  const writer = startWriter({ path: file, prefix, driver }, timeout);
  const ask = writer.ask;
  let connection: Database | null = null;
  let reads: Reads | null = null;

  function open(): Reads | null {
    if (!writer.isReady()) return null;
    if (connection === null) {
      connection = new Driver(file, { readonly: true, timeout: 0 });
      connection.pragma(`cache_size = -${CACHE_KIB}`);
    }
    reads = prepareReads(connection, prefix);
    return reads;
  }

  /**
   * A read that can't be made on this thread (the tables aren't ready yet, or another process has the file to itself
   * for a moment) is put to the writer thread, which may wait, and whose answer says what is wrong.
   */
  function read<Part extends keyof Reads, Name extends keyof Reads[Part] & string>(
    part: Part,
    name: Name,
  ): (...args: Args<Operations[Part][Name]>) => MaybePromise<Result<Operations[Part][Name]>> {
    return (...args) => {
      try {
        const operation = (reads ?? open())?.[part][name] as Operation<Operations[Part][Name]> | undefined; // the same entry, by its other name
        if (operation !== undefined) return operation(...args);
      } catch {
        // Whatever it is: the writer thread answers in its place.
      }
      return ask(part, name)(...args);
    };
  }

  async function claim(realm: string): Promise<string> {
    return (await read('realm', 'get')()) ?? ask('realm', 'claim')(realm);
  }

  const list = read('sessions', 'list');
  const change = ask('sessions', 'change');

  const parts: StoreParts & Pick<Store, 'sessions'> = {
    sessions: {
      claim,
      insert: ask('sessions', 'insert'),
      find: read('sessions', 'find'),
      get: read('sessions', 'get'),
      // Never on this thread: sorting the sessions of a user who has 20,000 would hold the event loop for 100 ms.
      listForUser: ask('sessions', 'listForUser'),
      list,
      revoke: ask('sessions', 'revoke'),
      revokeAllForUser: ask('sessions', 'revokeAllForUser'),
      touch: ask('sessions', 'touch'),
      change: (id, asked, now) => change(id, asked, now), // reading the row costs less than sending the known one
      changeAllOfUser: ask('sessions', 'changeAllOfUser'),
      replaceCredentials: ask('sessions', 'replaceCredentials'),
      deleteExpired: ask('sessions', 'deleteExpired'),
      copy: {
        rows: (now) => pages((last) => list({ limit: PAGE_SIZE, after: last?.id ?? null, now })),
        put: ask('copy', 'putSessions'),
        notBefore: {
          rows: () => pages(read('copy', 'notBefore')),
          put: ask('copy', 'putNotBefore'),
        },
      },
    },
    challenges: {
      claim,
      insert: ask('challenges', 'insert'),
      take: ask('challenges', 'take'),
      dropForSession: ask('challenges', 'dropForSession'),
      dropForUser: ask('challenges', 'dropForUser'),
      spend: ask('challenges', 'spend'),
      deleteExpired: ask('challenges', 'deleteExpired'),
    },
    grants: {
      claim,
      insert: ask('grants', 'insert'),
      take: ask('grants', 'take'),
      dropForChallenge: ask('grants', 'dropForChallenge'),
      dropForSession: ask('grants', 'dropForSession'),
      dropForUser: ask('grants', 'dropForUser'),
      deleteExpired: ask('grants', 'deleteExpired'),
    },
    approvals: {
      claim,
      insert: ask('approvals', 'insert'),
      get: read('approvals', 'get'),
      listPending: read('approvals', 'listPending'),
      change: ask('approvals', 'change'),
      dropForSession: ask('approvals', 'dropForSession'),
      dropForUser: ask('approvals', 'dropForUser'),
      deleteExpired: ask('approvals', 'deleteExpired'),
    },
    attempts: {
      claim,
      read: read('attempts', 'read'),
      count: ask('attempts', 'count'),
      reset: ask('attempts', 'reset'),
      dropForUser: ask('attempts', 'dropForUser'),
      deleteExpired: ask('attempts', 'deleteExpired'),
      copy: {
        rows: (now) => pages((last) => read('copy', 'attempts')(last, now)),
        put: ask('copy', 'putAttempts'),
      },
    },
    passkeys: {
      claim,
      insert: ask('passkeys', 'insert'),
      find: read('passkeys', 'find'),
      findById: read('passkeys', 'findById'),
      listForUser: read('passkeys', 'listForUser'),
      use: ask('passkeys', 'use'),
      rename: ask('passkeys', 'rename'),
      remove: ask('passkeys', 'remove'),
      dropForUser: ask('passkeys', 'dropForUser'),
      copy: {
        rows: () => pages(read('copy', 'passkeys')),
        put: ask('copy', 'putPasskeys'),
      },
    },
    totp: {
      claim,
      find: read('totp', 'find'),
      findWaiting: read('totp', 'findWaiting'),
      begin: ask('totp', 'begin'),
      put: ask('totp', 'put'),
      confirm: ask('totp', 'confirm'),
      useStep: ask('totp', 'useStep'),
      remove: ask('totp', 'remove'),
      copy: {
        rows: () => pages(read('copy', 'totp')),
        put: ask('copy', 'putTotp'),
      },
    },
    recoveryCodes: {
      claim,
      replace: ask('recoveryCodes', 'replace'),
      take: ask('recoveryCodes', 'take'),
      count: read('recoveryCodes', 'count'),
      dropForUser: ask('recoveryCodes', 'dropForUser'),
      copy: {
        rows: () => pages(read('copy', 'recoveryCodes')),
        put: ask('copy', 'putRecoveryCodes'),
      },
    },
  };
  async function migrate(asked: MigrateOptions = {}): Promise<void> {
    const forgets = forgetsRealm(asked);
    await ask('realm', 'get')(); // answered by the thread, once it has the tables
    if (forgets) await ask('realm', 'forget')();
  }

  return {
    ...migratable(parts, { migrate }),
    close() {
      // The last connection takes the write-ahead log away, which is work for the thread: so this one goes first.
      connection?.close();
      connection = null;
      reads = null;
      return writer.close();
    },
  };
}

function filePath(path: unknown): string {
  const name = typeof path === 'string' ? path.trim() : '';
  if (name === ':memory:' || name.startsWith('file:') || name === '') {
    throw new SetupError(
      '`sqliteStore` needs the path of a file.',
      "Write for example sqliteStore('app.db'), or use memoryStore() in tests.",
    );
  }
  return resolve(name);
}

function tablePrefix(given: unknown): string {
  const prefix = parsePrefix(given);
  if (!/^sqlite(_|$)/.test(prefix)) return prefix;
  throw new SetupError(
    "`prefix` can't be `sqlite`: SQLite keeps such names for itself.",
    "Write another, for example 'staff'.",
  );
}
