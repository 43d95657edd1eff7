import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, connect as openSocket, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** A way to servers that counts how often their clients wait for them. */
export interface Counting {
  /**
   * How many round trips were made since the last call: what is sent together, or while any answer is due, is one,
   * whichever connection it takes.
   */
  trips(): number;
  stop(): Promise<void>;
}

export interface CountingProxy extends Counting {
  /** Of its unix socket: in a folder of its own, with the name of the server's. */
  readonly path: string;
}

export interface CountingProxies extends Counting {
  /** On loopback, each in the place of a server's. */
  readonly ports: ReadonlyMap<number, number>;
}

/** How long each direction is held, as by a network: so what is sent together arrives together. Milliseconds. */
const HELD = 4;

/** `server` is the path of a unix socket. */
export async function startCountingProxy(server: string): Promise<CountingProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'stepgate-counting-'));
  const path = join(folder, basename(server));
  const counter = createCounter();
  await counter.listen(() => openSocket(server), path);
  return {
    path,
    trips: counter.trips,
    async stop() {
      await counter.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Of servers on loopback. */
export async function startCountingProxies(servers: readonly number[]): Promise<CountingProxies> {
  const { listen, trips, stop } = createCounter();
  const ports = new Map<number, number>();
  for (const port of servers) {
    const proxy = await listen(() => openSocket(port, '127.0.0.1'), 0);
    ports.set(port, (proxy.address() as AddressInfo).port); // a TCP server's
  }
  return { ports, trips, stop };
}

interface Counter extends Counting {
  listen(connect: () => Socket, at: string | 0): Promise<Server>;
}

function createCounter(): Counter {
  const sockets = new Set<Socket>();
  const proxies: Server[] = [];
  const asking = new Set<Socket>();
  let count = 0;

  function connectThrough(client: Socket, upstream: Socket): void {
    carry(client, upstream, () => {
      if (asking.size === 0) count += 1;
      asking.add(client);
    });
    carry(upstream, client, () => asking.delete(client));
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}); // `close` follows
      socket.once('close', () => {
        sockets.delete(socket);
        asking.delete(client);
        client.destroy();
        upstream.destroy();
      });
    }
  }

  return {
    async listen(connect, at) {
      const proxy = createServer((client) => connectThrough(client, connect()));
      proxies.push(proxy);
      if (at === 0) proxy.listen(0, '127.0.0.1');
      else proxy.listen(at);
      await once(proxy, 'listening');
      return proxy;
    },
    trips() {
      const counted = count;
      count = 0;
      return counted;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(proxies.map((proxy) => new Promise((resolve) => proxy.close(resolve))));
    },
  };
}

/** Hands over what has come in meanwhile, and says so. */
function carry(from: Socket, to: Socket, carried: () => void): void {
  let held: Buffer[] = [];
  from.on('data', (some: Buffer) => {
    held.push(some);
    if (held.length > 1) return;
    setTimeout(() => {
      carried();
      if (!to.destroyed) to.write(Buffer.concat(held));
      held = [];
    }, HELD);
  });
}
