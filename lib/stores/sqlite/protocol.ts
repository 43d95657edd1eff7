import { SetupError } from '../../internal/setup-error.js';
import type { Reads, Writes } from './operations.js';

/** What the writer thread can be asked. */
export type Operations = { readonly [Part in keyof Writes]: Reads[Part] & Writes[Part] };

export type Args<F> = F extends (...args: infer A) => unknown ? A : never;
export type Result<F> = F extends (...args: never) => infer R ? R : never;
export type Operation<F> = (...args: Args<F>) => Result<F>;

/** Where the tables are. */
export interface Place {
  readonly path: string;
  /** Of their names. */
  readonly prefix: string;
  /** The path of better-sqlite3. */
  readonly driver: string;
}

/** One operation of one part, to be answered by its `id`. */
export interface Job {
  readonly id: number;
  readonly part: keyof Operations;
  readonly operation: string;
  readonly args: readonly unknown[];
  /** By `monotonicNow`. A job that isn't begun by then is dropped. */
  readonly deadline: number;
}

export interface Failure {
  readonly message: string;
  /** As SQLite names it. */
  readonly code?: string;
  /** Of a `SetupError`. */
  readonly help?: string;
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: Failure };

export type ToThread = Job | 'close';
export type FromThread = 'ready' | readonly Answer[];

// Taken here and not at each call: fake timers of a test put another clock in its place, on one side only.
const hrtime = process.hrtime.bigint;

/** Milliseconds on a clock that all threads of a process share and that nobody can set. */
export function monotonicNow(): number {
  return Number(hrtime()) / 1e6;
}

export function isLate(job: Job): boolean {
  return monotonicNow() >= job.deadline;
}

export function dropped({ id }: Job): Answer {
  return { id, failure: { message: 'The SQLite file was locked or busy for too long: the job was not run.' } };
}

export function failed({ id }: Job, error: unknown): Answer {
  if (error instanceof SetupError) return { id, failure: { message: error.message, help: error.help } };
  const message = messageOf(error);
  const code = codeOf(error);
  return { id, failure: code === undefined ? { message } : { message, code } };
}

/** Another connection has a lock that it will let go of. */
export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|PROTOCOL)/.test(codeOf(error) ?? '');
}

export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code; // anything can be thrown
  return typeof code === 'string' ? code : undefined;
}

export function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null | undefined)?.message; // anything can be thrown
  return typeof message === 'string' ? message : 'unknown failure';
}
