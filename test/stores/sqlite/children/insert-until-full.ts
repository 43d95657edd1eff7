// Inserts in batches until an insert fails, and reports which inserts were acknowledged and which were rejected.
import { sqliteStore } from '../../../../lib/stores/sqlite/index.js';
import { inserting, newRow } from '../support.js';

const [file = '', batch, bytes] = process.argv.slice(2);
const { sessions } = sqliteStore(file);
const acknowledged: string[] = [];
const rejected: string[] = [];
while (rejected.length === 0) {
  const rows = Array.from({ length: Number(batch) }, () => newRow({ label: 'x'.repeat(Number(bytes)) }));
  const results = await Promise.allSettled(rows.map((row) => sessions.insert(inserting(row))));
  for (const [i, { id }] of rows.entries()) {
    if (results[i]?.status === 'fulfilled') acknowledged.push(id);
    else rejected.push(id);
  }
}
// Killed, since the limit on its files would spoil the coverage that a process writes at its end.
process.send?.({ acknowledged, rejected }, () => process.kill(process.pid, 'SIGKILL'));
