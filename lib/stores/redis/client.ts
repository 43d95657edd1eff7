import { SetupError } from '../../internal/setup-error.js';

/** What the store asks of the app's client, whichever that is. */
export interface Client {
  /** Whether keys lie on several servers: no script can have two of them there. */
  readonly isCluster: boolean;
  /** Sends a command to the master that has this key of it. */
  send(key: string, command: string[]): Promise<unknown>;
  /** The names of all keys like `pattern`, some more than once: of a cluster, those on each of its masters. */
  scan(pattern: string): AsyncIterable<readonly string[]>;
}

/** A client of node-redis (`createClient`, `createCluster`, `createSentinel`) or of ioredis (`Redis`, `Cluster`). */
export type RedisClient = NodeRedisClient | NodeRedisCluster | NodeRedisSentinel | IoredisClient | IoredisCluster;

interface Emitter {
  on(event: 'error', listener: () => void): unknown;
  listenerCount(event: 'error'): number;
}

/** The part of it that is used; for `copyStore` also `scanIterator`. */
export interface NodeRedisClient extends Emitter {
  sendCommand(args: string[]): Promise<unknown>;
  scanIterator?(options: ScanIteratorOptions): AsyncIterable<readonly string[]>;
}

export interface NodeRedisCluster extends Emitter {
  sendCommand(firstKey: string, isReadonly: boolean, args: string[]): Promise<unknown>;
  readonly masters: readonly unknown[];
  nodeClient(master: unknown): Promise<Pick<NodeRedisClient, 'scanIterator'>>;
}

export interface NodeRedisSentinel extends Emitter {
  sendCommand(isReadonly: boolean, args: string[]): Promise<unknown>;
  scanIterator?(options: ScanIteratorOptions): AsyncIterable<readonly string[]>;
  getMasterNode(): unknown;
}

export interface IoredisClient extends Emitter {
  call(command: string, args: string[]): Promise<unknown>;
  scanStream(options: ScanStreamOptions): AsyncIterable<readonly string[]>;
}

export interface IoredisCluster extends Emitter {
  call(command: string, args: string[]): Promise<unknown>;
  nodes(role: 'master'): readonly Pick<IoredisClient, 'scanStream'>[];
}

interface ScanIteratorOptions {
  readonly MATCH: string;
  readonly COUNT: number;
}

interface ScanStreamOptions {
  readonly match: string;
  readonly count: number;
}

const PAGE = 500;

/** Throws a `SetupError` for anything else. */
export function parseClient(client: RedisClient): Client {
  checkEmitter(client);
  if ('call' in client) {
    refuseKeyPrefix(client);
    return 'nodes' in client ? ioredisCluster(client) : ioredisClient(client);
  }
  if ('masters' in client) return nodeRedisCluster(client);
  if ('getMasterNode' in client) return nodeRedisSentinel(client);
  refuseKeyPrefix(client);
  return nodeRedisClient(client);
}

/** Apps in plain JavaScript hand over anything. */
function checkEmitter(client: unknown): void {
  const { on, listenerCount, sendCommand } = (client ?? {}) as Record<string, unknown>; // whose members are looked at
  if ([on, listenerCount, sendCommand].every((method) => typeof method === 'function')) return;
  throw new SetupError(
    '`redisStore` needs a client of node-redis (`redis`) or ioredis.',
    'Write redisStore(createClient({ url })), with `createClient` of redis, or redisStore(new Redis(url)) of ioredis.',
  );
}

/** ioredis would put it before the names of keys, but for those that are searched; node-redis leaves it out of commands. */
function refuseKeyPrefix(client: object): void {
  const { options } = client as { readonly options?: { readonly keyPrefix?: unknown } }; // both kinds of client have it
  if (options?.keyPrefix === undefined || options.keyPrefix === '') return;
  throw new SetupError(
    'The client given to `redisStore` has a `keyPrefix`.',
    "Leave it out, and write redisStore(client, { prefix: 'app' }): the names of all keys begin with that.",
  );
}

function nodeRedisClient(client: NodeRedisClient): Client {
  return {
    isCluster: false,
    send: (_key, command) => client.sendCommand(command),
    scan: (pattern) => scanIterator(client, pattern),
  };
}

function nodeRedisSentinel(client: NodeRedisSentinel): Client {
  return {
    isCluster: false,
    send: (_key, command) => client.sendCommand(false, command),
    scan: (pattern) => scanIterator(client, pattern),
  };
}

function nodeRedisCluster(client: NodeRedisCluster): Client {
  return {
    isCluster: true,
    send: (key, command) => client.sendCommand(key, false, command),
    async *scan(pattern) {
      for (const master of client.masters) yield* scanIterator(await client.nodeClient(master), pattern);
    },
  };
}

function ioredisClient(client: IoredisClient): Client {
  return {
    isCluster: false,
    send: (_key, command) => call(client, command),
    scan: (pattern) => client.scanStream({ match: pattern, count: PAGE }),
  };
}

function ioredisCluster(client: IoredisCluster): Client {
  return {
    isCluster: true,
    send: (_key, command) => call(client, command), // it finds the keys in the command by itself
    async *scan(pattern) {
      for (const node of client.nodes('master')) yield* node.scanStream({ match: pattern, count: PAGE });
    },
  };
}

function call(client: Pick<IoredisClient, 'call'>, [name = '', ...args]: readonly string[]): Promise<unknown> {
  return client.call(name, args);
}

function scanIterator(
  client: Pick<NodeRedisClient, 'scanIterator'>,
  pattern: string,
): AsyncIterable<readonly string[]> {
  if (client.scanIterator === undefined) throw new Error('This Redis client has no `scanIterator`.');
  return client.scanIterator({ MATCH: pattern, COUNT: PAGE });
}
