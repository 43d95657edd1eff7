import type { RedisClient } from './scripts.js';

/** The names of all keys like `pattern`, some more than once: of a cluster, those on each of its masters. */
export async function* scan(client: RedisClient, pattern: string): AsyncGenerator<readonly string[], void> {
  const nodes = client.masters?.map(async (master) => client.nodeClient?.(master)) ?? [client];
  for (const node of nodes) {
    const scanning = await node;
    if (scanning?.scanIterator === undefined) throw new Error('This Redis client has no `scanIterator`.');
    yield* scanning.scanIterator({ MATCH: pattern, COUNT: 500 });
  }
}
