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
// A store without rows of its own, so that only what the kit keeps counts.
const sessions = {
  find: (tokenHash) => ({ ...rowOf(tokenHash, 0), lastSeenAt: now }),
  touch: () => new Promise(() => {}),
};
const kit = () =>
  stepgate({
    secret: 'a secret that is of no use to anybody, of more than 32 bytes',
    issuer: 'http://localhost:3000',
    insecureCookies: true,
    store: { sessions },
    storeTimeout: '1h',
  });
const [auth, warmUp] = [kit(), kit()];
const req = () => Object.assign(new IncomingMessage(socket), { method: 'GET', url: '/' });
const socket = new Socket();
const token = (i) => Buffer.alloc(32, i).toString('base64url');

function see(guardOf, i) {
  let passed = 0;
  const request = req();
  request.headers.cookie = `session=${token(i % 256)}`;
  guardOf.requireSession(request, new ServerResponse(request), () => {
    passed = 1;
  });
  return passed;
}

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
