// One delivery a process: `node stepgate.mjs <folder> cookie` or `bearer`.
import { join } from 'node:path';
import { stepgate } from '../../dist/esm/index.js';
import { sqliteStore } from '../../dist/esm/sqlite.js';
import { app, folder, SECRET, SESSIONS, seedOrServe } from './serve.mjs';
import { signIn } from './sign-in.mjs';

const auth = stepgate({
  secret: SECRET,
  issuer: 'http://localhost:3000',
  insecureCookies: true,
  delivery: process.argv[3],
  store: sqliteStore(join(folder, 'sessions.db')),
  accessTokenLifetime: '12h', // the run takes longer than ten minutes
});

async function seed() {
  const headers = await signIn(auth, SESSIONS);
  await auth.close();
  return headers;
}

function mount() {
  app.get('/', auth.requireSession, (req, res) => res.json({ userId: req.auth.userId }));
}

await seedOrServe(seed, mount);
