import { createServer, globalAgent, type Server } from 'node:http';
import supertest, { type Test } from 'supertest';
import type { App } from './app.js';
import { cleanUp, isTestRunning } from './clean-up.js';

const servers = new WeakMap<App, Server>();

/**
 * A request to an app that listens until the running test has ended, or to one at this address. supertest would let the app
 * listen anew for each request and connect to it, which takes longer than the request.
 */
export function request(app: App | string, method: string, path: string): Test {
  const name = method.toLowerCase() as 'get'; // supertest has a function for each method
  if (typeof app === 'string' || !isTestRunning()) return supertest(app)[name](path);
  return supertest(served(app))[name](path).agent(globalAgent);
}

function served(app: App): Server {
  const known = servers.get(app);
  if (known !== undefined) return known;
  const server = createServer(app).listen(0); // with a host it would listen only later
  server.keepAliveTimeout = 0; // else it may close a connection just as the next request is sent
  servers.set(app, server);
  cleanUp(async () => {
    servers.delete(app);
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  return server;
}
