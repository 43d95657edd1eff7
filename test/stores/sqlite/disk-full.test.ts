import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { it } from '@jest/globals';
import { describeIfPresent } from '../../support/needs.js';
import { messageOf, newFile, openStore } from './support.js';

interface Inserts {
  readonly acknowledged: readonly string[];
  readonly rejected: readonly string[];
}

/** A child whose files may have so many blocks of 512 bytes: to SQLite that is a disk with no more room. */
async function insertUntilFull(file: string, { blocks, batch, bytes }: Record<string, number>): Promise<Inserts> {
  const script = fileURLToPath(new URL('./children/insert-until-full.js', import.meta.url));
  const limited = ['-c', `ulimit -f ${blocks}; exec "$@"`, 'sh', process.execPath, script, file];
  const child = spawn('sh', [...limited, String(batch), String(bytes)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return (await messageOf(child)) as Inserts; // what the script sends
}

const missing = process.platform === 'win32' ? 'ulimit, which Windows lacks' : undefined;

describeIfPresent('a SQLite store on a full disk', missing, () => {
  const cases = {
    'the commit fails': { blocks: 400, batch: 10, bytes: 2_000 },
    // More than SQLite keeps in memory until the commit: it fails, and undoes the whole transaction, half-way through.
    'a write in the middle of the transaction fails': { blocks: 20_000, batch: 300, bytes: 100_000 },
  };
  for (const [what, sizes] of Object.entries(cases)) {
    it(`acknowledges what it has kept and nothing else, when ${what}`, async () => {
      const file = newFile();
      const { acknowledged, rejected } = await insertUntilFull(file, sizes);
      assert.ok(rejected.length > 0);
      const { sessions } = openStore(file);
      for (const id of acknowledged) assert.equal((await sessions.get(id))?.id, id);
      for (const id of rejected) assert.equal(await sessions.get(id), null);
    });
  }
});
