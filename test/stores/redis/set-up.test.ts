import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from '@jest/globals';
import { createClient } from 'redis';
import { type RedisClient, type RedisStoreOptions, redisStore } from '../../../lib/stores/redis/index.js';

const makeStore = (client: unknown): unknown => redisStore(client as RedisClient); // as an app in plain JavaScript

describe('redisStore', () => {
  it('takes no client but one of node-redis, and says what to write', () => {
    // The names that ioredis has.
    const other = Object.assign(new EventEmitter(), { eval: async () => null, evalsha: async () => null });
    const deaf = { eval: async () => null, evalSha: async () => null };
    const message =
      '`redisStore` needs a client of node-redis: `createClient` or `createCluster` of `redis`. ' +
      'Write redisStore(createClient({ url })), with `createClient` of redis.';
    for (const client of [undefined, null, 'redis://localhost', {}, Promise.resolve(createClient()), other, deaf]) {
      assert.throws(() => makeStore(client), { name: 'SetupError', message });
    }
  });

  it('takes a client that is not connected yet', () => {
    assert.ok(redisStore(createClient()).sessions);
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
