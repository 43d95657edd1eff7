import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { it } from '@jest/globals';
import { cleanUp } from '../support/clean-up.js';
import type { TouchSettings } from './children/touch.js';
import { forEachServer } from './servers.js';
import { openShared } from './shared-store.js';
import { inserting, NOW, newRow } from './sqlite/support.js';

const SESSIONS = 300;
const A_FEW_SECONDS = 3;
/** `.ci/run` takes more. */
const LONG = Number(process.env['TOUCH_SECONDS'] ?? A_FEW_SECONDS);
const DAY = 86_400_000;

/** How many batches it wrote. */
async function touchInAnotherProcess(settings: TouchSettings): Promise<number> {
  const child = fork(new URL('./children/touch.js', import.meta.url), [JSON.stringify(settings)]);
  const told: unknown[] = [];
  child.on('message', (message) => told.push(message));
  assert.deepEqual(await once(child, 'exit'), [0, null], 'a write was rejected');
  return Number(told[0]);
}

forEachServer((server, store) => {
  const seconds = store === 'postgres' ? LONG : A_FEW_SECONDS; // Redis runs one script at a time
  it(`makes no deadlock of two processes that touch the same sessions for ${seconds} s`, async () => {
    const { database, deadlocks } = server();
    const { sessions, close } = await openShared(database);
    cleanUp(close);
    const rows = Array.from({ length: SESSIONS }, () => newRow({ idleExpiresAt: NOW + 1, expiresAt: NOW + DAY }));
    for (const row of rows) await sessions.insert(inserting(row));
    const ids = rows.map(({ id }) => id);

    const inTwoProcesses = (lasts: readonly number[], lasting: number) =>
      Promise.all(lasts.map((last) => touchInAnotherProcess({ database, ids, from: NOW, seconds: lasting, last })));
    const batches = await inTwoProcesses([NOW, NOW], seconds);
    // Of the last batches, the later wins wherever the earlier comes after it. They come when nobody changes a row any
    // more: at an earlier time, to which theirs is ahead.
    const lasts = [NOW + DAY - 2, NOW + DAY - 1];
    await inTwoProcesses(lasts, 0);

    for (const count of batches) assert.ok(count > 1, 'no batch was written');
    assert.equal(await deadlocks(), 0);
    const touched = await sessions.list({ limit: SESSIONS + 1, after: null, now: NOW });
    const seen = touched.map(({ lastSeenAt, idleExpiresAt }) => ({ lastSeenAt, idleExpiresAt }));
    assert.deepEqual(
      seen,
      Array.from({ length: SESSIONS }, () => ({ lastSeenAt: lasts[1], idleExpiresAt: NOW + DAY })),
    );
    console.log(`batches: ${batches.join(' and ')}`);
  });
});
