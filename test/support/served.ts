import { createServer, type Server } from 'node:http';
import type { App } from './app.js';
import { cleanUp, isTestRunning } from './clean-up.js';

const servers = new WeakMap<App, Server>();

/**
 * The app, on a server that listens until the running test has ended. supertest would let it listen anew for each request,
 * which takes longer than the request: the system looks for a free port among those of thousands of requests before.
 */
export function served(app: App): Server | App {
  if (!isTestRunning()) return app;
  const known = servers.get(app);
  if (known !== undefined) return known;
  const server = createServer(app).listen(0); // with a host it would listen only later
  servers.set(app, server);
  cleanUp(async () => {
    servers.delete(app);
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  return server;
}
