import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createClient, type RedisClientType } from 'redis';
import { change, DROP_PROOFS, rotate, stepUp } from '../../../lib/conformance/session-changes.js';
import { given, insert, rotatedRow, sessionRow } from '../../../lib/conformance/session-rows.js';
import { HOUR, hashOf, NOW } from '../../../lib/conformance/setting.js';
import type { SessionStore } from '../../../lib/stores/contract/sessions.js';
import { type RedisClient, redisStore } from '../../../lib/stores/redis/index.js';
import {
  type Counting,
  type CountingProxies,
  startCountingProxies,
  startCountingProxy,
} from '../../support/counting-proxy.js';
import { describeIfPresent } from '../../support/needs.js';
import { type ClusterClient, type RedisCluster, startRedisCluster } from '../../support/redis-cluster.js';
import { commandOptions, missingRedis, type RedisServer, startRedisServer } from '../../support/redis-server.js';
import { describeOnRedis } from './support.js';

interface Step {
  readonly server: number;
  readonly cluster: number;
  readonly run: (sessions: SessionStore) => unknown;
}

const KNOWN = rotatedRow({ id: 'known', delivery: 'bearer' });
const touchOf = (id: string) => ({ id, seenAt: NOW, idleExpiresAt: NOW + HOUR, confirms: null });

/** The table of docs/stores.md has these numbers: of sessions whose place this process doesn't know, but where it says so. */
const STEPS: Readonly<Record<string, Step>> = {
  'to find a session': { server: 1, cluster: 2, run: (sessions) => sessions.find(hashOf('a token')) },
  'to find a session that was found before': {
    server: 1,
    cluster: 1,
    run: (sessions) => sessions.find(hashOf('known token')),
  },
  'to sign in': {
    server: 1,
    cluster: 2,
    run: (sessions) => insert(sessions, sessionRow({ id: 'new', userId: 'other' }), { cap: 3 }),
  },
  'to sign in in the place of a session that was found before': {
    server: 1,
    cluster: 3,
    run: (sessions) => insert(sessions, sessionRow({ id: 'new' }), { replaces: hashOf('known token') }),
  },
  'to refresh': {
    server: 1,
    cluster: 3,
    run: async (sessions) => assert.ok(await sessions.change('known', rotate('known'), NOW, KNOWN)),
  },
  'to step up': {
    server: 1,
    cluster: 3,
    run: async (sessions) => assert.ok(await sessions.change('known', stepUp('known'), NOW, KNOWN)),
  },
  'to step up where the row is another by now': {
    server: 2,
    cluster: 5,
    run: async (sessions) =>
      assert.ok(await sessions.change('known', stepUp('known'), NOW, { ...KNOWN, generation: 0 })),
  },
  'to change a row that its caller does not know': {
    server: 2,
    cluster: 2,
    run: async (sessions) => assert.ok(await change(sessions, 'known', DROP_PROOFS)),
  },
  'to revoke a session of a user': {
    server: 1,
    cluster: 2,
    run: async (sessions) => assert.ok(await sessions.revoke('a', 'user')),
  },
  'to revoke all sessions of a user': {
    server: 2,
    cluster: 2,
    run: (sessions) => sessions.revokeAllForUser('user', null, NOW),
  },
  'to note sessions as seen that were found before': {
    server: 1,
    cluster: 1,
    run: (sessions) => sessions.touch([touchOf('known')], NOW),
  },
  'to note sessions as seen': {
    server: 2,
    cluster: 2,
    run: (sessions) => sessions.touch([touchOf('known'), touchOf('a')], NOW),
  },
};

interface Clients {
  /** Its trips are counted. */
  readonly counted: RedisClient;
  readonly other: RedisClient;
  readonly counting: Counting;
  empty(): Promise<unknown>;
}

function describeSteps(kind: 'server' | 'cluster', clients: () => Clients): void {
  for (const [what, step] of Object.entries(STEPS)) {
    it(`are ${step[kind]} ${what}`, async () => {
      const { counted, other, counting, empty } = clients();
      let trips = 0;
      // Only the second time all servers know the scripts.
      for (let time = 0; time < 2; time += 1) {
        await empty();
        await given(redisStore(other).sessions, rotatedRow({ id: 'a', delivery: 'bearer' }), KNOWN);
        const { sessions } = redisStore(counted);
        assert.equal((await sessions.find(hashOf('known token')))?.id, 'known');
        counting.trips();
        await step.run(sessions);
        trips = counting.trips();
      }
      assert.equal(trips, step[kind]);
    });
  }
}

describeIfPresent('the round trips to a Redis server', missingRedis, () => {
  let server: RedisServer;
  let counting: Counting & { readonly path: string };
  beforeAll(async () => {
    server = await startRedisServer();
    counting = await startCountingProxy(server.path);
  });
  afterAll(async () => {
    await counting.stop();
    await server.stop();
  });

  async function connected(path: string): Promise<RedisClientType> {
    const client: RedisClientType = createClient({ socket: { path, tls: false }, commandOptions });
    await client.connect();
    return client;
  }

  describe('by node-redis', () => {
    const opened: RedisClientType[] = [];
    beforeAll(async () => {
      opened.push(await connected(counting.path), await connected(server.path));
    });
    afterAll(() => {
      for (const client of opened) client.destroy();
    });
    describeSteps('server', () => {
      const [counted, other] = opened;
      assert.ok(counted && other);
      return { counted, other, counting, empty: () => other.flushAll() };
    });
  });

  describe('by ioredis', () => {
    const opened: Redis[] = [];
    beforeAll(() => {
      opened.push(new Redis(counting.path), new Redis(server.path));
    });
    afterAll(() => {
      for (const client of opened) client.disconnect();
    });
    describeSteps('server', () => {
      const [counted, other] = opened;
      assert.ok(counted && other);
      return { counted, other, counting, empty: () => other.flushall() };
    });
  });
});

describeIfPresent('the round trips to a Redis Cluster', missingRedis, () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster.stop());

  for (const library of ['node-redis', 'ioredis'] as const) {
    describe(`by ${library}`, () => {
      let counting: CountingProxies;
      let counted: ClusterClient;
      let other: ClusterClient;
      beforeAll(async () => {
        counting = await startCountingProxies(cluster.nodes.map(({ port }) => port));
        counted = await cluster.connect(library, counting.ports);
        other = await cluster.connect(library);
      });
      afterAll(async () => {
        counted.close();
        other.close();
        await counting.stop();
      });
      describeSteps('cluster', () => ({
        counted: counted.client,
        other: other.client,
        counting,
        empty: () => cluster.empty(),
      }));
    });
  }
});

describeOnRedis('a round trip to Redis', (server) => {
  it('is never spared at the cost of a session that has ended, or of its old token', async () => {
    const stepUpAfter = { ...stepUp('a'), presented: hashOf('a rotated token') };
    const row = rotatedRow({ id: 'a' });
    const [here, elsewhere] = [redisStore(server()), redisStore(server())];
    await given(here.sessions, row);
    assert.deepEqual(await here.sessions.find(row.tokenHash), row);
    await change(elsewhere.sessions, 'a', rotate('a'));
    await change(elsewhere.sessions, 'a', stepUpAfter);
    assert.equal(await here.sessions.find(row.tokenHash), null);
    assert.equal((await here.sessions.find(hashOf('a stepped-up token')))?.id, 'a');
    await elsewhere.sessions.revoke('a', null);
    assert.equal(await here.sessions.find(hashOf('a stepped-up token')), null);
    await given(
      elsewhere.sessions,
      sessionRow({ id: 'again', userId: 'another', tokenHash: hashOf('a stepped-up token') }),
    );
    assert.equal((await here.sessions.find(hashOf('a stepped-up token')))?.id, 'again');
  });

  it("is made again where the place that is remembered is another user's by now", async () => {
    const [here, elsewhere] = [redisStore(server()), redisStore(server())];
    await given(here.sessions, sessionRow({ id: 'a' }));
    assert.deepEqual(await elsewhere.sessions.revoke('a', null), { id: 'a', userId: 'user' });
    await given(elsewhere.sessions, rotatedRow({ id: 'a', userId: 'another' }));
    assert.equal((await here.sessions.get('a'))?.userId, 'another');
    assert.notEqual(await change(here.sessions, 'a', rotate('a')), null);
    assert.deepEqual(await here.sessions.revoke('a', null), { id: 'a', userId: 'another' });
  });
});
