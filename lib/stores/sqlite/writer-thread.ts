import { parentPort, workerData } from 'node:worker_threads';
import type { Answer, FromThread, Job, Place, ToThread } from './operations.js';
import { dropped, failed, isBusy, isLate, openWriteConnection, type WriteConnection } from './write-connection.js';

/** How long to wait until the next try while another process has a lock, in milliseconds. */
const RETRY_AFTER = 5;

if (!parentPort) throw new Error('This file is the writer thread of `sqliteStore` and runs as nothing else.');
const port = parentPort;
const place = workerData as Place; // what `startWriter` hands over

let connection: WriteConnection | null = null;
let waiting: Job[] = [];
let isBlocked = false;
let isScheduled = false;
let isClosing = false;

port.on('message', (message: ToThread) => {
  if (message === 'close') isClosing = true;
  else waiting.push(message);
  schedule(setImmediate);
});
schedule(setImmediate);

/** Never at once: the messages that are here already come in before the turn, so that one transaction takes them all. */
function schedule(later: (turn: () => void) => unknown): void {
  if (isScheduled) return;
  isScheduled = true;
  later(turn);
}

function turn(): void {
  isScheduled = false;
  isBlocked = false;
  const answers: Answer[] = [];
  const jobs: Job[] = [];
  for (const job of waiting) {
    if (isLate(job)) answers.push(dropped(job));
    else jobs.push(job);
  }
  waiting = [];
  answers.push(...attempt(jobs, () => run(opened(), jobs)));
  if (answers.length > 0) send(answers);

  if (isClosing && waiting.length === 0) end();
  else if (isBlocked) schedule((next) => setTimeout(next, RETRY_AFTER));
}

function run(on: WriteConnection, jobs: readonly Job[]): readonly Answer[] {
  const reads = jobs.filter(on.isRead);
  const writes = jobs.filter((job) => !on.isRead(job));
  return [
    ...reads.flatMap((job) => attempt([job], () => [on.read(job)])),
    ...(writes.length > 0 ? attempt(writes, () => on.write(writes)) : []),
  ];
}

/** Answers the jobs. While somebody else has the lock they are kept instead, for another turn. */
function attempt(jobs: readonly Job[], answer: () => readonly Answer[]): readonly Answer[] {
  try {
    return answer();
  } catch (error) {
    if (!isBusy(error)) return jobs.map((job) => failed(job, error));
    isBlocked = true;
    waiting.push(...jobs);
    return [];
  }
}

/** A file that can't be opened fails the jobs of this turn; the next ones try again. */
function opened(): WriteConnection {
  if (!connection) {
    connection = openWriteConnection(place);
    send('ready');
  }
  return connection;
}

function send(message: FromThread): void {
  port.postMessage(message);
}

function end(): void {
  connection?.close();
  port.close();
}
