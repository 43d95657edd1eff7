import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { random } from '../support/random.js';
import { type RunningApp, startApp, Unanswered } from './app.js';
import { checkEnded, checkUser } from './check.js';
import { Violation } from './ledger.js';
import { readRows } from './rows.js';
import { User } from './user.js';

export type Victim = 'process' | 'writer thread';

export interface CampaignOptions {
  readonly victim: Victim;
  readonly kills: number;
  /** Decides who does what and when to kill; what a kill hits is up to the machine. */
  readonly seed: number;
}

export interface CampaignResult {
  readonly kills: number;
  /** How many writes were answered, by what they were. */
  readonly acknowledged: ReadonlyMap<string, number>;
  /** How many were in flight at a kill. */
  readonly unanswered: number;
  readonly violations: readonly Violation[];
}

const USERS = 16;
const MAX_LOAD_MS = 400;
/** What the app's clock goes on by at a kill: what was made before can be replaced then, with cookies, too. */
const PAUSE_MS = 46_000;

/** Kills the app, or its writer thread, again and again under load, and holds what is left against the ledger each time. */
export async function campaign({ victim, kills, seed }: CampaignOptions): Promise<CampaignResult> {
  const folder = mkdtempSync(join(tmpdir(), 'stepgate-crash-'));
  const file = join(folder, 'app.db');
  const acknowledged = new Map<string, number>();
  const violations: Violation[] = [];
  const report = (violation: Violation): void => void violations.push(violation);
  let unanswered = 0;
  let app: RunningApp = await startApp(file);
  const users = Array.from(
    { length: USERS },
    (_, number) =>
      new User({
        id: `user-${number}`,
        random: random(seed * 1_000 + number),
        send: (sent) => app.send(sent),
        acknowledged: (what) => void acknowledged.set(what, (acknowledged.get(what) ?? 0) + 1),
      }),
  );
  const choice = random(seed);
  try {
    await Promise.all(users.map((user) => user.enrol()));
    for (let kill = 0; kill < kills; kill += 1) {
      let isOver = false;
      const load = Promise.all(users.map((user) => actUntil(() => isOver, user, report)));
      await delay(choice.below(MAX_LOAD_MS)); // the moment of the kill
      await (victim === 'process' ? app.kill() : app.ask('end the writer'));
      isOver = true;
      await load;
      unanswered += users.filter(({ inFlight }) => inFlight !== null).length;
      if (victim === 'process') app = await startApp(file);
      await app.ask({ ahead: (kill + 1) * PAUSE_MS });
      const options = { app, rows: readRows(file, report), report };
      await Promise.all(users.map((user) => checkUser(user, options)));
    }
    await Promise.all(users.map((user) => checkEnded(user, app, report)));
  } finally {
    await app.kill();
    rmSync(folder, { recursive: true });
  }
  return { kills, acknowledged, unanswered, violations };
}

async function actUntil(isOver: () => boolean, user: User, report: (violation: Violation) => void): Promise<void> {
  while (!isOver()) {
    try {
      await user.act();
    } catch (error) {
      if (error instanceof Unanswered) return;
      if (!(error instanceof Violation)) throw error;
      report(error);
      user.inFlight = null;
    }
  }
}
