import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect as openSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { cleanUp } from '../support/clean-up.js';
import type { SharedDatabase } from './shared-store.js';

/** Where a connection is cut. */
export interface Cut {
  /** The first connection that carries this. */
  readonly text: string;
  /** From there on, at the first message with this in it. */
  readonly at: string;
  /** When the server hasn't seen that message, or when it has done it and says so. */
  readonly before: 'message' | 'answer';
}

/** A way to a server that can be cut or blocked. */
export interface CuttingProxy {
  readonly database: SharedDatabase;
  /** Cuts a connection, once. */
  cut(where: Cut): void;
  /** Whether it still waits for that. */
  readonly isArmed: () => boolean;
  /** Carries nothing any more, as a network does that loses every packet. */
  block(): void;
  /** Carries on with what has come in meanwhile. */
  unblock(): void;
}

export async function startProxy(database: SharedDatabase): Promise<CuttingProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'stepgate-proxy-'));
  const path = join(folder, basename(database.socket));
  const sockets = new Set<Socket>();
  let armed: Cut | null = null;
  let isBlocked = false;

  const server = createServer((client) => {
    const upstream = openSocket(database.socket);
    let isMarked = false;
    let isCutting = false;
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.once('close', () => {
        sockets.delete(socket);
        end();
      });
      socket.on('error', end);
      if (isBlocked) socket.pause();
    }
    client.on('data', (sent) => {
      isMarked ||= armed !== null && sent.includes(armed.text);
      if (isMarked && armed !== null && sent.includes(armed.at)) {
        isCutting = true;
        if (armed.before === 'message') end();
        armed = null;
      }
      if (!upstream.destroyed) upstream.write(sent);
    });
    upstream.on('data', (answer) => {
      if (isCutting) end();
      else client.write(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  cleanUp(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  return {
    database: { ...database, socket: path },
    cut(where) {
      armed = where;
    },
    isArmed: () => armed !== null,
    block() {
      isBlocked = true;
      for (const socket of sockets) socket.pause();
    },
    unblock() {
      isBlocked = false;
      for (const socket of sockets) socket.resume();
    },
  };
}
