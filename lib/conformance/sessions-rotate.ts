import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { change, renew, rotate } from './session-changes.js';
import { given, rotatedRow, sessionRow } from './session-rows.js';
import { HOUR, hashOf, MINUTE, NOW } from './setting.js';

const row = rotatedRow({ id: 'a' });

const rotated = {
  ...row,
  tokenHash: hashOf('a rotated token'),
  previousTokenHash: hashOf('a token'),
  tokenNonce: null,
  tokenMethod: null,
  tokenIssuedAt: NOW,
  tokenConfirmedAt: null,
  refreshHash: hashOf('a rotated refresh'),
  parentRefreshHash: hashOf('a refresh'),
  refreshNonce: 'a rotated nonce',
  refreshedAt: NOW,
  refreshConfirmedAt: null,
  generation: 4,
  stepUpProofs: {},
};

export const sessionsRotate: CaseGroup = {
  group: 'sessions.change: rotations',
  part: 'sessions',
  cases: {
    'make the successor and its session token current, and keep everything of the sign-in': async ({ sessions }) => {
      await given(sessions, row);
      assert.deepEqual(await change(sessions, 'a', rotate('a')), rotated);
      assert.deepEqual(await sessions.get('a'), rotated);
    },

    'rotate the first refresh token of a session': async ({ sessions }) => {
      const first = sessionRow({
        id: 'a',
        delivery: 'bearer',
        refreshHash: hashOf('a refresh'),
        refreshedAt: NOW - MINUTE,
      });
      await given(sessions, first);
      const { tokenHash, previousTokenHash, tokenNonce, tokenMethod, tokenIssuedAt, tokenConfirmedAt } = rotated;
      const sessionToken = { tokenHash, previousTokenHash, tokenNonce, tokenMethod, tokenIssuedAt, tokenConfirmedAt };
      const { refreshHash, parentRefreshHash, refreshNonce, refreshedAt, refreshConfirmedAt } = rotated;
      const refreshToken = { refreshHash, parentRefreshHash, refreshNonce, refreshedAt, refreshConfirmedAt };
      const expected = { ...first, ...sessionToken, ...refreshToken, generation: 1 };
      assert.deepEqual(await change(sessions, 'a', rotate('a')), expected);
    },

    'renew a session token of a step-up, and leave the refresh token as it is': async ({ sessions }) => {
      await given(sessions, row);
      const { refreshHash, parentRefreshHash, refreshNonce, refreshedAt, refreshConfirmedAt } = row;
      assert.deepEqual(await change(sessions, 'a', { ...renew('a', 'rotated'), nonce: 'renewed nonce' }), {
        ...rotated,
        tokenNonce: 'renewed nonce',
        refreshHash,
        parentRefreshHash,
        refreshNonce,
        refreshedAt,
        refreshConfirmedAt,
      });
    },

    'renew no session token that came with a refresh': async ({ sessions }) => {
      const came = { ...row, tokenMethod: null };
      await given(sessions, came);
      assert.equal(await change(sessions, 'a', renew('a')), null);
      assert.deepEqual(await sessions.get('a'), came);
    },

    'renew nothing for another refresh token, or in place of another session token': async ({ sessions }) => {
      await given(sessions, row);
      for (const other of [{ refreshHash: hashOf('a parent refresh') }, { replaces: hashOf('a previous token') }]) {
        assert.equal(await change(sessions, 'a', { ...renew('a'), ...other }), null);
      }
      assert.deepEqual(await sessions.get('a'), row);
    },

    'give null for a repeat, and leave the first rotation as it is': async ({ sessions }) => {
      await given(sessions, row);
      await change(sessions, 'a', rotate('a'));
      assert.equal(await sessions.change('a', rotate('a', 'other'), NOW + 1), null);
      assert.deepEqual(await sessions.get('a'), rotated);
      assert.equal(await sessions.find(hashOf('a other token')), null);
    },

    'give null in cookies until the refresh token has settled, and rotate it then': async ({ sessions }) => {
      const cookies = { ...row, delivery: 'token-cookies' as const, refreshedAt: NOW - 45_000 + 1 };
      await given(sessions, cookies);
      assert.equal(await change(sessions, 'a', rotate('a')), null);
      assert.deepEqual(await sessions.get('a'), cookies);
      assert.equal((await sessions.change('a', rotate('a'), NOW + 1))?.generation, 4);
    },

    'give null at either end of the session, and are made 1 ms before': async ({ sessions }) => {
      for (const [n, end] of [{ idleExpiresAt: NOW }, { expiresAt: NOW }].entries()) {
        const ending = rotatedRow({ id: `row-${n}`, ...end });
        await given(sessions, ending);
        assert.equal(await change(sessions, ending.id, rotate(ending.id)), null);
        assert.deepEqual(await sessions.get(ending.id), ending);
        assert.equal((await sessions.change(ending.id, rotate(ending.id), NOW - 1))?.generation, 4);
      }
    },

    'make the tokens unconfirmed until a touch by the new session token': async ({ sessions }) => {
      await given(sessions, row);
      await change(sessions, 'a', rotate('a'));
      const touch = { id: 'a', seenAt: NOW + 5, idleExpiresAt: NOW + 2 * HOUR };
      await sessions.touch([{ ...touch, confirms: hashOf('a token') }], NOW + 5);
      assert.equal((await sessions.get('a'))?.refreshConfirmedAt, null);
      await sessions.touch([{ ...touch, confirms: rotated.tokenHash }], NOW + 5);
      const seen = { lastSeenAt: NOW + 5, idleExpiresAt: NOW + 2 * HOUR };
      const confirmed = { tokenConfirmedAt: NOW + 5, refreshConfirmedAt: NOW + 5 };
      assert.deepEqual(await sessions.get('a'), { ...rotated, ...seen, ...confirmed });
    },

    'keep everything of the sign-in through 20 rotations': async ({ sessions }) => {
      await given(sessions, row);
      for (let n = 1; n <= 20; n++) {
        const presented = n === 1 ? hashOf('a refresh') : hashOf(`a ${n - 1} refresh`);
        assert.ok(await sessions.change('a', { ...rotate('a', `${n}`), presented }, NOW + n));
      }
      assert.deepEqual(await sessions.get('a'), {
        ...rotated,
        tokenHash: hashOf('a 20 token'),
        previousTokenHash: hashOf('a 19 token'),
        tokenIssuedAt: NOW + 20,
        refreshHash: hashOf('a 20 refresh'),
        parentRefreshHash: hashOf('a 19 refresh'),
        refreshNonce: 'a 20 nonce',
        refreshedAt: NOW + 20,
        generation: 23,
      });
      assert.equal(await sessions.find(hashOf('a 18 token')), null);
    },
  },
};
