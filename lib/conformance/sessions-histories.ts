import { firstTokens } from '../stores/contract/session-state.js';
import type { SessionRow, SessionStore } from '../stores/contract/sessions.js';
import { assert } from './assert.js';
import type { Bench, CaseGroup } from './case.js';
import { random } from './random.js';
import { CORRECT_TIMES, changesOf, DROP_PROOFS, dropMethod, pick, replaceCredentials } from './session-changes.js';
import { SessionModel, type Step } from './session-model.js';
import { insert, sessionRow, sortedIds } from './session-rows.js';
import { HOUR, hashOf, MINUTE, NOW } from './setting.js';

const STEPS = 200;
const SEEDS = [1, 2, 3, 4, 5];
const USERS = ['user', 'user2'];
const DELIVERIES = ['cookie', 'bearer', 'token-cookies'] as const;
const FOR_ALL = [DROP_PROOFS, CORRECT_TIMES, dropMethod('totp'), dropMethod('passkey'), dropMethod('password')];

/** Those that mostly can be made. */
const LIKELY = [
  'a rotation by the refresh token',
  'a rotation by the refresh token',
  'a renewal',
  'a step-up by the session token',
  'a step-up by the previous token',
  'an approval by the session token',
];

/** Random steps on a few sessions, each made of what the sessions are then, or were before. */
class History {
  readonly #below: (end: number) => number;
  readonly #known: SessionRow[] = [];
  #count = 0;
  #now = NOW;

  constructor(seed: number) {
    this.#below = random(seed);
  }

  /** The next time: mostly a little later, at times just back, and now and then by a clock that is an hour ahead. */
  now(): number {
    this.#now += [0, 1, 4_000, 6_000, 30_000, MINUTE, 3 * MINUTE, -2_000][this.#below(8)] ?? 0;
    return this.#below(12) === 0 ? this.#now + HOUR : this.#now;
  }

  step(rows: readonly SessionRow[], now: number): Step {
    this.#count += 1;
    this.#known.push(...rows);
    const row = this.#pick(this.#below(5) === 0 ? this.#known : rows);
    const chosen = this.#below(20);
    if (row === undefined || chosen === 0 || rows.length < 2) return { type: 'insert', row: this.#signIn(now) };
    const { id, userId } = row;
    if (chosen === 1) return { type: 'revoke', id };
    if (chosen === 2 && rows.length > 4) return { type: 'revoke-all', userId, except: id };
    if (chosen === 3) return this.#replacement(row);
    if (chosen < 6) return { type: 'change-all', userId, change: this.#pick(FOR_ALL) ?? DROP_PROOFS };
    if (chosen < 10) return this.#touch(row, now);
    const changes = changesOf(row, `of step ${this.#count}`);
    const name = this.#pick(chosen < 16 ? LIKELY : Object.keys(changes)) ?? '';
    return { type: 'change', id, change: pick(changes, name) };
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[this.#below(from.length)];
  }

  #signIn(now: number): SessionRow {
    const id = `session-${this.#count}`;
    const hasRefresh = this.#below(4) > 0;
    return sessionRow({
      id,
      userId: this.#pick(USERS) ?? 'user',
      delivery: this.#pick(DELIVERIES) ?? 'cookie',
      createdAt: now,
      authenticatedAt: now,
      lastSeenAt: now,
      idleExpiresAt: now + 40 * MINUTE,
      expiresAt: now + 3 * HOUR,
      ...firstTokens(hasRefresh ? hashOf(`${id} refresh`) : null, now),
      signInProofs: { password: now },
    });
  }

  #touch({ id, tokenHash, previousTokenHash }: SessionRow, now: number): Step {
    const seenAt = now - this.#below(3_000);
    const confirms = this.#pick([null, tokenHash, tokenHash, tokenHash, previousTokenHash]) ?? null;
    return { type: 'touch', touch: { id, seenAt, idleExpiresAt: seenAt + 40 * MINUTE, confirms } };
  }

  #replacement({ id, userId, tokenHash }: SessionRow): Step {
    const change = { ...replaceCredentials(id, `of step ${this.#count}`), userId, presented: tokenHash };
    return { type: 'replace', id, change: this.#below(4) === 0 ? { ...change, refreshHash: null } : change };
  }
}

/** Does a step, and gives what `SessionModel.do` gives. */
async function act(sessions: SessionStore, step: Step, now: number): Promise<unknown> {
  switch (step.type) {
    case 'insert':
      return (await insert(sessions, step.row, { now })).outcome === 'inserted';
    case 'touch':
      await sessions.touch([step.touch], now);
      return null;
    case 'change':
      return await sessions.change(step.id, step.change, now);
    case 'change-all':
      await sessions.changeAllOfUser(step.userId, step.change, now);
      return null;
    case 'replace': {
      const outcome = await sessions.replaceCredentials(step.id, step.change, now);
      return outcome.outcome === 'lost' ? null : [outcome.row, sortedIds(outcome.ended)];
    }
    case 'revoke':
      return (await sessions.revoke(step.id, null)) !== null;
    case 'revoke-all':
      return sortedIds(await sessions.revokeAllForUser(step.userId, step.except, now));
  }
}

function historyCase(seed: number): (bench: Bench) => Promise<void> {
  return async ({ sessions }) => {
    const history = new History(seed);
    const model = new SessionModel();
    const ids = new Set<string>();
    for (let n = 1; n <= STEPS; n++) {
      const now = history.now();
      const step = history.step([...model.rows.values()], now);
      if (step.type === 'insert') ids.add(step.row.id);
      const outcome = model.do(step, now);
      assert.deepEqual({ n, now, step, outcome: await act(sessions, step, now) }, { n, now, step, outcome });
      for (const id of ids) {
        const row = model.rows.get(id) ?? null;
        assert.deepEqual({ n, now, step, row: await sessions.get(id) }, { n, now, step, row });
        for (const token of [row?.tokenHash, row?.previousTokenHash]) {
          if (token) assert.deepEqual(await sessions.find(token), row);
        }
      }
    }
  };
}

export const sessionsHistories: CaseGroup = {
  group: 'sessions: random histories',
  part: 'sessions',
  cases: Object.fromEntries(
    SEEDS.map((seed) => [
      `leave after each of ${STEPS} steps the rows that \`changed\` makes (seed ${seed})`,
      historyCase(seed),
    ]),
  ),
};
