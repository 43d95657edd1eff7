// Does one write and one read, and closes nothing.
import { sqliteStore } from '../../../../lib/stores/sqlite/index.js';
import { inserting, newRow } from '../support.js';

const { sessions } = sqliteStore(process.argv[2] ?? '');
const row = newRow();
// Nothing but this write keeps the process alive: without its answer nothing is sent.
await sessions.insert(inserting(row));
const found = await sessions.find(row.tokenHash);
process.send?.(found?.id === row.id ? 'found' : 'lost');
