import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { storeConformance } from '../../../lib/conformance/index.js';
import { change, stepUp } from '../../../lib/conformance/session-changes.js';
import {
  given,
  insert,
  listOf,
  present,
  rotatedRow,
  sessionRow,
  sortedIds,
} from '../../../lib/conformance/session-rows.js';
import { hashOf, NOW } from '../../../lib/conformance/setting.js';
import { type RedisStore, redisStore } from '../../../lib/stores/redis/index.js';
import { keysOf } from '../../../lib/stores/redis/keys.js';
import { runConformance } from '../../support/conformance.js';
import { describeIfPresent } from '../../support/needs.js';
import { rowsIn } from '../../support/redis.js';
import {
  type ClusterClient,
  type RedisCluster,
  type RedisLibrary,
  type SlotMove,
  startRedisCluster,
} from '../../support/redis-cluster.js';
import { missingRedis } from '../../support/redis-server.js';
import { answered } from './support.js';

const { sessionsOf } = keysOf('stepgate');

/** Writes the tests of a client: in a file each, since they take minutes. */
export function testOnCluster(library: RedisLibrary): void {
  describeIfPresent(`on a Redis Cluster of three nodes, by ${library}`, missingRedis, () => {
    let cluster: RedisCluster;
    let connected: ClusterClient;
    beforeAll(async () => {
      cluster = await startRedisCluster();
      connected = await cluster.connect(library);
    });
    afterAll(async () => {
      connected.close();
      await cluster.stop();
    });

    async function emptyStore(): Promise<RedisStore> {
      await cluster.empty();
      return redisStore(connected.client);
    }

    describe('the conformance of the store', () => {
      const rows = async (): Promise<readonly string[]> =>
        (await Promise.all(cluster.nodes.map(({ admin }) => rowsIn(admin)))).flat();
      runConformance(
        storeConformance(emptyStore, {
          expiresByItself: true,
          without: ['passkeys', 'totp', 'recoveryCodes'],
          rawRows: rows,
        }),
      );
    });

    describe('while the slot of a user is moved to another node', () => {
      const stages: Readonly<Record<string, (move: SlotMove) => Promise<void>>> = {
        'before its keys go': async () => {},
        'when its keys have gone': (move) => move.moveKeys(),
        'when it has gone': async (move) => {
          await move.moveKeys();
          await move.finish();
        },
      };
      for (const [stage, reach] of Object.entries(stages)) {
        it(`answers as ever ${stage}`, async () => {
          const { sessions } = await emptyStore();
          const userId = `user ${stage}`;
          const [old, kept] = [
            rotatedRow({ id: 'old', userId, createdAt: 0, impersonator: null }),
            rotatedRow({ id: 'kept', userId, impersonator: null }),
          ];
          await given(sessions, old, kept);
          await Promise.all(cluster.nodes.map(({ admin }) => admin.scriptFlush()));
          const move = await cluster.moveSlotOf(sessionsOf(userId));
          await reach(move);

          assert.deepEqual(await sessions.find(kept.tokenHash), kept);
          const signIn = await insert(sessions, sessionRow({ id: 'new', userId }), { cap: 2 });
          assert.deepEqual(signIn, { outcome: 'inserted', replaced: null, evicted: [{ id: 'old', userId }] });
          assert.notEqual(await change(sessions, 'kept', stepUp('kept')), null);
          assert.deepEqual(sortedIds(await sessions.revokeAllForUser(userId, null, NOW)), ['kept', 'new']);
          assert.equal(await sessions.find(hashOf('kept stepped-up token')), null);

          if (stage !== 'when it has gone') await stages['when it has gone']?.(move);
          assert.deepEqual(await listOf(sessions, userId), []);
          assert.deepEqual(await insert(sessions, sessionRow({ id: 'late', userId })), { outcome: 'refused' });
        });
      }

      it('keeps the first sign-in of a user', async () => {
        const { sessions } = await emptyStore();
        const row = sessionRow({ id: 'a', userId: 'newcomer' });
        const move = await cluster.moveSlotOf(sessionsOf(row.userId));
        await given(sessions, row);
        assert.deepEqual(await sessions.find(row.tokenHash), row);
        await move.moveKeys();
        await move.finish();
        assert.deepEqual(await sessions.find(row.tokenHash), row);
      });
    });

    it('fails while the node of a user is away, and goes on when it is back', async () => {
      const { sessions } = await emptyStore();
      const row = sessionRow({ id: 'a', userId: 'somebody' });
      await given(sessions, row);
      const { server } = await cluster.nodeOf(sessionsOf(row.userId));
      await server.kill();
      await assert.rejects(async () => sessions.find(row.tokenHash));
      await assert.rejects(sessions.revokeAllForUser(row.userId, null, NOW));
      await server.restart();
      // It kept nothing on its disk.
      assert.equal(await answered(async () => sessions.find(row.tokenHash)), null);
      await given(sessions, sessionRow({ id: 'b', userId: 'somebody' }));
      assert.deepEqual(await present(sessions, 'a', 'b'), ['b']);
    });
  });
}
