import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fork, load, startServer, stop } from '../processes.mjs';
import { LOAD_CORE, settings } from '../settings.mjs';
import { median, quantile } from '../statistics.mjs';

const SECONDS = 3;

/** Guarded reads with and without another process that holds the file's write lock, in turns. */
export async function measureLock() {
  const server = await startServer('under-lock');
  const path = join(server.folder, 'sessions.db');
  const free = [];
  const locked = [];
  await load(server, { seconds: settings.seconds, round: 0 });
  for (let round = 1; round <= settings.rounds; round++) {
    free.push(await readFor(server, round));
    const holder = fork(LOAD_CORE, 'hold-lock.mjs', path);
    await once(holder, 'message');
    locked.push(await readFor(server, round));
    const gone = once(holder, 'exit');
    holder.send('release');
    await gone;
    await wait(1_000); // what waited is written
  }
  await stop(server);

  const failed = [...free, ...locked].reduce((total, round) => total + round.failed, 0);
  const value = median(locked.map(({ p99 }) => p99)) / median(free.map(({ p99 }) => p99));
  const line = (name, rounds) => [
    name,
    median(rounds.map(({ perSecond }) => perSecond)).toFixed(0),
    median(rounds.map(({ p99 }) => p99)).toFixed(1),
    median(rounds.map(({ delay }) => delay.p99)).toFixed(1),
    quantile(
      rounds.map(({ delay }) => delay.max),
      1,
    ).toFixed(0),
    rounds.reduce((total, { signIns }) => total + signIns.done, 0),
    rounds.reduce((total, round) => total + round.failed, 0),
  ];
  return {
    title: `Guarded reads while another process holds the write lock of the SQLite file for ${SECONDS} s`,
    columns: [
      'lock',
      'requests/s',
      'p99 ms',
      'event-loop delay p99 ms',
      'longest ms',
      'sign-ins done meanwhile',
      'failed requests',
    ],
    lines: [line('free', free), line('held', locked)],
    rows: [
      {
        what: `guarded reads while the SQLite write lock is held: p99 of that without, failed of ${locked.reduce((total, { requests }) => total + requests, 0).toLocaleString('en')}`,
        target: 'at most 2.00, 0',
        value: `${value.toFixed(2)}, ${failed}`,
        met: value <= 2 && failed === 0,
      },
    ],
  };
}

async function readFor(server, round) {
  server.child.send('reset');
  const counted = await load(server, { seconds: SECONDS, round });
  const told = once(server.child, 'message');
  server.child.send('report');
  const [report] = await told;
  return { ...counted, ...report };
}
