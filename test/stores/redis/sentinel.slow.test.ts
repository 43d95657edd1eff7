import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createClient, createSentinel, type RedisClientType } from 'redis';
import { storeConformance } from '../../../lib/conformance/index.js';
import { change, stepUp } from '../../../lib/conformance/session-changes.js';
import { given, present, sessionRow, sortedIds } from '../../../lib/conformance/session-rows.js';
import { hashOf, NOW } from '../../../lib/conformance/setting.js';
import { type RedisClient, redisStore } from '../../../lib/stores/redis/index.js';
import { racesOf, runConformance } from '../../support/conformance.js';
import { freePorts } from '../../support/free-ports.js';
import { describeIfPresent } from '../../support/needs.js';
import { rowsIn } from '../../support/redis.js';
import {
  commandOptions,
  missingRedis,
  type RedisServer,
  startRedisSentinel,
  startRedisServer,
} from '../../support/redis-server.js';
import { answered } from './support.js';

const host = '127.0.0.1';
const name = 'sessions';

interface Connected {
  readonly client: RedisClient;
  close(): Promise<void>;
}

/** As docs/stores.md has them. */
const LIBRARIES: Readonly<Record<string, (port: number) => Promise<Connected>>> = {
  async 'node-redis'(port) {
    const client = createSentinel({
      name,
      sentinelRootNodes: [{ host, port }],
      maxCommandRediscovers: 0,
      commandOptions,
      nodeClientOptions: { disableOfflineQueue: true, socket: { connectTimeout: 2000 } },
    });
    client.on('error', () => {}); // it goes on trying to reach a master that is away
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  async ioredis(port) {
    const client = new Redis({
      sentinels: [{ host, port }],
      name,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: 2000,
      lazyConnect: true,
    });
    client.on('error', () => {});
    await client.connect();
    return { client, close: async () => client.disconnect() };
  },
};

for (const [library, connect] of Object.entries(LIBRARIES)) {
  describeIfPresent(`behind Redis Sentinel, by ${library}`, missingRedis, () => {
    let [master, replica, sentinel]: RedisServer[] = [];
    let admin: RedisClientType | undefined;
    let connected: Connected | undefined;
    beforeAll(async () => {
      const [masterPort = 0, replicaPort = 0, sentinelPort = 0] = await freePorts(3);
      const loopback = ['--bind', host, '--repl-diskless-sync-delay', '0'];
      master = await startRedisServer([...loopback, '--port', `${masterPort}`]);
      replica = await startRedisServer([
        ...loopback,
        '--port',
        `${replicaPort}`,
        '--replicaof',
        `${host} ${masterPort}`,
      ]);
      admin = createClient({ socket: { path: master.path, tls: false }, commandOptions });
      admin.on('error', () => {});
      await admin.connect();
      sentinel = await startRedisSentinel(sentinelPort, masterPort);
      await untilItKnowsTheReplica(sentinel);
      connected = await connect(sentinelPort);
    });
    afterAll(async () => {
      await connected?.close();
      admin?.destroy();
      for (const server of [sentinel, replica, master]) await server?.stop();
    });

    function clients(): { admin: RedisClientType; client: RedisClient } {
      assert.ok(admin !== undefined && connected !== undefined);
      return { admin, client: connected.client };
    }

    describe('the races of the conformance of the store', () => {
      runConformance(
        racesOf(
          storeConformance(
            async () => {
              await clients().admin.flushAll();
              return redisStore(clients().client);
            },
            {
              expiresByItself: true,
              without: ['passkeys', 'totp', 'recoveryCodes'],
              rawRows: () => rowsIn(clients().admin),
            },
          ),
        ),
      );
    });

    it('goes on at the replica when the master dies, with what had reached it', async () => {
      await clients().admin.flushAll();
      const { sessions } = redisStore(clients().client);
      const kept = sessionRow({ id: 'kept', userId: 'ada' });
      await given(sessions, kept, sessionRow({ id: 'ended', userId: 'ada' }));
      await sessions.revoke('ended', 'ada');
      await clients().admin.sendCommand(['WAIT', '1', '0']);
      await master?.kill();
      await assert.rejects(async () => sessions.find(kept.tokenHash));

      assert.deepEqual(await answered(async () => sessions.find(kept.tokenHash)), kept);
      assert.deepEqual(await present(sessions, 'kept', 'ended'), ['kept']);
      await answered(() => given(sessions, sessionRow({ id: 'new', userId: 'ada' })));
      assert.notEqual(await change(sessions, 'kept', stepUp('kept')), null);
      assert.deepEqual(sortedIds(await sessions.revokeAllForUser('ada', null, NOW)), ['kept', 'new']);
      assert.equal(await sessions.find(hashOf('kept stepped-up token')), null);
    });
  });
}

async function untilItKnowsTheReplica(sentinel: RedisServer): Promise<void> {
  const client = createClient({ socket: { path: sentinel.path, tls: false } });
  await client.connect();
  for (;;) {
    const known = await client.sendCommand(['SENTINEL', 'REPLICAS', name]);
    if (Array.isArray(known) && known.length > 0) break;
    await delay(50);
  }
  client.destroy();
}
