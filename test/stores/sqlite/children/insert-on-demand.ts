// Opens a store at each path that it is told, inserts a session, and reports the session's token.
import { sqliteStore } from '../../../../lib/stores/sqlite/index.js';
import { inserting, newRow } from '../support.js';

async function insertInto(file: string): Promise<void> {
  const store = sqliteStore(file);
  const row = newRow();
  await store.sessions.insert(inserting(row));
  process.send?.(row.tokenHash);
  await store.close?.();
}

process.on('message', (file: string) => void insertInto(file));
process.send?.('started');
