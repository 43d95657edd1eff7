import assert from 'node:assert/strict';
import type { RotateRefresh } from '../../stores/contract/sessions.js';
import type { CaseGroup } from './case.js';
import { given, insert, rotatedRow, sessionRow } from './session-rows.js';
import { HOUR, hashOf, MINUTE, NOW } from './setting.js';

const row = rotatedRow({ id: 'a' });

const ROTATE: RotateRefresh = {
  id: 'a',
  presented: hashOf('a refresh'),
  successor: hashOf('successor'),
  nonce: 'new nonce',
  tokenHash: hashOf('new token'),
  idleExpiresAt: NOW + 2 * HOUR,
  now: NOW,
};

const rotated = {
  ...row,
  tokenHash: hashOf('new token'),
  previousTokenHash: hashOf('a token'),
  tokenNonce: null,
  tokenMethod: null,
  tokenConfirmedAt: null,
  refreshHash: hashOf('successor'),
  parentRefreshHash: hashOf('a refresh'),
  refreshNonce: 'new nonce',
  refreshedAt: NOW,
  refreshConfirmedAt: null,
  lastSeenAt: NOW,
  idleExpiresAt: NOW + 2 * HOUR,
  stepUpProofs: {},
};

export const sessionsRotate: CaseGroup = {
  group: 'sessions.rotateRefresh',
  part: 'sessions',
  cases: {
    'makes the successor and its session token current, and keeps everything of the sign-in': async ({ sessions }) => {
      await given(sessions, row);
      assert.equal(await sessions.rotateRefresh(ROTATE), true);
      assert.deepEqual(await sessions.get('a'), rotated);
    },

    'rotates the first refresh token of a session': async ({ sessions }) => {
      const first = sessionRow({ id: 'a', refreshHash: hashOf('a refresh'), refreshedAt: NOW - MINUTE });
      await given(sessions, first);
      assert.equal(await sessions.rotateRefresh(ROTATE), true);
      const { userAgent, ip, label, data, delivery, acr } = first;
      assert.deepEqual(await sessions.get('a'), { ...rotated, userAgent, ip, label, data, delivery, acr });
    },

    'leaves the new and the last session token findable, and none before': async ({ sessions }) => {
      await given(sessions, row);
      await sessions.rotateRefresh(ROTATE);
      assert.deepEqual(await sessions.find(hashOf('new token')), rotated);
      assert.deepEqual(await sessions.find(hashOf('a token')), rotated);
      assert.equal(await sessions.find(hashOf('a previous token')), null);
    },

    'lets an insert replace the session by its last session token': async ({ sessions }) => {
      await given(sessions, row);
      await sessions.rotateRefresh(ROTATE);
      const outcome = await insert(sessions, sessionRow({ id: 'b' }), { replaces: hashOf('a token') });
      assert.deepEqual(outcome, { outcome: 'inserted', replaced: { id: 'a', userId: 'user' }, evicted: [] });
      assert.equal(await sessions.find(hashOf('new token')), null);
    },

    'never moves the last activity back': async ({ sessions }) => {
      const seen = { ...row, lastSeenAt: NOW + 1 };
      await given(sessions, seen);
      await sessions.rotateRefresh(ROTATE);
      assert.deepEqual(await sessions.get('a'), { ...rotated, lastSeenAt: NOW + 1 });
    },

    'never shortens the time to the idle end': async ({ sessions }) => {
      await given(sessions, row);
      await sessions.rotateRefresh({ ...ROTATE, idleExpiresAt: NOW + 1 });
      assert.deepEqual(await sessions.get('a'), { ...rotated, idleExpiresAt: row.idleExpiresAt });
    },

    'never moves the idle end past the absolute end': async ({ sessions }) => {
      await given(sessions, row);
      await sessions.rotateRefresh({ ...ROTATE, idleExpiresAt: NOW + 99 * HOUR });
      assert.deepEqual(await sessions.get('a'), { ...rotated, idleExpiresAt: row.expiresAt });
    },

    'gives false for any token but the current refresh token, and writes nothing': async ({ sessions }) => {
      const other = rotatedRow({ id: 'b' });
      await given(sessions, row, other);
      for (const name of ['a parent refresh', 'a token', 'a previous token', 'b refresh', 'successor', 'unknown']) {
        assert.equal(await sessions.rotateRefresh({ ...ROTATE, presented: hashOf(name) }), false, name);
      }
      assert.equal(await sessions.rotateRefresh({ ...ROTATE, id: 'b' }), false);
      assert.deepEqual(await sessions.get('a'), row);
      assert.deepEqual(await sessions.get('b'), other);
    },

    'gives false for a repeat, and leaves the first rotation as it is': async ({ sessions }) => {
      await given(sessions, row);
      await sessions.rotateRefresh(ROTATE);
      const repeat = { ...ROTATE, successor: hashOf('other'), tokenHash: hashOf('other token'), now: NOW + 1 };
      assert.equal(await sessions.rotateRefresh(repeat), false);
      assert.deepEqual(await sessions.get('a'), rotated);
      assert.equal(await sessions.find(hashOf('other token')), null);
    },

    'gives false for a session without a refresh token': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      assert.equal(await sessions.rotateRefresh(ROTATE), false);
      assert.deepEqual(await sessions.get('a'), sessionRow({ id: 'a' }));
    },

    'gives false for a session that is gone, and creates none': async ({ sessions }) => {
      assert.equal(await sessions.rotateRefresh(ROTATE), false);
      await given(sessions, row);
      await sessions.revoke('a', null);
      assert.equal(await sessions.rotateRefresh(ROTATE), false);
      assert.equal(await sessions.get('a'), null);
      assert.equal(await sessions.find(ROTATE.tokenHash), null);
    },

    'gives false at either end of the session, and true 1 ms before': async ({ sessions }) => {
      const ends = [{ idleExpiresAt: NOW }, { expiresAt: NOW }, { idleExpiresAt: NOW, expiresAt: NOW }];
      for (const [n, end] of ends.entries()) {
        const ending = rotatedRow({ id: `row-${n}`, ...end });
        const rotate = {
          ...ROTATE,
          id: ending.id,
          presented: hashOf(`row-${n} refresh`),
          tokenHash: hashOf(`row-${n} new token`),
          successor: hashOf(`row-${n} successor`),
        };
        await given(sessions, ending);
        assert.equal(await sessions.rotateRefresh(rotate), false);
        assert.deepEqual(await sessions.get(ending.id), ending);
        assert.equal(await sessions.rotateRefresh({ ...rotate, now: NOW - 1 }), true);
      }
    },

    'makes the tokens unconfirmed until a touch by the new session token': async ({ sessions }) => {
      await given(sessions, row);
      await sessions.rotateRefresh(ROTATE);
      const touch = { id: 'a', seenAt: NOW + 5, idleExpiresAt: NOW + 2 * HOUR };
      await sessions.touch([{ ...touch, confirms: hashOf('a token') }], NOW + 5);
      assert.equal((await sessions.get('a'))?.refreshConfirmedAt, null);
      await sessions.touch([{ ...touch, confirms: ROTATE.tokenHash }], NOW + 5);
      const confirmed = { lastSeenAt: NOW + 5, tokenConfirmedAt: NOW + 5, refreshConfirmedAt: NOW + 5 };
      assert.deepEqual(await sessions.get('a'), { ...rotated, ...confirmed });
    },

    'keeps everything of the sign-in through 20 rotations': async ({ sessions }) => {
      await given(sessions, row);
      for (let n = 1; n <= 20; n++) {
        const rotate = {
          ...ROTATE,
          presented: n === 1 ? hashOf('a refresh') : hashOf(`successor ${n - 1}`),
          successor: hashOf(`successor ${n}`),
          tokenHash: hashOf(`token ${n}`),
          now: NOW + n,
        };
        assert.equal(await sessions.rotateRefresh(rotate), true);
      }
      assert.deepEqual(await sessions.get('a'), {
        ...rotated,
        tokenHash: hashOf('token 20'),
        previousTokenHash: hashOf('token 19'),
        refreshHash: hashOf('successor 20'),
        parentRefreshHash: hashOf('successor 19'),
        refreshedAt: NOW + 20,
        lastSeenAt: NOW + 20,
      });
      assert.equal(await sessions.find(hashOf('token 18')), null);
    },
  },
};
