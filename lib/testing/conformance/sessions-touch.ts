import assert from 'node:assert/strict';
import type { SessionRow, SessionStore, Touch } from '../../stores/contract/sessions.js';
import type { CaseGroup } from './case.js';
import { given, rotatedRow, sessionRow } from './session-rows.js';
import { HOUR, hashOf, MINUTE, NOW } from './setting.js';

const TOUCH: Touch = { id: 'a', seenAt: NOW, idleExpiresAt: NOW + 2 * HOUR, confirms: null };

/** A session with a refresh token whose tokens were never used. */
const unconfirmed = rotatedRow({
  id: 'a',
  tokenNonce: null,
  tokenMethod: null,
  tokenConfirmedAt: null,
  refreshConfirmedAt: null,
});

async function touched(sessions: SessionStore, row: SessionRow, touch: Partial<Touch>): Promise<SessionRow | null> {
  await given(sessions, row);
  await sessions.touch([{ ...TOUCH, ...touch }], NOW);
  return await sessions.get(row.id);
}

export const sessionsTouch: CaseGroup = {
  group: 'sessions.touch',
  part: 'sessions',
  cases: {
    'moves the last activity and the idle end, and nothing else': async ({ sessions }) => {
      const row = rotatedRow({ id: 'a' });
      const expected = { ...row, lastSeenAt: NOW, idleExpiresAt: NOW + 2 * HOUR };
      assert.deepEqual(await touched(sessions, row, {}), expected);
    },

    'never moves the last activity back': async ({ sessions }) => {
      const row = sessionRow({ id: 'a', lastSeenAt: NOW - MINUTE });
      const after = await touched(sessions, row, { seenAt: NOW - 2 * MINUTE });
      assert.deepEqual(after, { ...row, idleExpiresAt: NOW + 2 * HOUR });
    },

    'never shortens the time to the idle end': async ({ sessions }) => {
      const row = sessionRow({ id: 'a', idleExpiresAt: NOW + HOUR });
      const after = await touched(sessions, row, { idleExpiresAt: NOW + HOUR - 1 });
      assert.deepEqual(after, { ...row, lastSeenAt: NOW });
    },

    'never moves the idle end past the absolute end': async ({ sessions }) => {
      const row = sessionRow({ id: 'a', expiresAt: NOW + HOUR + MINUTE });
      const after = await touched(sessions, row, {});
      assert.deepEqual(after, { ...row, lastSeenAt: NOW, idleExpiresAt: NOW + HOUR + MINUTE });
    },

    'gives the same for a repeat': async ({ sessions }) => {
      const once = await touched(sessions, unconfirmed, { confirms: unconfirmed.tokenHash });
      await sessions.touch([{ ...TOUCH, confirms: unconfirmed.tokenHash }], NOW);
      assert.deepEqual(await sessions.get('a'), once);
    },

    'passes over a session at either of its ends, whenever it was seen': async ({ sessions }) => {
      const rows = [
        sessionRow({ id: 'idle', idleExpiresAt: NOW }),
        sessionRow({ id: 'ended', idleExpiresAt: NOW, expiresAt: NOW }),
        sessionRow({ id: 'ended before its idle end', expiresAt: NOW }),
        sessionRow({ id: 'long idle', idleExpiresAt: NOW - HOUR }),
      ];
      await given(sessions, ...rows);
      await sessions.touch(
        rows.map(({ id, tokenHash }) => ({ ...TOUCH, id, seenAt: NOW - MINUTE, confirms: tokenHash })),
        NOW,
      );
      for (const row of rows) assert.deepEqual(await sessions.get(row.id), row);
    },

    'takes a session 1 ms before its end, and a later touch too where the end has slid': async ({ sessions }) => {
      const row = sessionRow({ id: 'a', idleExpiresAt: NOW + 1 });
      assert.equal((await touched(sessions, row, {}))?.idleExpiresAt, NOW + 2 * HOUR);
      await sessions.touch([{ ...TOUCH, seenAt: NOW + HOUR, idleExpiresAt: NOW + 3 * HOUR }], NOW + HOUR);
      assert.equal((await sessions.get('a'))?.idleExpiresAt, NOW + 3 * HOUR);
    },

    'creates no session': async ({ sessions }) => {
      await sessions.touch([{ ...TOUCH, confirms: hashOf('a token') }], NOW);
      assert.equal(await sessions.get('a'), null);
      assert.equal(await sessions.find(hashOf('a token')), null);
      assert.deepEqual(await sessions.list({ limit: 10, after: null, now: NOW }), []);
    },

    'brings no revoked session back': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      await sessions.revoke('a', null);
      await sessions.touch([TOUCH], NOW);
      assert.equal(await sessions.get('a'), null);
    },

    'takes the others of a batch in which some are absent or over': async ({ sessions }) => {
      await given(
        sessions,
        sessionRow({ id: 'a' }),
        sessionRow({ id: 'over', expiresAt: NOW }),
        sessionRow({ id: 'b' }),
      );
      await sessions.touch(
        ['gone', 'a', 'over', 'b', 'gone too'].map((id) => ({ ...TOUCH, id })),
        NOW,
      );
      assert.deepEqual((await sessions.get('a'))?.lastSeenAt, NOW);
      assert.deepEqual((await sessions.get('b'))?.lastSeenAt, NOW);
      assert.deepEqual(await sessions.get('over'), sessionRow({ id: 'over', expiresAt: NOW }));
      assert.equal(await sessions.get('gone'), null);
    },

    'takes an empty batch': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      await sessions.touch([], NOW);
      assert.deepEqual(await sessions.get('a'), sessionRow({ id: 'a' }));
    },

    'takes a batch of many sessions, each by its own times': async ({ sessions }) => {
      const rows = Array.from({ length: 300 }, (_, n) => sessionRow({ id: `row-${n}`, userId: `user${n % 7}` }));
      await given(sessions, ...rows);
      await sessions.touch(
        rows.map(({ id }, n) => ({ ...TOUCH, id, seenAt: NOW - n, idleExpiresAt: NOW + 2 * HOUR + n })),
        NOW,
      );
      for (const [n, row] of rows.entries()) {
        const expected = { ...row, lastSeenAt: NOW - n, idleExpiresAt: NOW + 2 * HOUR + n };
        assert.deepEqual(await sessions.get(row.id), expected);
      }
    },

    'takes a batch as it was when it was asked, though the caller changes it afterwards': async ({ sessions }) => {
      const row = sessionRow({ id: 'a' });
      await given(sessions, row, sessionRow({ id: 'b' }));
      const touch = { ...TOUCH };
      const batch = [touch];
      const done = sessions.touch(batch, NOW);
      touch.id = 'b';
      batch.length = 0;
      await done;
      assert.deepEqual(await sessions.get('a'), { ...row, lastSeenAt: NOW, idleExpiresAt: NOW + 2 * HOUR });
    },

    'takes the furthest of several touches of one session in a batch': async ({ sessions }) => {
      const row = sessionRow({ id: 'a' });
      await given(sessions, row);
      const batch = [
        { ...TOUCH, seenAt: NOW - 20, idleExpiresAt: NOW + 3 * HOUR },
        { ...TOUCH, seenAt: NOW - 10 },
        { ...TOUCH, seenAt: NOW - 30 },
      ];
      await sessions.touch(batch, NOW);
      const expected = { ...row, lastSeenAt: NOW - 10, idleExpiresAt: NOW + 3 * HOUR };
      assert.deepEqual(await sessions.get('a'), expected);
    },

    'confirms the tokens when it names the current session token': async ({ sessions }) => {
      const after = await touched(sessions, unconfirmed, { seenAt: NOW - 5, confirms: unconfirmed.tokenHash });
      assert.deepEqual([after?.tokenConfirmedAt, after?.refreshConfirmedAt], [NOW - 5, NOW - 5]);
    },

    'keeps the time at which a token was confirmed first': async ({ sessions }) => {
      const row = rotatedRow({ id: 'a', tokenConfirmedAt: null, refreshConfirmedAt: NOW - 7 });
      const after = await touched(sessions, row, { confirms: row.tokenHash });
      assert.deepEqual([after?.tokenConfirmedAt, after?.refreshConfirmedAt], [NOW, NOW - 7]);
      await sessions.touch([{ ...TOUCH, seenAt: NOW + 9, confirms: row.tokenHash }], NOW + 9);
      assert.deepEqual((await sessions.get('a'))?.tokenConfirmedAt, NOW);
    },

    'confirms the refresh token alone where the session token was confirmed': async ({ sessions }) => {
      const row = { ...unconfirmed, tokenConfirmedAt: NOW - 7 };
      const after = await touched(sessions, row, { confirms: row.tokenHash });
      assert.deepEqual([after?.tokenConfirmedAt, after?.refreshConfirmedAt], [NOW - 7, NOW]);
    },

    'confirms no refresh token by a session token that came with a step-up': async ({ sessions }) => {
      const row = { ...unconfirmed, tokenNonce: 'a token nonce', tokenMethod: 'totp' };
      const after = await touched(sessions, row, { confirms: row.tokenHash });
      assert.deepEqual([after?.tokenConfirmedAt, after?.refreshConfirmedAt], [NOW, null]);
    },

    'makes up no refresh token for a session without one': async ({ sessions }) => {
      const row = sessionRow({ id: 'a', tokenConfirmedAt: null });
      const after = await touched(sessions, row, { confirms: row.tokenHash });
      assert.deepEqual([after?.tokenConfirmedAt, after?.refreshConfirmedAt], [NOW, null]);
    },

    'confirms though the session was seen later already': async ({ sessions }) => {
      const row = { ...unconfirmed, lastSeenAt: NOW };
      const after = await touched(sessions, row, { seenAt: NOW - 9, confirms: row.tokenHash });
      assert.deepEqual([after?.lastSeenAt, after?.tokenConfirmedAt], [NOW, NOW - 9]);
    },

    'confirms nothing by another token, the previous and the refresh token included': async ({ sessions }) => {
      await given(sessions, unconfirmed);
      const { previousTokenHash, refreshHash } = unconfirmed;
      for (const confirms of [null, previousTokenHash, refreshHash, hashOf('unknown')]) {
        await sessions.touch([{ ...TOUCH, confirms }], NOW);
      }
      const expected = { ...unconfirmed, lastSeenAt: NOW, idleExpiresAt: NOW + 2 * HOUR };
      assert.deepEqual(await sessions.get('a'), expected);
    },
  },
};
