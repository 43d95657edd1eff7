import type { SessionStore } from '../stores/contract/sessions.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { replaceCredentials } from './session-changes.js';
import { given, insert, sessionRow } from './session-rows.js';
import { HOUR, MINUTE, NOW, parallel } from './setting.js';

const LATER = NOW + MINUTE;

/** Tells whether a sign-in that began at this time is refused at `now`. */
async function refuses(sessions: SessionStore, authenticatedAt: number, now: number = NOW): Promise<boolean> {
  const { outcome } = await insert(sessions, sessionRow({ id: `${authenticatedAt} at ${now}`, authenticatedAt }), {
    now,
  });
  return outcome === 'refused';
}

export const sessionsNotBeforeAhead: CaseGroup = {
  group: 'sessions: a not-before time that is ahead of the clock',
  part: 'sessions',
  cases: {
    'counts as it is up to 5 seconds ahead': async ({ sessions }) => {
      await sessions.revokeAllForUser('user', null, NOW + 5_000);
      assert.equal(await refuses(sessions, NOW + 5_000), true);
      assert.equal(await refuses(sessions, NOW + 5_001), false);
    },

    'is lowered to 1 ms before the present from then on': async ({ sessions }) => {
      await sessions.revokeAllForUser('user', null, NOW + 5_001);
      assert.equal(await refuses(sessions, NOW - 1), true);
      assert.equal(await refuses(sessions, NOW), false);
    },

    'stays what a sign-in that is refused lowered it to': async ({ sessions }) => {
      await sessions.revokeAllForUser('user', null, NOW + HOUR);
      assert.equal(await refuses(sessions, NOW - 1), true);
      assert.equal(await refuses(sessions, NOW - 1, LATER), true);
      assert.equal(await refuses(sessions, NOW, LATER), false);
    },

    'stays what a sign-in that is taken lowered it to': async ({ sessions }) => {
      await sessions.revokeAllForUser('user', null, NOW + HOUR);
      assert.equal(await refuses(sessions, NOW), false);
      assert.equal(await refuses(sessions, NOW - 1, LATER), true);
      assert.equal(await refuses(sessions, NOW, LATER), false);
      assert.equal(await refuses(sessions, NOW, NOW + HOUR), false);
    },

    'stays what a sign-in with the id of another session lowered it to, or as it is': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      await sessions.revokeAllForUser('user', 'a', NOW + HOUR);
      await assert.rejects(async () => insert(sessions, sessionRow({ id: 'a', authenticatedAt: NOW })));
      assert.equal(await refuses(sessions, NOW - 1), true);
      assert.equal(await refuses(sessions, NOW), false);
    },

    'gives way to an earlier one that is set by a revocation': async ({ sessions }) => {
      await sessions.revokeAllForUser('user', null, NOW + 5_001);
      await sessions.revokeAllForUser('user', null, NOW);
      assert.equal(await refuses(sessions, NOW, LATER), true);
      assert.equal(await refuses(sessions, NOW + 1, LATER), false);
    },

    'gives way to an earlier one that is set by replaced credentials': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      await sessions.revokeAllForUser('user', 'a', NOW + HOUR);
      await sessions.replaceCredentials('a', replaceCredentials('a'), NOW);
      assert.equal(await refuses(sessions, NOW, LATER), true);
      assert.equal(await refuses(sessions, NOW + 1, LATER), false);
    },

    'lets each of 50 parallel sign-ins in that begin once it is lowered, and none of before': async ({ sessions }) => {
      await sessions.revokeAllForUser('user', null, NOW + HOUR);
      const refused = await parallel(50, (n) => refuses(sessions, n % 2 === 0 ? NOW + n : NOW - n));
      assert.deepEqual(
        refused,
        Array.from({ length: 50 }, (_, n) => n % 2 === 1),
      );
    },
  },
};
