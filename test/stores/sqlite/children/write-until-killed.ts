// Inserts and revokes without end, and reports each that the store has acknowledged.
import { sqliteStore } from '../../../../lib/stores/sqlite/index.js';
import { inserting, newRow } from '../support.js';

const LANES = 8;
const { sessions } = sqliteStore(process.argv[2] ?? '');

async function lane(): Promise<void> {
  for (;;) {
    const kept = newRow();
    const revoked = newRow();
    await Promise.all([sessions.insert(inserting(kept)), sessions.insert(inserting(revoked))]);
    process.send?.({ inserted: kept.id });
    await sessions.revoke(revoked.id, null);
    process.send?.({ revoked: revoked.id });
  }
}

for (let i = 0; i < LANES; i++) void lane();
