import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import express from 'express';

/** How many sessions a store holds. */
export const SESSIONS = Number(process.env.SESSIONS ?? 100_000);

/** The folder of this server's files. */
export const folder = process.argv[2] ?? '.';

/** Everybody's secret, since one process makes the sessions and another serves them. */
export const SECRET = 'a secret that is of no use to anybody, of more than 32 bytes';

/** The same for all: Express as it comes, one route, one small answer. */
export const app = express();

/**
 * The first process makes the sessions, writes down what the load is to send (a header a line, one for each session) and
 * ends; the next one serves, with nothing of that in its memory, and tells the parent its port.
 */
export async function seedOrServe(seed, mount) {
  const file = join(folder, 'headers.txt');
  if (!existsSync(file)) {
    writeFileSync(file, (await seed()).join('\n'));
    process.exit(); // a store of express-session keeps its timer for ever
  }
  await mount();
  const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
  process.once('disconnect', () => process.exit()); // the parent is gone
  // So that a profile that was asked for by `--cpu-prof` is written.
  process.once('SIGTERM', () => process.exit());
}

/** One header for each session. */
export function headersOf(make) {
  return Array.from({ length: SESSIONS }, (_, i) => make(i));
}
