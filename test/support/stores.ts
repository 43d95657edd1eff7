import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import Database from 'better-sqlite3';
import type { StorePart } from '../../lib/conformance/index.js';
import type { Store, StoreParts } from '../../lib/stores/contract/store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { sqliteStore } from '../../lib/stores/sqlite/index.js';
import { describeIfPresent } from './needs.js';
import { postgresTestStore } from './postgres-store.js';
import { ioredisTestStore, redisTestStore } from './redis.js';

/** The stores have all parts. */
export type FullStore = Store & StoreParts;

export interface TestStore {
  readonly name: string;
  /** Makes an empty store; its `close` takes away what it left on the machine. */
  readonly make: () => Promise<FullStore>;
  /** See `storeConformance`. */
  readonly rawRows?: (store: Store) => Promise<readonly string[]>;
  /** See `storeConformance`. */
  readonly expiresByItself?: boolean;
  /** The parts that only fill the store up: its conformance isn't theirs. */
  readonly without?: readonly StorePart[];
  /** Lets go of the server that the stores were on, when the last is closed. */
  readonly stop?: () => Promise<void>;
  /** What the store needs and this machine hasn't, for example a server. */
  readonly missing?: string;
}

const stores: readonly TestStore[] = [
  { name: 'memory', make: async () => memoryStore() },
  { name: 'sqlite', make: temporarySqliteStore, rawRows: sqliteRows },
  postgresTestStore(),
  redisTestStore(),
];

/** The same store by another client: that all of it works the same there is for its conformance to show. */
const byOtherClients: readonly TestStore[] = [ioredisTestStore()];

type StoreTests = (name: string, makeStore: () => Promise<FullStore>, store: TestStore) => void;

/**
 * Writes tests for every store, in a `describe` that has its name. A store that can't be run here is skipped by name;
 * with `REQUIRE_ALL_STORES=1` it fails.
 */
export function forEachStore(body: StoreTests): void {
  for (const store of stores) describeStore(store, body);
}

let storeOfRules = 'memory';

/** In `npm run test:slow` those of the other stores have their turn (test/stores/rules). */
export function chooseStoreOfRules(name: string): void {
  storeOfRules = name;
}

/**
 * Writes tests of what no store decides: on the memory store, and in `npm run test:slow` on the others. That each store
 * answers like it, in races too, is for its conformance to show.
 */
export function forRules(body: StoreTests): void {
  describeStore(storeNamed(storeOfRules), body);
}

/** The same for one: so that files of long tests can run beside each other. */
export function forStore(name: string, body: StoreTests): void {
  describeStore(storeNamed(name), body);
}

function describeStore(store: TestStore, body: StoreTests): void {
  describeIfPresent(`on the ${store.name} store`, store.missing, () => {
    if (store.stop !== undefined) afterAll(store.stop);
    body(store.name, store.make, store);
  });
}

function storeNamed(name: string): TestStore {
  const found = [...stores, ...byOtherClients].find((store) => store.name === name);
  if (found !== undefined) return found;
  throw new Error(`No test store is named ${name}.`);
}

/** Writes tests for two stores at once. */
export function withStores(
  title: string,
  [first, second]: readonly [first: string, second: string],
  body: (makeFirst: () => Promise<FullStore>, makeSecond: () => Promise<FullStore>) => void,
): void {
  const [a, b] = [storeNamed(first), storeNamed(second)];
  describeIfPresent(title, a.missing ?? b.missing, () => {
    afterAll(async () => {
      await a.stop?.();
      await b.stop?.();
    });
    body(a.make, b.make);
  });
}

/** The same store for one more kit; the first one closes it. */
export function shared(store: Store): Store {
  const { close: _, ...rest } = store;
  return rest;
}

const fileOf = new WeakMap<Store, string>();

let emptyFile: Promise<Buffer> | null = null;

/** A file with all tables. Its bytes are copied for each store, since making the tables takes longer than most tests. */
async function makeEmptyFile(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'stepgate-'));
  const file = join(folder, 'test.db');
  const store = sqliteStore(file);
  await store.sessions.get('nobody'); // answered when the tables are there
  await store.close?.();
  const bytes = await readFile(file);
  await rm(folder, { recursive: true });
  return bytes;
}

async function temporarySqliteStore(): Promise<FullStore> {
  emptyFile ??= makeEmptyFile();
  const folder = await mkdtemp(join(tmpdir(), 'stepgate-'));
  const file = join(folder, 'test.db');
  await writeFile(file, await emptyFile);
  const opened = sqliteStore(file);
  const store: FullStore = {
    ...opened,
    close: async () => {
      await opened.close?.();
      await rm(folder, { recursive: true });
    },
  };
  fileOf.set(store, file);
  return store;
}

async function sqliteRows(store: Store): Promise<readonly string[]> {
  const db = new Database(fileOf.get(store), { readonly: true });
  try {
    const tables = db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck();
    return tables.all().flatMap((table) =>
      db
        .prepare(`SELECT * FROM ${table}`)
        .all()
        .map((row) => JSON.stringify(row)),
    );
  } finally {
    db.close();
  }
}
