import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Store } from '../../lib/stores/contract/store.js';
import { type SqliteStore, sqliteStore } from '../../lib/stores/sqlite/index.js';
import type { FullStore, StoreMaker } from './stores.js';

interface Opened {
  readonly store: SqliteStore;
  readonly folder: string;
  /** For what the tests themselves have to do. */
  readonly admin: Database.Database;
}

export function sqliteTestStore(): StoreMaker {
  const adminOf = new WeakMap<Store, Database.Database>();
  const made: Opened[] = [];
  const free: Opened[] = [];
  let empty: Promise<Buffer> | null = null;

  async function open(): Promise<Opened> {
    empty ??= makeEmptyFile();
    const folder = await mkdtemp(join(tmpdir(), 'stepgate-'));
    const file = join(folder, 'test.db');
    await writeFile(file, await empty);
    const store = sqliteStore(file);
    await store.migrate();
    const admin = new Database(file);
    admin.pragma('synchronous = OFF');
    const opened = { store, folder, admin };
    made.push(opened);
    return opened;
  }

  return {
    // To begin a thread takes longer than most tests: a file that was emptied is used again, with its thread.
    async make() {
      const opened = free.pop() ?? (await open());
      const { store, admin } = opened;
      const fresh: FullStore = {
        ...store,
        close: async () => {
          await store.sessions.revoke('nobody', null); // comes after all that was asked for
          const tables = tablesOf(admin).filter((table) => table !== 'stepgate_schema');
          const clear = admin.transaction(() => {
            for (const table of tables) admin.exec(`DELETE FROM ${table}`);
            admin.exec('UPDATE stepgate_schema SET realm = NULL');
          });
          clear.immediate(); // else it fails where the thread writes between its first look and its first write
          free.push(opened);
        },
      };
      adminOf.set(fresh, admin);
      return fresh;
    },
    async rawRows(store) {
      const admin = adminOf.get(store);
      if (admin === undefined) throw new Error('Not a temporary SQLite store.');
      return tablesOf(admin).flatMap((table) =>
        admin
          .prepare(`SELECT * FROM ${table}`)
          .all()
          .map((row) => JSON.stringify(row)),
      );
    },
    async stop() {
      free.length = 0;
      for (const { store, folder, admin } of made.splice(0)) {
        admin.close();
        await store.close?.();
        await rm(folder, { recursive: true });
      }
    },
  };
}

/** A file with all tables. Its bytes are copied for each store, since making the tables takes longer than most tests. */
async function makeEmptyFile(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'stepgate-'));
  const file = join(folder, 'test.db');
  const store = sqliteStore(file);
  await store.migrate();
  await store.close?.();
  const bytes = await readFile(file);
  await rm(folder, { recursive: true });
  return bytes;
}

function tablesOf(admin: Database.Database): readonly string[] {
  return admin.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all();
}
