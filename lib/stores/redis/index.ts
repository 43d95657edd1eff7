import { parsePrefix } from '../../internal/arguments.js';
import { refuseUnknownKeys } from '../../internal/unknown-keys.js';
import type { MigrateOptions } from '../contract/realm.js';
import type { Store, StoreParts } from '../contract/store.js';
import { redisApprovals } from './approvals.js';
import { redisAttempts } from './attempts.js';
import { redisChallenges } from './challenges.js';
import { parseClient, type RedisClient } from './client.js';
import { redisGrants } from './grants.js';
import { keysOf } from './keys.js';
import { assertNothingIsEvicted } from './policy.js';
import { redisRealm } from './realm.js';
import { createRunScript, type RunScript } from './scripts.js';
import { redisSessions } from './sessions.js';

export type { RedisClient } from './client.js';

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
 * Keeps sessions and what belongs to them in Redis, single, behind Sentinel or as a cluster: for any number of machines.
 * Takes the app's own client of node-redis or ioredis, and leaves it to the app to close it. The server must not evict
 * (`maxmemory-policy noeviction`): the first use fails with a `SetupError` otherwise. What its persistence or a failover
 * loses is lost: a revocation, too.
 *
 * Make a client of node-redis with `disableOfflineQueue: true`, or with a `commandOptions.timeout` shorter than the kit's
 * `storeTimeout`; one of ioredis with `enableOfflineQueue: false` and `maxRetriesPerRequest: 0`. Else it keeps commands
 * while the server is away, and does later what a request was told has failed.
 *
 * Throws a `SetupError` for anything that is no such client or has a `keyPrefix`, and for options that it doesn't know.
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): RedisStore {
  refuseUnknownKeys(options, ['prefix'], 'redisStore');
  const keys = keysOf(parsePrefix(options.prefix));
  const parsed = parseClient(client);
  listenForBrokenConnections(client);
  const run = checkedFirst(createRunScript(parsed));
  const { claim, migrate } = redisRealm(run, keys);
  const redis = { client: parsed, run, keys, claim };
  return {
    sessions: redisSessions(redis),
    challenges: redisChallenges(redis),
    grants: redisGrants(redis),
    approvals: redisApprovals(redis),
    attempts: redisAttempts(redis),
    migrate,
  };
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
