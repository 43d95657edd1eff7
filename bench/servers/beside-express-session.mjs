// express-session on SQLite, and what stepgate adds to a request beside it: `node beside-express-session.mjs <folder> alone`,
// `session` (requireSession) or `step-up` (requireFreshStepUp, with a fresh proof).
import { join } from 'node:path';
import Database from 'better-sqlite3';
import makeStore from 'better-sqlite3-session-store';
import session from 'express-session';
import { expressSession } from '../../dist/esm/express-session.js';
import { password, stepgate } from '../../dist/esm/index.js';
import { sqliteStore } from '../../dist/esm/sqlite.js';
import { signedIn } from '../../dist/esm/testing.js';
import { mountOn, seedInto } from './express-session.mjs';
import { folder, SECRET, seedOrServe } from './serve.mjs';

const AT_ONCE = 1_000;
const guard = process.argv[3];
const db = new Database(join(folder, 'sessions.db'));
db.pragma('journal_mode = WAL');
const SqliteStore = makeStore(session);
const store = new SqliteStore({ client: db });
const auth = stepgate({
  secret: SECRET,
  issuer: 'http://localhost:3000',
  insecureCookies: true,
  store: sqliteStore(join(folder, 'step-up.db')),
  methods: [password({ verify: () => true })],
  session: expressSession({ userId: (req) => req.session.userId }),
});

async function seed() {
  db.exec('BEGIN');
  const headers = await seedInto(store);
  db.exec('COMMIT');
  if (guard !== 'step-up') return headers;
  const proven = [];
  while (proven.length < headers.length) {
    const some = headers.slice(proven.length, proven.length + AT_ONCE);
    const first = proven.length;
    proven.push(...(await Promise.all(some.map((header, i) => prove(header, first + i)))));
  }
  await auth.close();
  return proven;
}

/** The header with the cookie of a proof beside that of the session. */
async function prove(header, i) {
  const sessionID = decodeURIComponent(header).replace(/^.*s:([^.]+)\..*$/, '$1');
  const found = await auth.authenticate({ headers: {}, method: 'GET', sessionID, session: { userId: `user-${i}` } });
  const { headers } = await signedIn(auth, {
    session: found.auth.session,
    proofs: { password: 0 },
    cookieName: 'step-up',
  });
  return `${header}; ${headers.cookie}`;
}

/** The same route behind a guard. */
function mount() {
  const guards = {
    session: auth.requireSession,
    'step-up': auth.requireFreshStepUp({ method: 'password', maxAge: '12h' }),
  };
  mountOn(store, guards[guard]);
}

await seedOrServe(seed, mount);
