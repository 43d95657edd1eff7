import { type Claimable, forgetsRealm, type MigrateOptions } from '../contract/realm.js';
import type { Keys } from './keys.js';
import { type RunScript, type Script, script, textOrNull } from './scripts.js';

/** ARGV: realm. Gives the one that is there then. */
const CLAIM: Script = script(`
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])`);

const FORGET: Script = script(`return redis.call('DEL', KEYS[1])`);

export function redisRealm(
  run: RunScript,
  keys: Keys,
): Claimable & { readonly migrate: (options?: MigrateOptions) => Promise<void> } {
  return {
    async claim(realm) {
      return textOrNull(await run(CLAIM, keys.realm, realm)) ?? realm;
    },
    async migrate(options = {}) {
      if (forgetsRealm(options)) await run(FORGET, keys.realm);
    },
  };
}
