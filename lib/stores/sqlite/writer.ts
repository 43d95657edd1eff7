import { Worker } from 'node:worker_threads';
import { monotonicNow } from '../../internal/clock.js';
import { SetupError } from '../../internal/setup-error.js';
import type { Answer, Args, Failure, FromThread, Operations, Place, Result, ToThread } from './operations.js';

/**
 * What the thread runs: a file here, and in the package the code itself, which the build puts in this place. A bundler
 * of an app would find no file.
 */
const threadCode: string | URL = new URL('./writer-thread.js', import.meta.url);

const MAX_PENDING = 10_000;

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** This side of the writer thread. */
export interface Writer {
  /** Whether the file was opened and has its tables; false again from `close` on. */
  isReady(): boolean;
  /** An operation of the thread's. It is answered when its transaction is on the disk, or rejected. */
  readonly ask: <Part extends keyof Operations, Name extends keyof Operations[Part] & string>(
    part: Part,
    operation: Name,
  ) => (...args: Args<Operations[Part][Name]>) => Promise<Result<Operations[Part][Name]>>;
  /** Finishes the jobs that were put before, then ends the thread. */
  close(): Promise<void>;
}

/** As it was thrown in the thread, which can't hand over a class. */
function errorOf({ message, help, ...rest }: Failure): Error {
  return help === undefined
    ? Object.assign(new Error(message), rest)
    : new SetupError(message.slice(0, -` ${help}`.length), help);
}

/** Starts the thread, which opens the file. A job that isn't begun within `timeout` milliseconds is dropped. */
export function startWriter(place: Place, timeout: number): Writer {
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let isReady = false;
  let closed: Promise<void> | null = null;
  let thread: Worker | null = start();

  function start(): Worker {
    // Without this process's flags: what the app preloads has no business in the thread.
    const worker = new Worker(threadCode, { eval: typeof threadCode === 'string', workerData: place, execArgv: [] });
    let cause: unknown;
    worker.on('message', (message: FromThread) => {
      if (message === 'ready') isReady = true;
      else for (const answer of message) settle(answer);
      if (pending.size === 0 && !closed) worker.unref();
    });
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', () => {
      thread = null; // the next job starts another
      for (const job of pending.values()) {
        job.reject(new Error('The SQLite writer thread ended; whether the job was done is unknown.', { cause }));
      }
      pending.clear();
    });
    worker.unref();
    return worker;
  }

  function settle(answer: Answer): void {
    const job = pending.get(answer.id);
    pending.delete(answer.id);
    if ('value' in answer) job?.resolve(answer.value);
    else job?.reject(errorOf(answer.failure));
  }

  function post(worker: Worker, message: ToThread): void {
    worker.postMessage(message);
    worker.ref(); // the process must not end before the answer
  }

  return {
    isReady: () => isReady && closed === null,

    ask(part, operation) {
      return (...args) =>
        new Promise((resolve, reject) => {
          if (closed) throw new Error('The store is closed.');
          if (pending.size >= MAX_PENDING) throw new Error(`${MAX_PENDING} jobs are waiting for SQLite already.`);
          thread ??= start();
          const id = ++lastId;
          post(thread, { id, part, operation, args, deadline: monotonicNow() + timeout });
          pending.set(id, { resolve, reject });
        });
    },

    close() {
      closed ??= new Promise((resolve) => {
        if (!thread) return resolve();
        thread.on('exit', () => resolve());
        post(thread, 'close');
      });
      return closed;
    },
  };
}
