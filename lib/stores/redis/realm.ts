import type { Claimable } from '../contract/realm.js';
import { type Redis, type Script, script, textOrNull } from './scripts.js';

/** ARGV: realm. Gives the one that is there then. */
const CLAIM: Script = script(`
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])`);

export function redisRealm({
  command,
  run,
  keys,
}: Pick<Redis, 'command' | 'run' | 'keys'>): Claimable & { forget(): Promise<void> } {
  return {
    async claim(realm) {
      return textOrNull(await run(CLAIM, keys.realm, realm)) ?? realm;
    },
    async forget() {
      await command('DEL', keys.realm);
    },
  };
}
