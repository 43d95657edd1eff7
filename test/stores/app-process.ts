import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { StepgateEvent } from '../../lib/events.js';
import type { StepgateOptions } from '../../lib/options/index.js';
import { NOW } from '../support/rules.js';
import type { SharedDatabase } from './shared-store.js';

/** What `children/app.ts` is started with. */
export interface AppSettings {
  readonly database: SharedDatabase;
  /** Where its clock, which goes only when it is told to, begins. */
  readonly now: number;
  /** Those that JSON can carry. */
  readonly options: Partial<Pick<StepgateOptions, 'storeTimeout' | 'maxSessionsPerUser' | 'refreshGrace'>>;
}

/** `crash` leaves a rejection unhandled. */
export type AppTask =
  | { readonly do: 'report' | 'flush' | 'crash' | 'stop' }
  /** In seconds. */
  | { readonly do: 'advance'; readonly by: number };

/** What has happened in the process since it was told something before. */
export interface AppReport {
  readonly events: readonly StepgateEvent['type'][];
  /** Of guarded routes, those whose handlers ran. */
  readonly passed: readonly string[];
  /** What reached the app's own error handler. */
  readonly errors: readonly string[];
}

/** An app in a process of its own. */
export interface AppProcess {
  readonly url: string;
  tell(task: AppTask): Promise<AppReport>;
  /** Ends it. Rejects when it has crashed before, or doesn't end well. */
  stop(): Promise<void>;
}

export async function startApp(
  database: SharedDatabase,
  { now = NOW, options = {} }: Partial<AppSettings> = {},
): Promise<AppProcess> {
  const settings: AppSettings = { database, now, options };
  const child = fork(new URL('./children/app.js', import.meta.url), [JSON.stringify(settings)]);
  const exited = once(child, 'exit');
  let told: Promise<unknown> = Promise.resolve();

  async function next(): Promise<unknown> {
    const [message] = await Promise.race([
      once(child, 'message'),
      exited.then(([code, signal]) => Promise.reject(new Error(`The app has ended: ${code ?? signal}.`))),
    ]);
    return message;
  }

  async function tell(task: AppTask): Promise<AppReport> {
    // One at a time: an answer doesn't say to what.
    const answer = told.then(() => {
      child.send(task);
      return next();
    });
    told = answer.catch(() => {});
    return (await answer) as AppReport; // what the child sends
  }

  const port = await next();
  return {
    url: `http://127.0.0.1:${String(port)}`,
    tell,
    async stop() {
      if (child.exitCode === null && child.connected) await tell({ do: 'stop' });
      assert.deepEqual(await exited, [0, null], 'the app’s process has crashed');
    },
  };
}
