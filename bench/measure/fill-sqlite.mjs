import { randomBytes } from 'node:crypto';
import Database from 'better-sqlite3';
import { tokenKey } from '../../.build/lib/stores/sqlite/sessions.js';
import { sqliteStore } from '../../dist/esm/sqlite.js';

const PREFIXES = 1_000;
const PREFIX_LENGTH = 5; // what the upper half of a token key is made of

/**
 * Fills a new file with sessions, and gives the token hash of each. A thousandth of the rows is made by the store; SQL
 * copies it with a thousand beginnings of the hash, in the order in which the table and its indexes
 * keep them, since ten million rows in any other would take an hour.
 */
export async function fillSqlite(path, count) {
  const originals = Array.from({ length: Math.max(1, count / PREFIXES) }, randomHash);
  const store = sqliteStore(path);
  await Promise.all(
    originals.map((hash, i) => store.sessions.insert({ row: rowOf(hash, i), replaces: null, cap: null, now: 1 })),
  );
  await store.close();

  const prefixes = Array.from({ length: PREFIXES }, () => randomHash().slice(0, PREFIX_LENGTH));
  if (new Set(prefixes).size < PREFIXES) return fillSqlite(path, count);
  const db = new Database(path);
  db.pragma('cache_size = -1000000');
  db.pragma('journal_mode = OFF'); // the store puts it back
  db.pragma('synchronous = OFF');
  db.exec('CREATE TEMP TABLE prefixes (prefix TEXT, upper INTEGER)');
  const addPrefix = db.prepare('INSERT INTO prefixes VALUES (?, ?)');
  for (const prefix of prefixes) addPrefix.run(prefix, tokenKey(`${prefix}-----`)); // the lower half of that is 0
  const columns = db.pragma('table_info(stepgate_sessions)').map(({ name }) => name);
  const values = columns.map((name) => {
    if (name === 'token_key') return 'upper + lower';
    if (name === 'token_hash') return `prefix || substr(token_hash, ${PREFIX_LENGTH + 1})`;
    return name === 'id' || name === 'user_id' ? `prefix || ${name}` : name;
  });
  db.exec(`
    CREATE TEMP TABLE originals AS SELECT *, token_key & 4294967295 AS lower FROM stepgate_sessions ORDER BY lower;
    DELETE FROM stepgate_sessions;
    INSERT INTO stepgate_sessions (${columns.join(', ')})
      SELECT ${values.join(', ')} FROM (SELECT * FROM prefixes ORDER BY upper) CROSS JOIN originals`);
  db.close();
  return (index) => prefixes[index % PREFIXES] + originals[Math.floor(index / PREFIXES)].slice(PREFIX_LENGTH);
}

function randomHash() {
  return randomBytes(32).toString('base64url');
}

/** A session with everything in it that most have. */
export function rowOf(tokenHash, i) {
  const now = Date.now();
  return {
    id: randomBytes(16).toString('base64url'),
    userId: `user-${i}`,
    delivery: 'cookie',
    createdAt: now,
    authenticatedAt: now,
    lastSeenAt: now,
    idleExpiresAt: now + 7 * 86_400_000,
    expiresAt: now + 30 * 86_400_000,
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    ip: '192.0.2.1',
    label: null,
    data: null,
    tokenHash,
    tokenMethod: null,
    previousTokenHash: null,
    tokenNonce: null,
    tokenIssuedAt: now,
    tokenConfirmedAt: now,
    refreshHash: null,
    parentRefreshHash: null,
    refreshNonce: null,
    refreshedAt: null,
    refreshConfirmedAt: null,
    amr: ['pwd'],
    acr: null,
    generation: 0,
    passedMethods: [],
    idleLifetime: null,
    persistent: true,
    restricted: false,
    impersonator: null,
    signInProofs: { password: now },
    stepUpProofs: {},
  };
}
