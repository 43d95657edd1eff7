import type { SessionRow, SessionStore, Touch } from '../stores/contract/sessions.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { given, rotatedRow, sessionRow } from './session-rows.js';
import { HOUR, hashOf, MINUTE, NOW } from './setting.js';

const TOUCH: Touch = { id: 'a', seenAt: NOW, idleExpiresAt: NOW + 2 * HOUR, confirms: null };

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

    'takes the others of a batch in which some are absent or expired': async ({ sessions }) => {
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
  },
};
