import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { createClient, type RedisClientType } from 'redis';
import type { RedisClient } from '../../../lib/stores/redis/index.js';
import { describeIfPresent } from '../../support/needs.js';
import { commandOptions, missingRedis, type RedisServer, startRedisServer } from '../../support/redis-server.js';

/** Writes tests in a `describe` with a server and a client of its own; each test finds the server empty. */
export function describeOnRedis(title: string, body: (client: () => RedisClientType) => void): void {
  describeIfPresent(title, missingRedis, () => {
    let server: RedisServer | undefined;
    let client: RedisClientType | undefined;
    beforeAll(async () => {
      server = await startRedisServer();
      client = createClient({ socket: { path: server.path, tls: false }, commandOptions });
      await client.connect();
    });
    beforeEach(() => client?.flushAll());
    afterAll(async () => {
      client?.destroy();
      await server?.stop();
    });
    body(() => {
      if (client === undefined) throw new Error('The server is started before the first test.');
      return client;
    });
  });
}

/** A client that gives each command to `around`, with what sends it. */
export function wrapped(
  client: RedisClientType,
  around: (command: readonly string[], send: () => Promise<unknown>) => Promise<unknown>,
): RedisClient {
  return {
    sendCommand: (command: string[]) => around(command, () => client.sendCommand(command)),
    on: (event, listener) => client.on(event, listener),
    listenerCount: (event) => client.listenerCount(event),
  };
}

/** Asks until it is answered. */
export async function answered<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch {
      await delay(50);
    }
  }
}
