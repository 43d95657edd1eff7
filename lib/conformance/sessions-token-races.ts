import type { ReplaceOutcome, SessionRow, SessionStore } from '../stores/contract/sessions.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { change, DROP_PROOFS, replaceCredentials, rotate, stepUp } from './session-changes.js';
import { given, liveIds, present, rotatedRow, sessionRow } from './session-rows.js';
import { HOUR, hashOf, NOW, parallel } from './setting.js';

function replacement(sessions: SessionStore, n: number, id = 'a'): Promise<ReplaceOutcome> {
  return sessions.replaceCredentials(id, replaceCredentials(id, `${n}`), NOW);
}

/** Which of the answers is a row. There may be no other. */
function winnerOf(rows: readonly (SessionRow | null)[]): number {
  const winners = rows.flatMap((row, n) => (row === null ? [] : [n]));
  assert.equal(winners.length, 1);
  return winners[0] ?? -1;
}

export const sessionsTokenRaces: CaseGroup = {
  group: 'sessions: races for the tokens',
  part: 'sessions',
  cases: {
    'let exactly one of 100 parallel rotations of a refresh token win': async ({ sessions }) => {
      await given(sessions, rotatedRow({ id: 'a' }));
      const rows = await parallel(100, (n) => change(sessions, 'a', rotate('a', `${n}`)));
      const winner = winnerOf(rows);
      const row = await sessions.get('a');
      assert.deepEqual(row, rows[winner]);
      assert.deepEqual(
        [row?.refreshHash, row?.tokenHash, row?.previousTokenHash, row?.refreshNonce, row?.generation],
        [hashOf(`a ${winner} refresh`), hashOf(`a ${winner} token`), hashOf('a token'), `a ${winner} nonce`, 4],
      );
      const found = await parallel(100, async (n) => await sessions.find(hashOf(`a ${n} token`)));
      assert.deepEqual(found, rows);
    },

    'make two of 100 parallel step-ups with one token, which is the previous one for the second': async ({
      sessions,
    }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      const methods = ['passkey', 'password'];
      const rows = await parallel(100, (n) => change(sessions, 'a', stepUp('a', methods[n % 2], `${n}`)));
      const made = rows.filter((each) => each !== null);
      const row = await sessions.get('a');
      const [first, second] = made.toSorted((a, b) => a.generation - b.generation);
      assert.equal(made.length, 2);
      assert.deepEqual(row, second);
      assert.deepEqual(
        [first?.previousTokenHash, row?.previousTokenHash, row?.generation],
        [hashOf('a token'), first?.tokenHash, 1],
      );
      assert.deepEqual(row?.stepUpProofs, { [row?.tokenMethod ?? '']: NOW });
      assert.equal(await sessions.find(hashOf('a token')), null);
    },

    'make one of 100 parallel step-ups with one token where only the current one may': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      const methods = ['passkey', 'password'];
      const asked = (n: number) => ({ ...stepUp('a', methods[n % 2], `${n}`), onlyCurrent: true });
      const rows = await parallel(100, (n) => change(sessions, 'a', asked(n)));
      const winner = winnerOf(rows);
      const row = await sessions.get('a');
      assert.deepEqual(row, rows[winner]);
      assert.deepEqual(
        [row?.tokenHash, row?.stepUpProofs, row?.generation],
        [hashOf(`a ${winner} token`), { [methods[winner % 2] ?? '']: NOW }, 0],
      );
    },

    'leave no session that is revoked while 50 rotations are under way': async ({ sessions }) => {
      await given(sessions, rotatedRow({ id: 'a' }));
      const early = parallel(25, (n) => change(sessions, 'a', rotate('a', `${n}`)));
      const revoked = sessions.revoke('a', null);
      const late = parallel(25, (n) => change(sessions, 'a', rotate('a', `${25 + n}`)));
      assert.ok([...(await early), ...(await late)].filter((row) => row !== null).length <= 1);
      assert.deepEqual(await revoked, { id: 'a', userId: 'user' });
      assert.equal(await sessions.get('a'), null);
      const found = await parallel(50, async (n) => await sessions.find(hashOf(`a ${n} token`)));
      assert.deepEqual(new Set(found), new Set([null]));
    },

    'confirm no successor by a touch that its rotation overtakes': async ({ sessions }) => {
      await given(sessions, rotatedRow({ id: 'a' }));
      const touch = { id: 'a', seenAt: NOW, idleExpiresAt: NOW + HOUR, confirms: hashOf('a token') };
      const [, rotated] = await Promise.all([
        sessions.touch([touch], NOW),
        change(sessions, 'a', rotate('a')),
        sessions.touch([touch], NOW),
      ]);
      assert.ok(rotated);
      const row = await sessions.get('a');
      assert.deepEqual([row?.tokenConfirmedAt, row?.refreshConfirmedAt, row?.lastSeenAt], [null, null, NOW]);
    },

    'lose no touch to 30 changes beside it': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      const touch = { id: 'a', seenAt: NOW - 1, idleExpiresAt: NOW + 2 * HOUR, confirms: null };
      const changes = parallel(15, () => change(sessions, 'a', DROP_PROOFS));
      const touched = sessions.touch([touch], NOW);
      await Promise.all([changes, touched, parallel(15, () => change(sessions, 'a', DROP_PROOFS))]);
      const row = await sessions.get('a');
      assert.deepEqual([row?.lastSeenAt, row?.idleExpiresAt, row?.generation], [NOW - 1, NOW + 2 * HOUR, 30]);
    },

    'let either the rotation or the replaced credentials have the tokens': async ({ sessions }) => {
      for (const first of ['rotation', 'replacement']) {
        await given(sessions, rotatedRow({ id: 'a', authenticatedAt: NOW + 1 }));
        const early = first === 'rotation' ? change(sessions, 'a', rotate('a')) : null;
        const replaced = replacement(sessions, 0);
        const rotated = await (early ?? change(sessions, 'a', rotate('a')));
        assert.equal((await replaced).outcome, rotated ? 'lost' : 'replaced');
        const row = await sessions.get('a');
        assert.deepEqual(
          [row?.tokenHash, row?.refreshHash],
          ['token', 'refresh'].map((token) => hashOf(`a ${rotated ? 'rotated' : '0'} ${token}`)),
        );
        await sessions.revoke('a', null);
      }
    },

    'let exactly one of 20 parallel replacements of credentials win': async ({ sessions }) => {
      await given(sessions, rotatedRow({ id: 'a' }), sessionRow({ id: 'b' }));
      const outcomes = await parallel(20, (n) => replacement(sessions, n));
      const winner = winnerOf(outcomes.map((each) => (each.outcome === 'replaced' ? each.row : null)));
      assert.equal((await sessions.get('a'))?.tokenHash, hashOf(`a ${winner} token`));
      assert.deepEqual(await present(sessions, 'a', 'b'), ['a']);
    },

    'leave one session when two of a user replace their credentials at once': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }), sessionRow({ id: 'b' }));
      const [a, b] = await Promise.all([replacement(sessions, 0, 'a'), replacement(sessions, 0, 'b')]);
      assert.deepEqual([a.outcome, b.outcome].toSorted(), ['lost', 'replaced']);
      assert.deepEqual(await liveIds(sessions), [a.outcome === 'replaced' ? 'a' : 'b']);
    },

    'lose neither a rotation nor a step-up that come at once': async ({ sessions }) => {
      for (const first of ['step-up', 'rotation']) {
        await given(sessions, rotatedRow({ id: 'a' }));
        const early = first === 'step-up' ? change(sessions, 'a', stepUp('a')) : null;
        const rotating = change(sessions, 'a', rotate('a'));
        const [rotated, steppedUp] = await Promise.all([rotating, early ?? change(sessions, 'a', stepUp('a'))]);
        const row = await sessions.get('a');
        assert.ok(rotated && steppedUp);
        // The later of the two has the token. A step-up by the token of before the refresh ends what came with it.
        const isStepUpLater = row?.tokenMethod === 'passkey';
        assert.deepEqual(row, isStepUpLater ? steppedUp : rotated);
        assert.deepEqual(
          [row?.tokenHash, row?.previousTokenHash, row?.refreshHash, row?.generation, row?.stepUpProofs],
          isStepUpLater
            ? [
                hashOf('a stepped-up token'),
                hashOf('a rotated token'),
                hashOf('a rotated refresh'),
                5,
                { passkey: NOW },
              ]
            : [hashOf('a rotated token'), hashOf('a stepped-up token'), hashOf('a rotated refresh'), 4, {}],
        );
        await sessions.revoke('a', null);
      }
    },

    'let either the step-up or the replaced credentials have the token': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      const [steppedUp, { outcome }] = await Promise.all([
        change(sessions, 'a', stepUp('a')),
        replacement(sessions, 0),
      ]);
      assert.equal(outcome, steppedUp ? 'lost' : 'replaced');
      assert.equal((await sessions.get('a'))?.tokenHash, hashOf(steppedUp ? 'a stepped-up token' : 'a 0 token'));
    },

    'end each session that signs in beside replaced credentials, or refuse it': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      const signIn = (n: number) =>
        sessions.insert({ row: sessionRow({ id: `b-${n}` }), replaces: null, cap: null, now: NOW });
      const early = parallel(20, signIn);
      const replaced = await Promise.all([replacement(sessions, 0), parallel(20, (n) => signIn(20 + n)), early]);
      assert.equal(replaced[0].outcome, 'replaced');
      assert.deepEqual(await liveIds(sessions), ['a']);
    },

    'lose no rotation to proofs that are dropped beside it': async ({ sessions }) => {
      await given(sessions, rotatedRow({ id: 'a' }));
      await Promise.all([
        change(sessions, 'a', DROP_PROOFS),
        change(sessions, 'a', rotate('a')),
        sessions.changeAllOfUser('user', DROP_PROOFS, NOW),
      ]);
      const row = await sessions.get('a');
      assert.deepEqual(
        [row?.tokenHash, row?.refreshHash, row?.generation, row?.signInProofs, row?.stepUpProofs],
        [hashOf('a rotated token'), hashOf('a rotated refresh'), 6, {}, {}],
      );
    },

    'bring no session back by changes around its revocation': async ({ sessions }) => {
      const step = (n: number) => change(sessions, 'a', n % 2 === 0 ? DROP_PROOFS : stepUp('a', 'passkey', `${n}`));
      for (const isOfAll of [false, true]) {
        await given(sessions, sessionRow({ id: 'a' }));
        const early = Promise.all([parallel(10, step), sessions.changeAllOfUser('user', DROP_PROOFS, NOW)]);
        const revoked = isOfAll ? sessions.revokeAllForUser('user', null, NOW) : sessions.revoke('a', null);
        const late = Promise.all([parallel(10, step), sessions.changeAllOfUser('user', DROP_PROOFS, NOW)]);
        await Promise.all([early, late, replacement(sessions, 0)]);
        assert.deepEqual([await revoked].flat(), [{ id: 'a', userId: 'user' }]);
        assert.equal(await sessions.get('a'), null);
        assert.deepEqual(await liveIds(sessions), []);
      }
    },
  },
};
