// Touches the same sessions as other processes do, in batches, for some time, and reports how many batches it wrote.
import type { Touch } from '../../../lib/stores/contract/sessions.js';
import { openShared, type SharedDatabase } from '../shared-store.js';

export interface TouchSettings {
  readonly database: SharedDatabase;
  readonly ids: readonly string[];
  /** When the sessions were last seen; each batch sees them a millisecond later. */
  readonly from: number;
  readonly seconds: number;
  /** When all of them are seen for the last time. */
  readonly last: number;
}

process.once('disconnect', () => process.exit(2)); // the parent died

const LANES = 4;
const IDLE = 60_000;
const { database, ids, from, seconds, last }: TouchSettings = JSON.parse(process.argv[2] ?? '');
const { sessions, close } = await openShared(database);
const until = performance.now() + seconds * 1_000;
let batches = 0;

/** Most of the sessions, each time in another order. */
function someTouches(): readonly Touch[] {
  const some = ids.filter(() => Math.random() < 0.9).map((id) => ({ id, at: Math.random() }));
  return some.sort((a, b) => a.at - b.at).map(({ id }) => touch(id, from + batches));
}

function touch(id: string, seenAt: number): Touch {
  return { id, seenAt, idleExpiresAt: seenAt + IDLE, confirms: null };
}

async function lane(): Promise<void> {
  while (performance.now() < until) {
    batches += 1;
    await sessions.touch(someTouches(), from);
  }
}

async function otherWrites(): Promise<void> {
  while (performance.now() < until) {
    for (const { id } of someTouches().slice(0, 10)) await sessions.change(id, { type: 'drop-proofs' }, from);
  }
}

await Promise.all([...Array.from({ length: LANES }, lane), otherWrites()]);
await sessions.touch(
  ids.map((id) => touch(id, last)),
  from,
);
await close();
process.removeAllListeners('disconnect');
process.send?.(batches, () => process.disconnect());
