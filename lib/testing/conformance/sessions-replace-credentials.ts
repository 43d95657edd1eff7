import assert from 'node:assert/strict';
import type { ReplaceCredentials } from '../../stores/contract/sessions.js';
import type { CaseGroup } from './case.js';
import { given, present, rotatedRow, sessionRow, sortedIds } from './session-rows.js';
import { HOUR, hashOf, NOW } from './setting.js';

const row = rotatedRow({ id: 'a' });

const REPLACE: ReplaceCredentials = {
  id: 'a',
  userId: 'user',
  presented: hashOf('a token'),
  tokenHash: hashOf('new token'),
  refreshHash: hashOf('new refresh'),
  now: NOW,
};

const replaced = {
  ...row,
  tokenHash: hashOf('new token'),
  previousTokenHash: null,
  tokenNonce: null,
  tokenMethod: null,
  tokenConfirmedAt: NOW,
  refreshHash: hashOf('new refresh'),
  parentRefreshHash: null,
  refreshNonce: null,
  refreshedAt: NOW,
  refreshConfirmedAt: NOW,
  signInProofs: {},
  stepUpProofs: {},
};

const rotate = {
  id: 'a',
  successor: hashOf('successor'),
  nonce: 'nonce',
  tokenHash: hashOf('rotated token'),
  idleExpiresAt: NOW + 2 * HOUR,
  now: NOW,
};

export const sessionsReplaceCredentials: CaseGroup = {
  group: 'sessions.replaceCredentials',
  part: 'sessions',
  cases: {
    'gives the session new tokens and no proof, and keeps the rest': async ({ sessions }) => {
      await given(sessions, row);
      assert.deepEqual(await sessions.replaceCredentials(REPLACE), { outcome: 'replaced', ended: [] });
      assert.deepEqual(await sessions.get('a'), replaced);
      assert.deepEqual(await sessions.find(hashOf('new token')), replaced);
    },

    'leaves no refresh token where no new one is given': async ({ sessions }) => {
      await given(sessions, row);
      assert.equal((await sessions.replaceCredentials({ ...REPLACE, refreshHash: null })).outcome, 'replaced');
      const expected = { ...replaced, refreshHash: null, refreshedAt: null, refreshConfirmedAt: null };
      assert.deepEqual(await sessions.get('a'), expected);
    },

    'ends the old tokens at once': async ({ sessions }) => {
      await given(sessions, row);
      await sessions.replaceCredentials(REPLACE);
      assert.equal(await sessions.find(hashOf('a token')), null);
      assert.equal(await sessions.find(hashOf('a previous token')), null);
      assert.equal(await sessions.rotateRefresh({ ...rotate, presented: hashOf('a refresh') }), false);
      assert.equal(await sessions.rotateRefresh({ ...rotate, presented: hashOf('new refresh') }), true);
    },

    "ends the user's other sessions, live and over, and says so of each": async ({ sessions }) => {
      await given(
        sessions,
        row,
        rotatedRow({ id: 'b' }),
        sessionRow({ id: 'over', expiresAt: NOW }),
        sessionRow({ id: 'theirs', userId: 'user2' }),
      );
      const outcome = await sessions.replaceCredentials(REPLACE);
      assert.deepEqual(outcome.outcome === 'replaced' && sortedIds(outcome.ended), ['b', 'over']);
      assert.deepEqual(outcome.outcome === 'replaced' && outcome.ended.map(({ userId }) => userId), ['user', 'user']);
      assert.deepEqual(await present(sessions, 'a', 'b', 'over', 'theirs'), ['a', 'theirs']);
      assert.equal(await sessions.find(hashOf('b token')), null);
    },

    'is lost by any token but the current one, by another user, and for another id': async ({ sessions }) => {
      const others = [rotatedRow({ id: 'b' }), sessionRow({ id: 'theirs', userId: 'user2' })];
      await given(sessions, row, ...others);
      const wrong: readonly Partial<ReplaceCredentials>[] = [
        ...['a previous token', 'a refresh', 'b token', 'new token', 'unknown'].map((name) => ({
          presented: hashOf(name),
        })),
        { userId: 'user2' },
        { userId: 'User' },
        { id: 'b' },
        { id: 'theirs' },
        { id: 'gone' },
      ];
      for (const fields of wrong) {
        const outcome = await sessions.replaceCredentials({ ...REPLACE, ...fields });
        assert.deepEqual(outcome, { outcome: 'lost' }, JSON.stringify(fields));
      }
      for (const kept of [row, ...others]) assert.deepEqual(await sessions.get(kept.id), kept);
      assert.equal(await sessions.find(hashOf('new token')), null);
    },

    'is lost for a repeat': async ({ sessions }) => {
      await given(sessions, row);
      await sessions.replaceCredentials(REPLACE);
      const repeat = { ...REPLACE, tokenHash: hashOf('newer token'), now: NOW + 1 };
      assert.deepEqual(await sessions.replaceCredentials(repeat), { outcome: 'lost' });
      assert.deepEqual(await sessions.get('a'), replaced);
    },

    'is lost at either end of the session, and takes it 1 ms before': async ({ sessions }) => {
      const ends = [{ idleExpiresAt: NOW }, { expiresAt: NOW }];
      for (const [n, end] of ends.entries()) {
        const ending = rotatedRow({ id: `row-${n}`, userId: `user${n}`, ...end });
        const other = sessionRow({ id: `other-${n}`, userId: `user${n}` });
        const replace = {
          ...REPLACE,
          id: ending.id,
          userId: ending.userId,
          presented: ending.tokenHash,
          tokenHash: hashOf(`row-${n} new token`),
          refreshHash: hashOf(`row-${n} new refresh`),
        };
        await given(sessions, ending, other);
        assert.deepEqual(await sessions.replaceCredentials(replace), { outcome: 'lost' });
        assert.deepEqual(await sessions.get(ending.id), ending);
        assert.deepEqual(await sessions.get(other.id), other);
        assert.equal((await sessions.replaceCredentials({ ...replace, now: NOW - 1 })).outcome, 'replaced');
      }
    },
  },
};
