import { changed } from '../stores/contract/session-state.js';
import type { SessionRow, SessionStore } from '../stores/contract/sessions.js';
import { assert } from './assert.js';
import type { Bench, CaseGroup } from './case.js';
import { change, changesOf, DROP_PROOFS, pick, renew, replaceCredentials, rotate, stepUp } from './session-changes.js';
import { given, insert, liveIds, rotatedRow, sessionRow } from './session-rows.js';
import { STATES } from './session-states.js';
import { hashOf, NOW } from './setting.js';

const bystander = rotatedRow({ id: 'bystander' });

const CHANGES = Object.keys(changesOf(bystander));

/** That the store has this row, by its tokens too, and none by the tokens that it had before. */
async function assertFound(sessions: SessionStore, before: SessionRow, row: SessionRow): Promise<void> {
  assert.deepEqual(await sessions.get(row.id), row);
  const tokens = [row.tokenHash, row.previousTokenHash].filter((token) => token !== null);
  for (const token of tokens) assert.deepEqual(await sessions.find(token), row);
  for (const token of [before.tokenHash, before.previousTokenHash]) {
    if (token !== null && !tokens.includes(token)) assert.equal(await sessions.find(token), null);
  }
}

function tableCase(name: string): (bench: Bench) => Promise<void> {
  return async ({ sessions }) => {
    await given(sessions, bystander, ...STATES.values());
    for (const [state, row] of STATES) {
      const asked = pick(changesOf(row), name);
      const expected = changed(row, asked, NOW);
      assert.deepEqual({ state, row: await change(sessions, row.id, asked) }, { state, row: expected });
      await assertFound(sessions, row, expected ?? row);
    }
    await assertFound(sessions, bystander, bystander);
  };
}

export const sessionsChange: CaseGroup = {
  group: 'sessions.change',
  part: 'sessions',
  cases: {
    ...Object.fromEntries(
      CHANGES.map((name) => [`makes of each state what \`changed\` makes of it: ${name}`, tableCase(name)]),
    ),

    'goes on from what the change before it made': async ({ sessions }) => {
      const names = [
        'a rotation by the refresh token',
        'a renewal',
        'a step-up by the session token',
        'dropped proofs',
      ];
      for (const [n, [first, second]] of names.flatMap((a) => names.map((b) => [a, b] as const)).entries()) {
        const row = rotatedRow({ id: `row-${n}` });
        await given(sessions, row);
        const once = await sessions.change(row.id, pick(changesOf(row), first), NOW);
        assert.ok(once);
        const next = pick(changesOf(once, 'newer'), second);
        const twice = changed(once, next, NOW + 1);
        assert.deepEqual(await sessions.change(row.id, next, NOW + 1), twice);
        await assertFound(sessions, once, twice ?? once);
      }
    },

    'gives null for a session that there is not, and creates none': async ({ sessions }) => {
      const row = rotatedRow({ id: 'a' });
      for (const asked of Object.values(changesOf(row))) assert.equal(await change(sessions, 'a', asked), null);
      await given(sessions, row);
      await sessions.revoke('a', null);
      for (const asked of Object.values(changesOf(row))) assert.equal(await change(sessions, 'a', asked), null);
      assert.deepEqual(await liveIds(sessions), []);
      for (const token of [row.tokenHash, hashOf('a new token')]) assert.equal(await sessions.find(token), null);
    },

    'takes no pattern for an id, and no token of another session': async ({ sessions }) => {
      const rows = [rotatedRow({ id: 'a' }), rotatedRow({ id: 'b' })];
      await given(sessions, ...rows);
      for (const id of ['', 'A', 'a ', '%', '_', '*', 'user'])
        assert.equal(await change(sessions, id, DROP_PROOFS), null);
      for (const asked of [rotate('a'), renew('a'), stepUp('a'), replaceCredentials('a')]) {
        assert.equal(await change(sessions, 'b', asked), null);
      }
      for (const row of rows) assert.deepEqual(await sessions.get(row.id), row);
    },

    'lets an insert replace the session by its last session token': async ({ sessions }) => {
      await given(sessions, rotatedRow({ id: 'a' }));
      await change(sessions, 'a', rotate('a'));
      const outcome = await insert(sessions, sessionRow({ id: 'b' }), { replaces: hashOf('a token') });
      assert.deepEqual(outcome, { outcome: 'inserted', replaced: { id: 'a', userId: 'user' }, evicted: [] });
      assert.equal(await sessions.find(hashOf('a rotated token')), null);
    },

    'takes what was asked though the caller changes it afterwards': async ({ sessions }) => {
      const row = rotatedRow({ id: 'a' });
      await given(sessions, row);
      const asked = { ...stepUp('a') };
      const expected = changed(row, { ...asked }, NOW);
      const done = change(sessions, 'a', asked);
      asked.method = 'other';
      asked.tokenHash = hashOf('other');
      asked.presented = hashOf('other');
      await done;
      assert.deepEqual(await sessions.get('a'), expected);
    },

    'keeps what it has though a caller changes an answer': async ({ sessions }) => {
      await given(sessions, rotatedRow({ id: 'a' }));
      const answer = await change(sessions, 'a', stepUp('a'));
      const kept: unknown = JSON.parse(JSON.stringify(answer));
      // An answer may be frozen: then these writes have no effect, and no error either.
      Reflect.set(answer ?? {}, 'generation', 99);
      Reflect.set(answer?.passedMethods ?? [], 0, 'other');
      Reflect.set(answer?.stepUpProofs ?? {}, 'passkey', 0);
      assert.deepEqual(await sessions.get('a'), kept);
    },
  },
};
