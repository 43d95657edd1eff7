import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { change, DROP_PROOFS, replaceCredentials, rotate, stepUp } from './session-changes.js';
import { given, insert, rotatedRow, sessionRow } from './session-rows.js';
import { HOUR, hashOf, NOW } from './setting.js';
import { added, assertHolds, assertLacks, stored, wordsOf } from './stored.js';

const row = rotatedRow({ id: 'session-a', userId: 'user-a' });

const replace = { ...replaceCredentials(row.id), userId: row.userId };

export const sessionsStored: CaseGroup = {
  group: 'sessions: what is stored',
  part: 'sessions',
  rawRows: true,
  cases: {
    'holds all of an inserted row when the insert is answered': async (bench) => {
      await given(bench.sessions, row);
      assertHolds(await stored(bench), wordsOf(row));
    },

    'holds no token, hash or time but those that were said': async (bench) => {
      await given(bench.sessions, sessionRow({ id: 'bystander' }));
      const before = await bench.rawRows();
      await given(bench.sessions, row);
      const text = added(before, await bench.rawRows());
      const said = new Set(wordsOf(row));
      const hashes = text.match(/(?<![\w-])[\w-]{43}(?![\w-])/g) ?? [];
      const times = text.match(/(?<![\w-])\d{12,13}(?![\w-])/g) ?? [];
      assert.deepEqual(new Set(hashes), new Set(wordsOf(row).filter((word) => word.length === 43)));
      assert.deepEqual(
        times.filter((time) => !said.has(time)),
        [],
      );
    },

    'holds nothing of a revoked session': async (bench) => {
      await given(bench.sessions, row, sessionRow({ id: 'bystander' }));
      await bench.sessions.revoke(row.id, null);
      const text = await stored(bench);
      assertLacks(text, [row.id, 'user-a', row.tokenHash, 'acme', '192.0.2.1']);
      assertHolds(text, ['bystander']);
    },

    'holds nothing of sessions that were replaced, evicted or expired': async (bench) => {
      const over = sessionRow({ id: 'session-over', idleExpiresAt: NOW });
      await given(bench.sessions, row, sessionRow({ id: 'session-b' }), over);
      await insert(bench.sessions, sessionRow({ id: 'session-new' }), { cap: 1, replaces: row.tokenHash });
      await bench.sessions.deleteExpired(NOW, 0, 10);
      const text = await stored(bench);
      assertLacks(text, [row.id, row.tokenHash, 'session-b', 'session-over']);
      assertHolds(text, ['session-new']);
    },

    "holds a user's not-before time and nothing of the sessions that ended": async (bench) => {
      await given(bench.sessions, row);
      await bench.sessions.revokeAllForUser('user-a', null, NOW + 1);
      const text = await stored(bench);
      assertHolds(text, ['user-a', String(NOW + 1)]);
      assertLacks(text, [row.id, row.tokenHash]);
      await bench.sessions.deleteExpired(NOW, NOW + 2, 10);
      assertLacks(await stored(bench), ['user-a', String(NOW + 1)]);
    },

    "holds a user's not-before time that a sign-in has lowered": async (bench) => {
      await bench.sessions.revokeAllForUser('user-a', null, NOW + HOUR);
      await insert(bench.sessions, { ...row, authenticatedAt: NOW - 1 });
      const text = await stored(bench);
      assertHolds(text, ['user-a', String(NOW - 1)]);
      assertLacks(text, [String(NOW + HOUR), row.id]);
    },

    'holds the tokens of a rotation and none of those before the last': async (bench) => {
      await given(bench.sessions, row);
      const { tokenHash, successor, nonce, presented } = rotate(row.id);
      await change(bench.sessions, row.id, rotate(row.id));
      const text = await stored(bench);
      assertHolds(text, [tokenHash, successor, nonce, row.tokenHash, presented]);
      assertLacks(text, [hashOf('session-a previous token'), hashOf('session-a parent refresh')]);
    },

    'holds none of the old tokens and proofs after replaced credentials': async (bench) => {
      await given(bench.sessions, row);
      await bench.sessions.replaceCredentials(row.id, replace, NOW);
      const text = await stored(bench);
      const old = ['token', 'previous token', 'refresh', 'parent refresh'].map((name) => hashOf(`session-a ${name}`));
      assertHolds(text, [replace.tokenHash]);
      assertLacks(text, [...old, 'totp', 'password', 'session-a token nonce', 'session-a refresh nonce']);
    },

    'stays as it is when an operation is refused, lost or absent': async (bench) => {
      const { sessions } = bench;
      await given(sessions, row, sessionRow({ id: 'over', expiresAt: NOW }));
      await sessions.revokeAllForUser('nobody', null, NOW);
      const before = await bench.rawRows();
      const touch = { seenAt: NOW, idleExpiresAt: NOW + 2 * HOUR, confirms: null };

      await insert(sessions, sessionRow({ id: 'late', userId: 'nobody' }), { replaces: row.tokenHash });
      for (const asked of [rotate(row.id), stepUp(row.id), replace]) {
        await change(sessions, row.id, { ...asked, presented: hashOf('wrong') });
      }
      await sessions.replaceCredentials(row.id, { ...replace, presented: hashOf('wrong') }, NOW);
      await sessions.changeAllOfUser('somebody else', DROP_PROOFS, NOW);
      await sessions.touch(
        [
          { ...touch, id: 'gone' },
          { ...touch, id: 'over' },
        ],
        NOW,
      );
      await sessions.revoke(row.id, 'somebody else');
      await sessions.revoke('gone', null);
      await sessions.deleteExpired(NOW - 1, NOW - 1, 10);

      assert.deepEqual(await bench.rawRows(), before);
    },
  },
};
