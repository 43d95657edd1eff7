import { SetupError } from '../../internal/setup-error.js';
import { type RunScript, type Script, script, textOrNull } from './scripts.js';

/** By INFO, since hosted servers often forbid CONFIG. Nothing where the server doesn't say. */
const POLICY: Script = script(`
local info = redis.pcall('INFO', 'memory')
return type(info) == 'string' and string.match(info, 'maxmemory_policy:(%S+)')`);

/**
 * Rejects when the server with this key evicts keys to make room: a session would be gone without a reason, and a
 * not-before time, a counter of attempts or the mark of a spent grant would be forgotten.
 */
export async function assertNothingIsEvicted(run: RunScript, key: string): Promise<void> {
  const policy = textOrNull(await run(POLICY, key));
  if (policy === null || policy === 'noeviction') return;
  throw new SetupError(
    `The Redis server forgets keys when its memory is full (maxmemory-policy ${policy}).`,
    'Set maxmemory-policy to noeviction, or give stepgate a server of its own that has it.',
  );
}
