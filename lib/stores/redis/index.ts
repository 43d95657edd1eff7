import type { Store, StoreParts } from '../contract/store.js';
import { redisAttempts } from './attempts.js';
import { redisChallenges } from './challenges.js';
import { redisGrants } from './grants.js';
import { assertNothingIsEvicted } from './policy.js';
import { createRunScript, type RedisClient, type RunScript } from './scripts.js';
import { redisSessions } from './sessions.js';

export type { RedisClient } from './scripts.js';

/** What Redis keeps. Passkeys, TOTP and recovery codes need a store that never forgets: take them from another. */
export type RedisStore = Store & Pick<StoreParts, 'challenges' | 'grants' | 'attempts'>;

/**
 * Keeps sessions and what belongs to them in Redis, single or cluster: for any number of machines. Takes the app's own
 * node-redis client, connected, and leaves it to the app to close it. The server must not evict
 * (`maxmemory-policy noeviction`): the first use fails with a `SetupError` otherwise. What its persistence or a failover
 * loses is lost: a revocation, too.
 *
 * Make the client with `disableOfflineQueue: true`, or with a `commandOptions.timeout` shorter than the kit's
 * `storeTimeout`. Else it keeps commands while the server is away, and does later what a request was told has failed.
 */
export function redisStore(client: RedisClient): RedisStore {
  listenForBrokenConnections(client);
  const run = checkedFirst(createRunScript(client));
  return {
    sessions: redisSessions(run),
    challenges: redisChallenges(run),
    grants: redisGrants(run),
    attempts: redisAttempts(run, client),
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
