import { createHmac, createSecretKey } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import jwt from 'jsonwebtoken';
import { decodeToken, hashToken } from '../../.build/lib/internal/tokens.js';
import { tokenKey } from '../../.build/lib/stores/sqlite/sessions.js';
import { stepgate } from '../../dist/esm/index.js';
import { sqliteStore } from '../../dist/esm/sqlite.js';
import { signIn } from '../servers/sign-in.mjs';
import { newFolder, settings } from '../settings.mjs';
import { median } from '../statistics.mjs';

const CALLS = settings.quick ? 2_000 : 100_000;
const options = {
  secret: 'a secret that is of no use to anybody, of more than 32 bytes',
  issuer: 'http://localhost:3000',
};

/** The guard's steps one by one, in a loop and without HTTP, in microseconds of CPU time; `floor` is what nobody can do without. */
export async function measureSteps() {
  const path = join(newFolder('steps'), 'sessions.db');
  const store = sqliteStore(path);
  const instance = (delivery) => stepgate({ ...options, insecureCookies: true, store, delivery, touchInterval: '1d' });
  const auth = instance('cookie');
  const count = settings.sessions / 2;
  const cookies = (await signIn(auth, count)).map((line) => line.slice('Cookie: '.length));
  const bearers = (await signIn(instance('bearer'), count)).map((line) => line.slice('Authorization: '.length));
  const tokens = cookies.map((cookie) => decodeToken(cookie.split('=')[1]));
  const hashes = tokens.map((token) => hashToken(token));
  const { refused, guard } = guardOf(auth);

  const db = new Database(path, { readonly: true });
  const select = (columns) => {
    const statement = db.prepare(`SELECT ${columns} FROM stepgate_sessions WHERE token_key = ?`).raw();
    return (i) => statement.get(tokenKey(hashes[i]));
  };
  const key = createSecretKey(Buffer.from(options.secret));
  const claims = { sub: 'user-12345', jti: cookies[0], sid: 'x'.repeat(22), iss: options.issuer, aud: options.issuer };
  const token = jwt.sign(claims, key, { expiresIn: '1h' });

  const steps = [
    ['the guard, cookie', (i) => guard({ cookie: cookies[i] })],
    ['the guard, bearer', (i) => guard({ authorization: bearers[i] })],
    ['hash of the token: BLAKE3, base64url', (i) => hashToken(tokens[i])],
    ['`find` of the SQLite store: the row whole', (i) => store.sessions.find(hashes[i])],
    ['floor: better-sqlite3, one column of the row by its number', select('expires_at')],
    ['floor: better-sqlite3, all columns as an array', select('*')],
    [
      'floor: HMAC-SHA256 of node:crypto over a token',
      () => createHmac('sha256', key).update(token).digest('base64url'),
    ],
    ['beside it: `jsonwebtoken.verify`, with a KeyObject', () => jwt.verify(token, key, { algorithms: ['HS256'] })],
  ];
  const lines = [];
  for (const [name, call] of steps) lines.push([name, cpuOf(call, count).toFixed(1)]);
  db.close();
  await auth.close();
  if (refused() > 0) throw new Error(`The guard refused ${refused()} requests.`);
  return { title: 'Steps of a guarded request, in a loop', columns: ['step', 'CPU µs'], lines, rows: [] };
}

function guardOf(auth) {
  const socket = new Socket();
  let passed = 0;
  let asked = 0;
  const guard = (headers) => {
    asked += 1;
    const req = new IncomingMessage(socket);
    Object.assign(req.headers, headers);
    req.method = 'GET';
    auth.requireSession(req, new ServerResponse(req), () => {
      passed += 1;
    });
  };
  return { guard, refused: () => asked - passed };
}

function cpuOf(call, count) {
  const times = [];
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < CALLS; i++) call((i * 7_919) % count);
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / CALLS);
  }
  return median(times);
}
