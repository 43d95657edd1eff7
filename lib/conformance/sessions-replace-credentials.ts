import { changed } from '../stores/contract/session-state.js';
import type { ReplaceOutcome, SessionStore } from '../stores/contract/sessions.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { change, replaceCredentials, rotate } from './session-changes.js';
import { given, present, rotatedRow, sessionRow, sortedIds } from './session-rows.js';
import { STATES } from './session-states.js';
import { hashOf, NOW } from './setting.js';

const row = rotatedRow({ id: 'a' });

const REPLACE = replaceCredentials('a');
const LOST = { outcome: 'lost' };

const replaced = {
  ...row,
  tokenHash: hashOf('a replaced token'),
  previousTokenHash: null,
  tokenNonce: null,
  tokenMethod: null,
  tokenIssuedAt: NOW,
  tokenConfirmedAt: NOW,
  refreshHash: hashOf('a replaced refresh'),
  parentRefreshHash: null,
  refreshNonce: null,
  refreshedAt: NOW,
  refreshConfirmedAt: NOW,
  generation: 1_000_000,
  passedMethods: [],
  signInProofs: {},
  stepUpProofs: {},
};

async function replace(
  sessions: SessionStore,
  fields: Partial<typeof REPLACE> = {},
  id = 'a',
  now: number = NOW,
): Promise<ReplaceOutcome> {
  return await sessions.replaceCredentials(id, { ...REPLACE, ...fields }, now);
}

export const sessionsReplaceCredentials: CaseGroup = {
  group: 'sessions.replaceCredentials',
  part: 'sessions',
  cases: {
    'gives the session new tokens and no proof, and keeps the rest': async ({ sessions }) => {
      await given(sessions, row);
      assert.deepEqual(await replace(sessions), { outcome: 'replaced', row: replaced, ended: [] });
      assert.deepEqual(await sessions.get('a'), replaced);
      assert.deepEqual(await sessions.find(hashOf('a replaced token')), replaced);
    },

    'leaves no refresh token where no new one is given': async ({ sessions }) => {
      await given(sessions, row);
      assert.equal((await replace(sessions, { refreshHash: null })).outcome, 'replaced');
      const expected = { ...replaced, refreshHash: null, refreshedAt: null, refreshConfirmedAt: null };
      assert.deepEqual(await sessions.get('a'), expected);
    },

    'makes of each state what `changed` makes of it': async ({ sessions }) => {
      for (const [state, { tokenHash, ...rest }] of STATES) {
        const stored = { ...rest, tokenHash, userId: `user of ${state}` };
        await given(sessions, stored);
        const asked = { ...replaceCredentials(stored.id), userId: stored.userId, presented: tokenHash };
        const next = changed(stored, asked, NOW);
        const expected = next === null ? LOST : { outcome: 'replaced', row: next, ended: [] };
        const outcome = await sessions.replaceCredentials(stored.id, asked, NOW);
        assert.deepEqual({ state, outcome }, { state, outcome: expected });
        assert.deepEqual(await sessions.get(stored.id), next ?? stored);
      }
    },

    'ends the old tokens at once': async ({ sessions }) => {
      await given(sessions, row);
      await replace(sessions);
      assert.equal(await sessions.find(hashOf('a token')), null);
      assert.equal(await sessions.find(hashOf('a previous token')), null);
      assert.equal(await change(sessions, 'a', rotate('a')), null);
      assert.ok(await change(sessions, 'a', { ...rotate('a'), presented: hashOf('a replaced refresh') }));
    },

    "ends the user's other sessions, live and over, and says so of each": async ({ sessions }) => {
      await given(
        sessions,
        row,
        rotatedRow({ id: 'b' }),
        sessionRow({ id: 'over', expiresAt: NOW }),
        sessionRow({ id: 'theirs', userId: 'user2' }),
      );
      const outcome = await replace(sessions);
      assert.deepEqual(outcome.outcome === 'replaced' && sortedIds(outcome.ended), ['b', 'over']);
      assert.deepEqual(outcome.outcome === 'replaced' && outcome.ended.map(({ userId }) => userId), ['user', 'user']);
      assert.deepEqual(await present(sessions, 'a', 'b', 'over', 'theirs'), ['a', 'theirs']);
      assert.equal(await sessions.find(hashOf('b token')), null);
    },

    'is lost by any token but the current one, by another user, and for another id': async ({ sessions }) => {
      const others = [rotatedRow({ id: 'b' }), sessionRow({ id: 'theirs', userId: 'user2' })];
      await given(sessions, row, ...others);
      for (const name of ['a previous token', 'a refresh', 'b token', 'a replaced token', 'unknown']) {
        assert.deepEqual(await replace(sessions, { presented: hashOf(name) }), LOST, name);
      }
      for (const userId of ['user2', 'User', '']) assert.deepEqual(await replace(sessions, { userId }), LOST, userId);
      for (const id of ['b', 'theirs', 'gone']) assert.deepEqual(await replace(sessions, {}, id), LOST, id);
      for (const kept of [row, ...others]) assert.deepEqual(await sessions.get(kept.id), kept);
      assert.equal(await sessions.find(hashOf('a replaced token')), null);
    },

    'is lost for a repeat': async ({ sessions }) => {
      await given(sessions, row);
      await replace(sessions);
      assert.deepEqual(await replace(sessions, { tokenHash: hashOf('newer token') }, 'a', NOW + 1), LOST);
      assert.deepEqual(await sessions.get('a'), replaced);
    },

    'is lost at either end of the session, and takes it 1 ms before': async ({ sessions }) => {
      const ends = [{ idleExpiresAt: NOW }, { expiresAt: NOW }];
      for (const [n, end] of ends.entries()) {
        const userId = `user${n}`;
        const ending = rotatedRow({ id: `row-${n}`, userId, ...end });
        const other = sessionRow({ id: `other-${n}`, userId });
        const asked = { ...replaceCredentials(ending.id), userId };
        await given(sessions, ending, other);
        assert.deepEqual(await sessions.replaceCredentials(ending.id, asked, NOW), LOST);
        assert.deepEqual(await sessions.get(ending.id), ending);
        assert.deepEqual(await sessions.get(other.id), other);
        assert.equal((await sessions.replaceCredentials(ending.id, asked, NOW - 1)).outcome, 'replaced');
      }
    },
  },
};
