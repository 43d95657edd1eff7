// What is kept in memory of the sessions seen, when the store is so slow that nothing of it could be written.
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { stepgate } from '../dist/esm/index.js';
import { rowOf } from './measure/fill-sqlite.mjs';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const SESSIONS = Number(process.env.SESSIONS);

const now = Date.now() - 3_600_000;
// A store without rows of its own, so that only what stepgate keeps counts.
const sessions = {
  claim: async (realm) => realm,
  find: (tokenHash) => ({ ...rowOf(tokenHash, 0), lastSeenAt: now }),
  touch: () => new Promise(() => {}),
};
const instance = () =>
  stepgate({
    secret: 'a secret that is of no use to anybody, of more than 32 bytes',
    issuer: 'http://localhost:3000',
    insecureCookies: true,
    store: { sessions },
    storeTimeout: '1h',
  });
const [auth, warmUp] = [instance(), instance()];
const socket = new Socket();

function requestOf(i) {
  const request = Object.assign(new IncomingMessage(socket), { method: 'GET', url: '/' });
  request.headers.cookie = `session=${Buffer.alloc(32, i % 256).toString('base64url')}`;
  return request;
}

function see(guardOf, i) {
  let passed = 0;
  const request = requestOf(i);
  guardOf.requireSession(request, new ServerResponse(request), () => {
    passed = 1;
  });
  return passed;
}

for (const each of [auth, warmUp]) await each.authenticate(requestOf(0)); // its store is claimed: from now on nothing waits
for (let i = 0; i < 5_000; i++) see(warmUp, i); // code that is compiled by now isn't counted
collect();
const before = process.memoryUsage().heapUsed;
let pending = 0;
for (let i = 0; i < SESSIONS; i++) {
  pending += see(auth, i);
  if (i % 1_000 === 0) await new Promise(setImmediate);
}
collect();
process.send({ before, after: process.memoryUsage().heapUsed, pending }, () => process.exit());
