import type { Database } from 'better-sqlite3';
import { monotonicNow } from '../../internal/clock.js';
import { SetupError } from '../../internal/setup-error.js';
import { loadDriver } from './driver.js';
import { type Answer, type Job, type Place, prepareReads, prepareWrites } from './operations.js';
import { migrate } from './schema.js';

type Operation = (...args: readonly unknown[]) => unknown;
type Table = Readonly<Record<string, Operation | undefined>>;

export interface WriteConnection {
  isRead(job: Job): boolean;
  /** Outside of any transaction, so that a foreign write lock doesn't hold it up. */
  read(job: Job): Answer;
  /** Runs all jobs in one transaction and answers when it is on the disk. Throws when nothing at all was written. */
  write(jobs: readonly Job[]): readonly Answer[];
  close(): void;
}

/** Opens the file and makes the tables with this prefix. A throw that `isBusy` knows means: try again. */
export function openWriteConnection(place: Place): WriteConnection {
  const db = connect(place);
  const reads = prepareReads(db, place.prefix);
  const writes = prepareWrites(db, place.prefix);

  function run(tables: Readonly<Record<Job['part'], object>>, job: Job): unknown {
    const operation = (tables[job.part] as Table)[job.operation]; // the tables of operations.ts; `Writer.ask` checked the arguments
    if (!operation) throw new Error(`There is no operation ${job.part}.${job.operation}.`);
    return operation(...job.args);
  }

  // better-sqlite3 makes an inner `transaction` a savepoint.
  const inSavepoint = db.transaction((job: Job) => run(writes, job));
  const inTransaction = db.transaction((jobs: readonly Job[]): readonly Answer[] =>
    jobs.map((job) => {
      if (isLate(job)) return dropped(job);
      try {
        return { id: job.id, value: inSavepoint(job) };
      } catch (error) {
        // After a full disk or an I/O error SQLite may have undone the whole transaction, earlier jobs included.
        if (!db.inTransaction) throw error;
        return failed(job, error);
      }
    }),
  );

  return {
    isRead: (job) => job.operation in reads[job.part],
    read: (job) => ({ id: job.id, value: run(reads, job) }),
    write: (jobs) => inTransaction.immediate(jobs),
    close: () => db.close(),
  };
}

function connect({ path, prefix, driver }: Place): Database {
  let db: Database | undefined;
  try {
    // No waiting in SQLite: the thread would notice neither deadlines nor `close`; and when the process exits in that
    // time, better-sqlite3 fails to throw its error and aborts the process.
    db = new (loadDriver(driver))(path, { timeout: 0 });
    if (db.pragma('journal_mode = WAL', { simple: true }) !== 'wal') throw new Error('it allows no write-ahead log');
    // What is acknowledged is on the disk, not only in the file system's memory; on macOS that takes a setting of its own.
    db.pragma('synchronous = FULL');
    db.pragma('fullfsync = ON');
    migrate(db, prefix);
    return db;
  } catch (error) {
    db?.close();
    if (isBusy(error) || error instanceof SetupError) throw error;
    throw Object.assign(new Error(`SQLite can't open ${path}: ${messageOf(error)}`, { cause: error }), {
      code: codeOf(error),
    });
  }
}

export function isLate(job: Job): boolean {
  return monotonicNow() >= job.deadline;
}

export function dropped({ id }: Job): Answer {
  return { id, failure: { message: 'The SQLite file was locked or busy for too long: the job was not run.' } };
}

export function failed({ id }: Job, error: unknown): Answer {
  if (error instanceof SetupError) return { id, failure: { message: error.message, help: error.help } };
  const message = messageOf(error);
  const code = codeOf(error);
  return { id, failure: code === undefined ? { message } : { message, code } };
}

/** Another connection has a lock that it will let go of. */
export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|PROTOCOL)/.test(codeOf(error) ?? '');
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code; // anything can be thrown
  return typeof code === 'string' ? code : undefined;
}

function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null | undefined)?.message; // anything can be thrown
  return typeof message === 'string' ? message : 'unknown failure';
}
