// jsonwebtoken and a sessions table, as a careful engineer would write it: the token's signature, issuer, audience and end,
// then the session's row, so that it can be revoked. It notes no last use, and keeps the session's id as it is.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { app, folder, headersOf, seedOrServe } from './serve.mjs';
import { issue, verify } from './tokens.mjs';

const db = new Database(join(folder, 'sessions.db'));
db.pragma('journal_mode = WAL');

function seed() {
  db.exec(`
    CREATE TABLE sessions (
      id TEXT PRIMARY KEY, user_id TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
      revoked_at INTEGER, user_agent TEXT, ip TEXT
    ) STRICT`);
  const insert = db.prepare('INSERT INTO sessions VALUES (?, ?, ?, ?, NULL, ?, ?)');
  const insertAll = db.transaction(() =>
    headersOf((i) => {
      const id = randomBytes(16).toString('base64url');
      insert.run(id, `user-${i}`, Date.now(), Date.now() + 30 * 86_400_000, 'Mozilla/5.0', '127.0.0.1');
      return `Authorization: Bearer ${issue(`user-${i}`, id)}`;
    }),
  );
  return insertAll();
}

function mount() {
  const find = db.prepare('SELECT user_id, created_at, expires_at, revoked_at FROM sessions WHERE id = ?');
  function guard(req, res, next) {
    const claims = verify(req);
    const session = claims === null ? undefined : find.get(claims.sid);
    if (
      session === undefined ||
      session.user_id !== claims.sub ||
      session.revoked_at !== null ||
      Date.now() >= session.expires_at
    ) {
      return res.status(401).json({ error: 'unauthorized' });
    }
    req.user = { id: session.user_id, sessionId: claims.sid, signedInAt: session.created_at };
    next();
  }
  app.get('/', guard, (req, res) => res.json({ userId: req.user.id }));
}

await seedOrServe(seed, mount);
