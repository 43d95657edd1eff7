// The floor: a guard that reads two columns of one row by their key, and does nothing else. It is no session library.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { app, folder, headersOf, seedOrServe } from './serve.mjs';

const db = new Database(join(folder, 'sessions.db'));
db.pragma('journal_mode = WAL');

function seed() {
  db.exec('CREATE TABLE sessions (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT');
  const insert = db.prepare('INSERT INTO sessions VALUES (?, ?, ?)');
  const insertAll = db.transaction(() =>
    headersOf((i) => {
      const id = randomBytes(32).toString('base64url');
      insert.run(id, `user-${i}`, Date.now() + 30 * 86_400_000);
      return `Cookie: session=${id}`;
    }),
  );
  return insertAll();
}

function mount() {
  const find = db.prepare('SELECT user_id, expires_at FROM sessions WHERE id = ?');
  function guard(req, res, next) {
    const session = find.get(req.headers.cookie.slice('session='.length));
    if (session === undefined || Date.now() >= session.expires_at) return res.status(401).end();
    req.user = { id: session.user_id };
    next();
  }
  app.get('/', guard, (req, res) => res.json({ userId: req.user.id }));
}

await seedOrServe(seed, mount);
