import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { betterAuth } from 'better-auth';
import { makeSignature } from 'better-auth/crypto';
import { getMigrations } from 'better-auth/db/migration';
import { fromNodeHeaders } from 'better-auth/node';
import Database from 'better-sqlite3';
import { app, folder, headersOf, SECRET, seedOrServe } from './serve.mjs';

const database = new Database(join(folder, 'sessions.db'));
database.pragma('journal_mode = WAL');
const options = {
  database,
  secret: SECRET,
  baseURL: 'http://localhost:3000',
  emailAndPassword: { enabled: true },
  telemetry: { enabled: false },
};

async function seed() {
  const { runMigrations } = await getMigrations(options);
  await runMigrations();
  const insertUser = database.prepare(
    'INSERT INTO user (id, name, email, emailVerified, createdAt, updatedAt) VALUES (?, ?, ?, 1, ?, ?)',
  );
  const insertSession = database.prepare(`
    INSERT INTO session (id, userId, token, expiresAt, createdAt, updatedAt, ipAddress, userAgent)
    VALUES (?, ?, ?, ?, ?, ?, '127.0.0.1', 'Mozilla/5.0')`);
  const now = new Date().toISOString();
  const end = new Date(Date.now() + 7 * 86_400_000).toISOString();
  const insertAll = database.transaction(() =>
    headersOf((i) => {
      const [id, token] = [randomBytes(24), randomBytes(24)].map((bytes) => bytes.toString('base64url'));
      insertUser.run(`user-${i}`, `User ${i}`, `user-${i}@example.com`, now, now);
      insertSession.run(id, `user-${i}`, token, end, now, now);
      return token;
    }),
  );
  const signed = insertAll().map(async (token) => `${token}.${await makeSignature(token, SECRET)}`);
  return (await Promise.all(signed)).map((value) => `Cookie: better-auth.session_token=${encodeURIComponent(value)}`);
}

function mount() {
  const auth = betterAuth(options);
  app.get('/', async (req, res) => {
    const session = await auth.api.getSession({ headers: fromNodeHeaders(req.headers) });
    if (session === null) return res.status(401).json({ error: 'unauthorized' });
    res.json({ userId: session.user.id });
  });
}

await seedOrServe(seed, mount);
