import { parsePrefix } from '../../internal/arguments.js';
import { SetupError } from '../../internal/setup-error.js';
import { refuseUnknownKeys } from '../../internal/unknown-keys.js';
import type { MigrateOptions } from '../contract/realm.js';
import type { Store, StoreParts } from '../contract/store.js';
import { redisApprovals } from './approvals.js';
import { redisAttempts } from './attempts.js';
import { redisChallenges } from './challenges.js';
import { redisGrants } from './grants.js';
import { keysOf } from './keys.js';
import { assertNothingIsEvicted } from './policy.js';
import { redisRealm } from './realm.js';
import { createRunScript, type RedisClient, type RunScript } from './scripts.js';
import { redisSessions } from './sessions.js';

export type { RedisClient } from './scripts.js';

export interface RedisStoreOptions {
  /**
   * What the names of the keys begin with: 1 to 16 small letters, digits or `_`, a letter first. Each kit that is on the
   * same server needs its own.
   *
   * @default 'stepgate'
   */
  readonly prefix?: string;
}

/** What Redis keeps. Passkeys, TOTP and recovery codes need a store that never forgets: take them from another. */
export type RedisStore = Store &
  Pick<StoreParts, 'challenges' | 'grants' | 'approvals' | 'attempts'> & {
    /** Redis needs none: only for `realm`. */
    readonly migrate: (options?: MigrateOptions) => Promise<void>;
  };

/**
 * Keeps sessions and what belongs to them in Redis, single or cluster: for any number of machines. Takes the app's own
 * node-redis client, connected, and leaves it to the app to close it. The server must not evict
 * (`maxmemory-policy noeviction`): the first use fails with a `SetupError` otherwise. What its persistence or a failover
 * loses is lost: a revocation, too.
 *
 * Make the client with `disableOfflineQueue: true`, or with a `commandOptions.timeout` shorter than the kit's
 * `storeTimeout`. Else it keeps commands while the server is away, and does later what a request was told has failed.
 *
 * Throws a `SetupError` for anything that is no client of node-redis, and for options that it doesn't know.
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): RedisStore {
  refuseUnknownKeys(options, ['prefix'], 'redisStore');
  const keys = keysOf(parsePrefix(options.prefix));
  checkClient(client);
  listenForBrokenConnections(client);
  const run = checkedFirst(createRunScript(client));
  const { claim, migrate } = redisRealm(run, keys);
  const redis = { client, run, keys, claim };
  return {
    sessions: redisSessions(redis),
    challenges: redisChallenges(redis),
    grants: redisGrants(redis),
    approvals: redisApprovals(redis),
    attempts: redisAttempts(redis),
    migrate,
  };
}

/** ioredis has other names: it would fail at the first request only. */
function checkClient(client: Partial<RedisClient> | null | undefined): void {
  const used = [client?.evalSha, client?.eval, client?.on, client?.listenerCount];
  if (used.every((method) => typeof method === 'function')) return;
  throw new SetupError(
    '`redisStore` needs a client of node-redis: `createClient` or `createCluster` of `redis`.',
    'Write redisStore(createClient({ url })), with `createClient` of redis.',
  );
}

function checkedFirst(run: RunScript): RunScript {
  let isChecked = false;
  return async (script, key, ...args) => {
    if (!isChecked) await assertNothingIsEvicted(run, key);
    isChecked = true;
    return run(script, key, ...args);
  };
}

/**
 * A connection that breaks says so by an `error` event, which ends a process that doesn't listen. What was under way
 * rejects, and the client connects again by itself, so there is nothing else to do.
 */
function listenForBrokenConnections(client: RedisClient): void {
  if (client.listenerCount('error') === 0) client.on('error', () => {});
}
