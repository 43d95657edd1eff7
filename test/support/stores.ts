import { afterAll } from '@jest/globals';
import type { StorePart } from '../../lib/conformance/index.js';
import type { Store, StoreParts } from '../../lib/stores/contract/store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { describeIfPresent } from './needs.js';
import { missingPostgres } from './postgres.js';
import { missingRedis } from './redis-server.js';

/** The stores have all parts. */
export type FullStore = Store & StoreParts;

export interface StoreMaker {
  /** Makes an empty store, for its caller to close. */
  readonly make: () => Promise<FullStore>;
  /** See `storeConformance`. */
  readonly rawRows: (store: Store) => Promise<readonly string[]>;
  /** Lets go of what the stores were on, when the last is closed. */
  readonly stop?: () => Promise<void>;
}

export interface TestStore extends Omit<StoreMaker, 'rawRows'>, Partial<Pick<StoreMaker, 'rawRows'>> {
  readonly name: string;
  /** See `storeConformance`. */
  readonly expiresByItself?: boolean;
  /** The parts that only fill the store up: its conformance isn't theirs. */
  readonly without?: readonly StorePart[];
  /** What the store needs and this machine hasn't, for example a server. */
  readonly missing?: string;
}

const onRedis = {
  expiresByItself: true,
  without: ['passkeys', 'totp', 'recoveryCodes'],
  ...(missingRedis === undefined || process.env['REDIS_URL'] !== undefined
    ? {}
    : { missing: `${missingRedis}, or REDIS_URL` }),
} as const;

const stores: readonly TestStore[] = [
  { name: 'memory', make: async () => memoryStore() },
  { name: 'sqlite', ...loadedLate(async () => (await import('./sqlite-store.js')).sqliteTestStore()) },
  {
    name: 'postgres',
    ...loadedLate(async () => (await import('./postgres-store.js')).postgresTestStore()),
    ...(missingPostgres === undefined ? {} : { missing: missingPostgres }),
  },
  { name: 'redis', ...loadedLate(async () => (await import('./redis.js')).redisTestStore()), ...onRedis },
];

/** The same store by another client: that all of it works the same there is for its conformance to show. */
const byOtherClients: readonly TestStore[] = [
  { name: 'ioredis', ...loadedLate(async () => (await import('./redis.js')).ioredisTestStore()), ...onRedis },
];

/** Most tests need the memory store alone, and a database's client is large: it is loaded when the first store is made. */
function loadedLate(load: () => Promise<StoreMaker>): Required<StoreMaker> {
  let loaded: Promise<StoreMaker> | null = null;
  async function maker(): Promise<StoreMaker> {
    loaded ??= load();
    return loaded;
  }
  return {
    make: async () => (await maker()).make(),
    rawRows: async (store) => (await maker()).rawRows(store),
    stop: async () => (await loaded)?.stop?.(),
  };
}

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

/** The same store for one more instance; the first one closes it. */
export function shared(store: Store): Store {
  const { close: _, ...rest } = store;
  return rest;
}
