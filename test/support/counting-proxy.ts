import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect as openSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** A way to a server that counts how often its clients wait for it. */
export interface CountingProxy {
  /** Of its unix socket: in a folder of its own, with the name of the server's. */
  readonly path: string;
  /**
   * How many round trips were made since the last call, each connection's counted by itself: what is sent together, or
   * while an answer is due, is one.
   */
  trips(): number;
  stop(): Promise<void>;
}

/** How long each direction is held, as by a network: so what is sent together arrives together. Milliseconds. */
const HELD = 4;

/** `server` is the path of a unix socket. */
export async function startCountingProxy(server: string): Promise<CountingProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'stepgate-counting-'));
  const path = join(folder, basename(server));
  const sockets = new Set<Socket>();
  let count = 0;

  const proxy = createServer((client) => {
    const upstream = openSocket(server);
    let isAsking = false;
    carry(client, upstream, () => {
      if (!isAsking) count += 1;
      isAsking = true;
    });
    carry(upstream, client, () => {
      isAsking = false;
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}); // `close` follows
      socket.once('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => proxy.listen(path, resolve));
  return {
    path,
    trips() {
      const counted = count;
      count = 0;
      return counted;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
      rmSync(folder, { recursive: true, force: true });
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
