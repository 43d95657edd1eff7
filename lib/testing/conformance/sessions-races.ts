import assert from 'node:assert/strict';
import type { EndedSession, InsertOutcome, SessionStore } from '../../stores/contract/sessions.js';
import type { CaseGroup } from './case.js';
import { given, HOUR, hashOf, idsOf, insert, NOW, present, rotatedRow, sessionRow, sortedIds } from './session-rows.js';

/** Starts `count` operations before the first is answered. */
async function parallel<T>(count: number, start: (n: number) => Promise<T>): Promise<readonly T[]> {
  return await Promise.all(Array.from({ length: count }, (_, n) => start(n)));
}

function rotation(sessions: SessionStore, n: number): Promise<boolean> {
  return sessions.rotateRefresh({
    id: 'a',
    presented: hashOf('a refresh'),
    successor: hashOf(`successor ${n}`),
    nonce: `nonce ${n}`,
    tokenHash: hashOf(`token ${n}`),
    idleExpiresAt: NOW + 2 * HOUR,
    now: NOW,
  });
}

function replacement(sessions: SessionStore, n: number, id = 'a'): ReturnType<SessionStore['replaceCredentials']> {
  return sessions.replaceCredentials({
    id,
    userId: 'user',
    presented: hashOf(`${id} token`),
    tokenHash: hashOf(`${id} replaced ${n}`),
    refreshHash: hashOf(`${id} replaced refresh ${n}`),
    now: NOW,
  });
}

async function liveIds(sessions: SessionStore): Promise<readonly string[]> {
  return idsOf(await sessions.list({ limit: 1000, after: null, now: NOW }));
}

function endedBy(outcomes: readonly InsertOutcome[]): readonly EndedSession[] {
  return outcomes.flatMap((each) =>
    each.outcome === 'inserted' ? [...each.evicted, ...(each.replaced === null ? [] : [each.replaced])] : [],
  );
}

export const sessionsRaces: CaseGroup = {
  group: 'sessions: races',
  part: 'sessions',
  cases: {
    'keep exactly 3 of 50 parallel inserts under a cap of 3, and evict each other once': async ({ sessions }) => {
      const outcomes = await parallel(50, (n) => insert(sessions, sessionRow({ id: `row-${n}` }), { cap: 3 }));
      const live = await liveIds(sessions);
      assert.equal(live.length, 3);
      const all = Array.from({ length: 50 }, (_, n) => ({ id: `row-${n}` }));
      assert.deepEqual([...live, ...idsOf(endedBy(outcomes))].toSorted(), sortedIds(all));
    },

    'keep the cap of each of several users': async ({ sessions }) => {
      await parallel(40, (n) => insert(sessions, sessionRow({ id: `row-${n}`, userId: `user${n % 4}` }), { cap: 2 }));
      for (const n of [0, 1, 2, 3]) assert.equal((await sessions.listForUser(`user${n}`, NOW)).length, 2);
    },

    'end a session once that 50 parallel inserts replace': async ({ sessions }) => {
      await given(sessions, rotatedRow({ id: 'old' }));
      const outcomes = await parallel(50, (n) =>
        insert(sessions, sessionRow({ id: `row-${n}` }), { replaces: hashOf('old previous token') }),
      );
      assert.deepEqual(endedBy(outcomes), [{ id: 'old', userId: 'user' }]);
      assert.equal((await liveIds(sessions)).length, 50);
      assert.equal(await sessions.get('old'), null);
    },

    'refuse or revoke each of 50 sign-ins that all sessions are revoked amid': async ({ sessions }) => {
      const inserts = parallel(25, (n) => insert(sessions, sessionRow({ id: `early-${n}`, authenticatedAt: NOW })));
      const revoked = sessions.revokeAllForUser('user', null, NOW);
      const late = parallel(25, (n) => insert(sessions, sessionRow({ id: `late-${n}`, authenticatedAt: NOW })));
      const outcomes = [...(await inserts), ...(await late)];
      assert.equal(outcomes.filter(({ outcome }) => outcome === 'inserted').length, (await revoked).length);
      assert.deepEqual(await liveIds(sessions), []);
    },

    'let exactly one of 100 parallel rotations of a refresh token win': async ({ sessions }) => {
      await given(sessions, rotatedRow({ id: 'a' }));
      const won = await parallel(100, (n) => rotation(sessions, n));
      assert.equal(won.filter(Boolean).length, 1);
      const winner = won.indexOf(true);
      const row = await sessions.get('a');
      assert.deepEqual(
        [row?.refreshHash, row?.tokenHash, row?.previousTokenHash, row?.refreshNonce],
        [hashOf(`successor ${winner}`), hashOf(`token ${winner}`), hashOf('a token'), `nonce ${winner}`],
      );
      const found = await parallel(100, async (n) => (await sessions.find(hashOf(`token ${n}`))) !== null);
      assert.deepEqual(found, won);
    },

    'leave no session that is revoked while 50 rotations are under way': async ({ sessions }) => {
      await given(sessions, rotatedRow({ id: 'a' }));
      const early = parallel(25, (n) => rotation(sessions, n));
      const revoked = sessions.revoke('a', null);
      const late = parallel(25, (n) => rotation(sessions, 25 + n));
      assert.ok([...(await early), ...(await late)].filter(Boolean).length <= 1);
      assert.deepEqual(await revoked, { id: 'a', userId: 'user' });
      assert.equal(await sessions.get('a'), null);
      const found = await parallel(50, async (n) => await sessions.find(hashOf(`token ${n}`)));
      assert.deepEqual(new Set(found), new Set([null]));
    },

    'give one of 50 parallel revocations the session': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      const ended = await parallel(50, (n) => sessions.revoke('a', n % 2 === 0 ? null : 'user'));
      assert.deepEqual(
        ended.filter((each) => each !== null),
        [{ id: 'a', userId: 'user' }],
      );
    },

    'report each session once when all are revoked and each is': async ({ sessions }) => {
      const rows = Array.from({ length: 20 }, (_, n) => sessionRow({ id: `row-${n}` }));
      await given(sessions, ...rows);
      const [early, all, again, late] = await Promise.all([
        parallel(10, (n) => sessions.revoke(`row-${n}`, 'user')),
        sessions.revokeAllForUser('user', null, NOW),
        sessions.revokeAllForUser('user', null, NOW),
        parallel(20, (n) => sessions.revoke(`row-${n}`, null)),
      ]);
      const ended = [...early, ...all, ...again, ...late].filter((each) => each !== null);
      assert.deepEqual(sortedIds(ended), sortedIds(rows));
    },

    'bring no session back by touches around its revocation': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      const touch = { id: 'a', seenAt: NOW, idleExpiresAt: NOW + 2 * HOUR, confirms: hashOf('a token') };
      const early = parallel(10, () => sessions.touch([touch], NOW));
      const revoked = sessions.revoke('a', null);
      const late = parallel(10, () => sessions.touch([touch], NOW));
      await Promise.all([early, late]);
      assert.deepEqual(await revoked, { id: 'a', userId: 'user' });
      assert.equal(await sessions.get('a'), null);
      assert.deepEqual(await liveIds(sessions), []);
    },

    'lose no confirmation and no time to touches beside each other': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a', tokenConfirmedAt: null }));
      const touch = { id: 'a', seenAt: NOW, idleExpiresAt: NOW + HOUR, confirms: null };
      await parallel(30, (n) =>
        sessions.touch(
          [{ ...touch, seenAt: NOW - n, idleExpiresAt: NOW + HOUR + n, confirms: n === 7 ? hashOf('a token') : null }],
          NOW,
        ),
      );
      const row = await sessions.get('a');
      assert.deepEqual([row?.lastSeenAt, row?.idleExpiresAt, row?.tokenConfirmedAt], [NOW, NOW + HOUR + 29, NOW - 7]);
    },

    'confirm no successor by a touch that its rotation overtakes': async ({ sessions }) => {
      await given(sessions, rotatedRow({ id: 'a' }));
      const touch = { id: 'a', seenAt: NOW, idleExpiresAt: NOW + HOUR, confirms: hashOf('a token') };
      const [, rotated] = await Promise.all([
        sessions.touch([touch], NOW),
        rotation(sessions, 0),
        sessions.touch([touch], NOW),
      ]);
      assert.equal(rotated, true);
      const row = await sessions.get('a');
      assert.deepEqual([row?.tokenConfirmedAt, row?.refreshConfirmedAt], [null, null]);
    },

    'let either the rotation or the replaced credentials have the tokens': async ({ sessions }) => {
      for (const first of ['rotation', 'replacement']) {
        await given(sessions, rotatedRow({ id: 'a', authenticatedAt: NOW + 1 }));
        const early = first === 'rotation' ? rotation(sessions, 0) : null;
        const replaced = replacement(sessions, 0);
        const rotated = early ?? rotation(sessions, 0);
        const wonByRotation = await rotated;
        assert.equal((await replaced).outcome, wonByRotation ? 'lost' : 'replaced');
        const row = await sessions.get('a');
        assert.deepEqual(
          [row?.tokenHash, row?.refreshHash],
          wonByRotation
            ? [hashOf('token 0'), hashOf('successor 0')]
            : [hashOf('a replaced 0'), hashOf('a replaced refresh 0')],
        );
        await sessions.revoke('a', null);
      }
    },

    'let exactly one of 20 parallel replacements of credentials win': async ({ sessions }) => {
      await given(sessions, rotatedRow({ id: 'a' }), sessionRow({ id: 'b' }));
      const outcomes = await parallel(20, (n) => replacement(sessions, n));
      const winner = outcomes.findIndex(({ outcome }) => outcome === 'replaced');
      assert.equal(outcomes.filter(({ outcome }) => outcome === 'replaced').length, 1);
      assert.equal((await sessions.get('a'))?.tokenHash, hashOf(`a replaced ${winner}`));
      assert.deepEqual(await present(sessions, 'a', 'b'), ['a']);
    },

    'leave one session when two of a user replace their credentials at once': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }), sessionRow({ id: 'b' }));
      const [a, b] = await Promise.all([replacement(sessions, 0, 'a'), replacement(sessions, 0, 'b')]);
      assert.deepEqual([a.outcome, b.outcome].toSorted(), ['lost', 'replaced']);
      assert.deepEqual(await liveIds(sessions), [a.outcome === 'replaced' ? 'a' : 'b']);
    },

    'count each session once that several clean-ups delete at once': async ({ sessions }) => {
      const rows = Array.from({ length: 10 }, (_, n) => sessionRow({ id: `row-${n}`, expiresAt: NOW }));
      await given(sessions, ...rows);
      const counts = await parallel(5, () => sessions.deleteExpired(NOW, 0, 3));
      assert.ok(counts.every((count) => count <= 3));
      const left = (await present(sessions, ...idsOf(rows))).length;
      assert.equal(
        counts.reduce((sum, count) => sum + count, left),
        10,
      );
    },

    'keep a session that slides while a clean-up is under way, or delete it whole': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a', idleExpiresAt: NOW + 1 }));
      const touch = { id: 'a', seenAt: NOW, idleExpiresAt: NOW + HOUR, confirms: null };
      const [deleted] = await Promise.all([sessions.deleteExpired(NOW + 1, 0, 10), sessions.touch([touch], NOW)]);
      const row = await sessions.get('a');
      assert.equal(deleted, row === null ? 1 : 0);
      assert.equal(row?.idleExpiresAt ?? null, row === null ? null : NOW + HOUR);
    },
  },
};
