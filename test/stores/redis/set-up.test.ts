import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster, createSentinel } from 'redis';
import { type RedisClient, type RedisStoreOptions, redisStore } from '../../../lib/stores/redis/index.js';

const makeStore = (client: unknown): unknown => redisStore(client as RedisClient); // as an app in plain JavaScript

describe('redisStore', () => {
  it('takes no client but one of node-redis or ioredis, and says what to write', () => {
    // What other clients have.
    const other = Object.assign(new EventEmitter(), { get: async () => null, send: async () => null });
    const deaf = { sendCommand: async () => null };
    const message =
      '`redisStore` needs a client of node-redis (`redis`) or ioredis. Write redisStore(createClient({ url })), ' +
      'with `createClient` of redis, or redisStore(new Redis(url)) of ioredis.';
    for (const client of [undefined, null, 'redis://localhost', {}, Promise.resolve(createClient()), other, deaf]) {
      assert.throws(() => makeStore(client), { name: 'SetupError', message });
    }
  });

  it('takes a client that is not connected yet', () => {
    assert.ok(redisStore(createClient()).sessions);
    assert.ok(redisStore(createCluster({ rootNodes: [] })).sessions);
    assert.ok(redisStore(createSentinel({ name: 'mymaster', sentinelRootNodes: [{ host: '::1', port: 1 }] })).sessions);
    assert.ok(redisStore(new Redis({ lazyConnect: true })).sessions);
    assert.ok(redisStore(new Cluster([{ host: '::1', port: 1 }], { lazyConnect: true })).sessions);
  });

  it('refuses a client that puts something before the names of keys', () => {
    const message =
      'The client given to `redisStore` has a `keyPrefix`. ' +
      "Leave it out, and write redisStore(client, { prefix: 'app' }): the names of all keys begin with that.";
    for (const client of [
      new Redis({ lazyConnect: true, keyPrefix: 'app:' }),
      new Cluster([{ host: '::1', port: 1 }], { lazyConnect: true, keyPrefix: 'app:' }),
      createClient({ keyPrefix: 'app:' }),
    ]) {
      assert.throws(() => redisStore(client), { name: 'SetupError', message });
    }
  });

  it('refuses options that it does not know', () => {
    const options = { prefx: 'staff' } as RedisStoreOptions; // as an app in plain JavaScript
    const fault = { name: 'SetupError', message: '`redisStore.prefx` is unknown. Did you mean `prefix`?' };
    assert.throws(() => redisStore(createClient(), options), fault);
  });

  it('refuses a prefix that fits into no name of a key', () => {
    for (const prefix of ['', 'A', '1a', 'a:b', 'a{b}', 'a*', 'seventeen_letters']) {
      assert.throws(() => redisStore(createClient(), { prefix }), { name: 'SetupError', message: /`prefix`/ }, prefix);
    }
  });
});
