import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { given, insert, present, rotatedRow, sessionRow } from './session-rows.js';
import { hashOf, NOW } from './setting.js';

const nothingEnded = { outcome: 'inserted', replaced: null, evicted: [] };

export const sessionsInsert: CaseGroup = {
  group: 'sessions.insert',
  part: 'sessions',
  cases: {
    'writes the row and ends nothing': async ({ sessions }) => {
      const row = sessionRow({ id: 'a' });
      assert.deepEqual(await insert(sessions, row), nothingEnded);
      assert.deepEqual(await sessions.get('a'), row);
    },

    'leaves the other sessions of the user alone': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      assert.deepEqual(await insert(sessions, sessionRow({ id: 'b' })), nothingEnded);
      assert.deepEqual(await present(sessions, 'a', 'b'), ['a', 'b']);
    },

    'ends the session whose current token is replaced': async ({ sessions }) => {
      const old = rotatedRow({ id: 'old' });
      await given(sessions, old, sessionRow({ id: 'bystander' }));
      const outcome = await insert(sessions, sessionRow({ id: 'new' }), { replaces: old.tokenHash });
      assert.deepEqual(outcome, { outcome: 'inserted', replaced: { id: 'old', userId: 'user' }, evicted: [] });
      assert.deepEqual(await present(sessions, 'old', 'new', 'bystander'), ['new', 'bystander']);
      assert.equal(await sessions.find(old.tokenHash), null);
    },

    'ends the session whose previous token is replaced': async ({ sessions }) => {
      const old = rotatedRow({ id: 'old', previousTokenHash: hashOf('previous') });
      await given(sessions, old);
      const outcome = await insert(sessions, sessionRow({ id: 'new' }), { replaces: hashOf('previous') });
      assert.deepEqual(outcome, { outcome: 'inserted', replaced: { id: 'old', userId: 'user' }, evicted: [] });
      assert.deepEqual(await present(sessions, 'old', 'new'), ['new']);
    },

    'ends the replaced session whoever it belongs to, and says whose it was': async ({ sessions }) => {
      const old = sessionRow({ id: 'old', userId: 'somebody else' });
      await given(sessions, old);
      const outcome = await insert(sessions, sessionRow({ id: 'new' }), { replaces: old.tokenHash });
      assert.deepEqual(outcome, { outcome: 'inserted', replaced: { id: 'old', userId: 'somebody else' }, evicted: [] });
      assert.deepEqual(await present(sessions, 'old', 'new'), ['new']);
    },

    'ends the replaced session though it has expired': async ({ sessions }) => {
      const old = sessionRow({ id: 'old', idleExpiresAt: NOW - 1 });
      await given(sessions, old);
      const outcome = await insert(sessions, sessionRow({ id: 'new' }), { replaces: old.tokenHash });
      assert.deepEqual(outcome, { outcome: 'inserted', replaced: { id: 'old', userId: 'user' }, evicted: [] });
      assert.deepEqual(await present(sessions, 'old', 'new'), ['new']);
    },

    'inserts though the replaced token names no session': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      const outcome = await insert(sessions, sessionRow({ id: 'new' }), { replaces: hashOf('nobody') });
      assert.deepEqual(outcome, nothingEnded);
      assert.deepEqual(await present(sessions, 'a', 'new'), ['a', 'new']);
    },

    'takes no refresh token for the one that is replaced': async ({ sessions }) => {
      const old = rotatedRow({ id: 'old' });
      await given(sessions, old);
      assert.deepEqual(await insert(sessions, sessionRow({ id: 'new' }), { replaces: old.refreshHash }), nothingEnded);
      assert.deepEqual(await present(sessions, 'old', 'new'), ['old', 'new']);
    },

    'rejects an id that is taken, ends nothing then, and leaves its session as it is': async ({ sessions }) => {
      const rows = [
        sessionRow({ id: 'a' }),
        sessionRow({ id: 'carried' }),
        sessionRow({ id: 'theirs', userId: 'user2' }),
      ];
      await given(sessions, ...rows);
      const second = sessionRow({ id: 'a', userId: 'user2', tokenHash: hashOf('second') });
      await assert.rejects(insert(sessions, second, { replaces: hashOf('carried token'), cap: 1 }));
      for (const row of rows) assert.deepEqual(await sessions.get(row.id), row);
      assert.equal(await sessions.find(hashOf('second')), null);
    },
  },
};
