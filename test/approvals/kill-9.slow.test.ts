import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import Database from 'better-sqlite3';
import type { ApprovalRow } from '../../lib/stores/contract/approvals.js';
import { cleanUp } from '../support/clean-up.js';
import { RIGHT_PIN } from '../support/pin.js';
import { random } from '../support/random.js';

const APPROVALS = 100;
const AT_ONCE = 4;

interface App {
  readonly url: string;
  readonly child: ChildProcess;
}

/** What the parent has sent and been told, which no crash takes. */
interface Known {
  readonly answered: Set<number>;
  /** What an asker sends again after a crash. */
  readonly asked: Map<number, { readonly asker: string; readonly named: Record<string, string> }>;
}

describe('approvals in an app that is killed again and again', () => {
  it('are never spent twice, and none is approved without an answer', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stepgate-kill-'));
    cleanUp(() => rmSync(folder, { recursive: true, force: true }));
    const [file, ledger] = [join(folder, 'app.db'), join(folder, 'ledger')];
    writeFileSync(ledger, '');
    const seed = Date.now() % 1_000_000;
    const choose = random(seed);
    const known: Known = { answered: new Set(), asked: new Map() };
    const open = Array.from({ length: APPROVALS }, (_, n) => n);
    let kills = 0;
    while (open.length > 0) {
      const app = await start(file, ledger);
      let untilKill = 1 + choose.below(24);
      const exited = once(app.child, 'exit');
      const workers = Array.from({ length: AT_ONCE }, async () => {
        for (let n = open.shift(); n !== undefined; n = open.shift()) {
          untilKill -= 1;
          if (untilKill === 0) setTimeout(() => app.child.kill('SIGKILL'), choose.below(50));
          try {
            await pay(app.url, n, known, choose.chance(0.75));
          } catch {
            open.push(n); // killed meanwhile: the next process goes on with it
            return;
          }
        }
      });
      await Promise.all(workers);
      app.child.kill('SIGKILL');
      await exited;
      kills += 1;
    }
    const paid = readFileSync(ledger, 'utf8').trim().split('\n').map(Number);
    assert.equal(new Set(paid).size, paid.length, `seed ${seed}`);
    for (const n of paid) assert.ok(known.answered.has(n), `seed ${seed}: ${n} was paid without an answer`);
    const db = new Database(file, { readonly: true });
    const rows = db.prepare<[], string>('SELECT "row" FROM stepgate_approvals').pluck().all();
    db.close();
    for (const row of rows.map((text) => JSON.parse(text) as ApprovalRow)) {
      const n = Number(row.asker.userId);
      const wasAnswered = known.answered.has(n);
      assert.ok(wasAnswered || row.status === 'pending', `seed ${seed}: ${n} is ${row.status}`);
      if (row.status === 'spent') assert.ok(row.decision !== null);
    }
    assert.ok(kills > 3 && paid.length > APPROVALS / 4, `${kills} kills, ${paid.length} paid`);
  });
});

async function start(file: string, ledger: string): Promise<App> {
  const child = fork(new URL('./children/app.js', import.meta.url), [file, ledger]);
  cleanUp(() => child.kill('SIGKILL'));
  const [port] = await once(child, 'message');
  return { url: `http://127.0.0.1:${String(port)}`, child };
}

/** A user of its own asks by one session and approves by another, or never answers. Rejects when the app is gone. */
async function pay(url: string, n: number, { answered, asked }: Known, answers: boolean): Promise<void> {
  const call = async (path: string, token: string | null, body: object, more: object = {}): Promise<Answer> => {
    const headers = {
      'Content-Type': 'application/json',
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      ...more,
    };
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  };
  const signIn = async (): Promise<string> => {
    const { body } = await call('/login', null, { userId: `${n}`, delivery: 'bearer' });
    return body.body?.access_token ?? '';
  };
  const before = asked.get(n);
  if (before !== undefined) {
    // Its answer was lost, or that of a payment: whatever it was, it is done once.
    await Promise.all([1, 2, 3].map(() => call('/pay', before.asker, { n }, before.named)));
    return;
  }
  if (!answers) {
    await call('/pay', await signIn(), { n });
    return;
  }
  const [asker, phone] = [await signIn(), await signIn()];
  const { approval } = (await call('/pay', asker, { n })).body;
  assert.ok(approval);
  const route = `/auth/approvals/${approval.id}`;
  const { challengeId } = (await call(`${route}/options`, phone, { method: 'pin' })).body;
  const named = { 'Stepgate-Approval': `${approval.id}.${approval.token}` };
  answered.add(n);
  asked.set(n, { asker, named });
  await call(`${route}/approve`, phone, { method: 'pin', challengeId, response: RIGHT_PIN });
  // As a client whose answer was lost does: the same request, several times at once.
  await Promise.all([1, 2, 3].map(() => call('/pay', asker, { n }, named)));
}

interface Answer {
  readonly status: number;
  readonly body: {
    readonly body?: { readonly access_token?: string };
    readonly approval?: { readonly id: string; readonly token: string };
    readonly challengeId?: string;
  };
}
