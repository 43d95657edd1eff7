import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, resolve } from 'node:path';
import { createApp } from './app.js';
import { keptSecret } from './secret.js';
import { isPostgres } from './storage.js';

async function start(): Promise<void> {
  // Set to nothing counts as not set.
  const { PORT, HOST, ORIGIN, DATABASE = '', SESSIONS, STEPGATE_SECRET } = process.env;
  const onServer = isPostgres(DATABASE);
  const database = onServer ? DATABASE : resolve(DATABASE || 'bank.db');
  const server = createServer().listen(Number(PORT || 3000), HOST || 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on a port, not on a pipe
  const origin = ORIGIN || `http://localhost:${port}`;
  const secret = STEPGATE_SECRET || keptSecret(onServer ? process.cwd() : dirname(database));
  const bank = await createApp({ origin, database, sessions: SESSIONS || null, secret });
  server.on('request', bank.app);
  console.log(`The bank is open at ${origin}, on port ${port}`);
  console.log(`Its database is ${onServer ? new URL(database).host : database}`); // the URL may hold a password

  const stop = (): void => {
    server.close(() => void bank.close());
    // Requests under way are answered; a client that only holds its connection open doesn't keep the bank.
    setTimeout(() => server.closeAllConnections(), 2_000).unref();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

start().catch((error: unknown) => {
  console.error(`The bank could not open: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
