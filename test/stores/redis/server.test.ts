import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { given, sessionRow } from '../../../lib/conformance/session-rows.js';
import { redisStore } from '../../../lib/stores/redis/index.js';
import { describeOnRedis } from './support.js';

describeOnRedis('what the Redis server does', (server) => {
  it('sends a script again that the server has forgotten', async () => {
    const { sessions } = redisStore(server());
    const row = sessionRow({ id: 'a' });
    await given(sessions, row);
    await server().scriptFlush();
    assert.deepEqual(await sessions.find(row.tokenHash), row);
    await server().scriptFlush();
    assert.deepEqual(await sessions.revoke('a', null), { id: 'a', userId: 'user' });
  });

  it('fails at the first use on a server that evicts keys, until that is put right', async () => {
    for (const policy of ['volatile-lru', 'allkeys-random']) {
      await server().configSet('maxmemory-policy', policy);
      const { sessions, attempts } = redisStore(server());
      const fault = { name: 'SetupError', message: new RegExp(`maxmemory-policy ${policy}.*to noeviction`) };
      await assert.rejects(async () => sessions.get('gone'), fault);
      await assert.rejects(attempts.dropForUser('user'), fault);
      await server().configSet('maxmemory-policy', 'noeviction');
      assert.equal(await sessions.get('gone'), null);
    }
  });

  it('takes a server that tells this user nothing of its memory', async () => {
    await server().sendCommand(['ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '+@all', '-info']);
    const other = server().duplicate({ username: 'app', password: 'secret' });
    await other.connect();
    try {
      await assert.rejects(other.info('memory'), /NOPERM/);
      assert.equal(await redisStore(other).sessions.get('gone'), null);
    } finally {
      other.destroy();
    }
  });
});
