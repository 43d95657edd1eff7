import { parsePrefix } from '../../internal/arguments.js';
import { refuseUnknownKeys } from '../../internal/unknown-keys.js';
import { migratable } from '../contract/migrations.js';
import { forgetsRealm, type MigrateOptions } from '../contract/realm.js';
import type { Store, StoreParts } from '../contract/store.js';
import { redisApprovals } from './approvals.js';
import { redisAttempts } from './attempts.js';
import { redisChallenges } from './challenges.js';
import { type Client, parseClient, type RedisClient } from './client.js';
import { redisGrants } from './grants.js';
import { type Keys, keysOf } from './keys.js';
import { assertLayout, migrateLayout } from './layout.js';
import { assertNothingIsEvicted } from './policy.js';
import { redisRealm } from './realm.js';
import { createRunCommand, createRunScript, type Redis } from './scripts.js';
import { redisSessions } from './sessions.js';

export type { RedisClient } from './client.js';

export interface RedisStoreOptions {
  /**
   * What the names of the keys begin with: 1 to 16 small letters, digits or `_`, a letter first. Each instance that is
   * on the same server needs its own.
   *
   * @default 'stepgate'
   */
  readonly prefix?: string;
}

/** What Redis keeps. Passkeys, TOTP and recovery codes need a store that never forgets: take them from another. */
export type RedisStore = Store &
  Pick<StoreParts, 'challenges' | 'grants' | 'approvals' | 'attempts'> & {
    /**
     * Lays out anew what an older stepgate has left there: call it once, before the app listens, when no process of that
     * runs any more. An empty server needs none. Throws a `SetupError` where a newer stepgate was there.
     */
    readonly migrate: (options?: MigrateOptions) => Promise<void>;
  };

/**
 * Keeps sessions and what belongs to them in Redis, single, behind Sentinel or as a cluster: for any number of machines.
 * Takes the app's own client of node-redis or ioredis, and leaves it to the app to close it. The server must not evict
 * (`maxmemory-policy noeviction`): the first use fails with a `SetupError` otherwise. What its persistence or a failover
 * loses is lost: a revocation, too.
 *
 * Make a client of node-redis with `disableOfflineQueue: true`, or with a `commandOptions.timeout` shorter than
 * stepgate's `storeTimeout`; one of ioredis with `enableOfflineQueue: false` and `maxRetriesPerRequest: 0`. Else it
 * keeps commands while the server is away, and does later what a request was told has failed.
 *
 * Throws a `SetupError` for anything that is no such client or has a `keyPrefix`, and for options that it doesn't know.
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): RedisStore {
  refuseUnknownKeys(options, ['prefix'], 'redisStore');
  const keys = keysOf(parsePrefix(options.prefix));
  const straight = parseClient(client);
  listenForBrokenConnections(client);
  const unchecked = withClient(straight, keys);
  const redis = withClient(
    checkedFirst(straight, () => check(unchecked)),
    keys,
  );
  const parts = {
    sessions: redisSessions(redis),
    challenges: redisChallenges(redis),
    grants: redisGrants(redis),
    approvals: redisApprovals(redis),
    attempts: redisAttempts(redis),
  };
  return migratable(parts, {
    async migrate(migrateOptions = {}) {
      const isRenamed = forgetsRealm(migrateOptions);
      await assertNothingIsEvicted(unchecked.run, keys.layout);
      const { copy } = redisSessions(unchecked);
      if (copy) await migrateLayout(unchecked, copy);
      if (isRenamed) await unchecked.forget();
    },
  });
}

function withClient(client: Client, keys: Keys): Redis & ReturnType<typeof redisRealm> {
  const parts = { client, command: createRunCommand(client), run: createRunScript(client), keys };
  return { ...parts, ...redisRealm(parts) };
}

async function check(redis: Redis): Promise<void> {
  await assertNothingIsEvicted(redis.run, redis.keys.layout);
  await assertLayout(redis);
}

/** Nothing is sent before the server was looked at, once with success. */
function checkedFirst(client: Client, look: () => Promise<void>): Client {
  let isChecked = false;
  async function ready(): Promise<void> {
    if (!isChecked) await look();
    isChecked = true;
  }
  return {
    isCluster: client.isCluster,
    send: (key, command) => (isChecked ? client.send(key, command) : ready().then(() => client.send(key, command))),
    async *scan(pattern) {
      await ready();
      yield* client.scan(pattern);
    },
  };
}

/**
 * A connection that breaks says so by an `error` event, which ends a process that doesn't listen. What was under way
 * rejects, and the client connects again by itself, so there is nothing else to do.
 */
function listenForBrokenConnections(client: RedisClient): void {
  if (client.listenerCount('error') === 0) client.on('error', () => {});
}
