import assert from 'node:assert/strict';
import type { SessionStore } from '../../stores/contract/sessions.js';
import type { CaseGroup } from './case.js';
import { given, liveIds, present, rotatedRow, sessionRow } from './session-rows.js';
import { HOUR, hashOf, NOW, parallel } from './setting.js';

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

function stepUp(sessions: SessionStore, n: number, method = 'passkey'): ReturnType<SessionStore['recordStepUp']> {
  return sessions.recordStepUp({
    id: 'a',
    presented: hashOf('a token'),
    nonce: `step-up nonce ${n}`,
    tokenHash: hashOf(`step-up token ${n}`),
    method,
    verifiedAt: NOW - n,
    now: NOW,
  });
}

export const sessionsTokenRaces: CaseGroup = {
  group: 'sessions: races for the tokens',
  part: 'sessions',
  cases: {
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

    'give 50 parallel step-ups with one token the same new token': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      const outcomes = await parallel(50, (n) => stepUp(sessions, n));
      const tokens = outcomes.map((each) =>
        each.outcome === 'recorded' ? [each.row.tokenHash, each.row.tokenNonce] : [],
      );
      const row = await sessions.get('a');
      for (const each of tokens) assert.deepEqual(each, [row?.tokenHash, row?.tokenNonce]);
      assert.deepEqual([row?.previousTokenHash, row?.stepUpProofs], [hashOf('a token'), { passkey: NOW }]);
    },

    'give it to those of one method alone where there are two': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      const methods = ['passkey', 'password'];
      const outcomes = await parallel(20, (n) => stepUp(sessions, n, methods[n % 2]));
      const row = await sessions.get('a');
      const winner = methods.indexOf(row?.tokenMethod ?? '');
      const expected = outcomes.map((_, n) => (n % 2 === winner ? 'recorded' : 'lost'));
      assert.deepEqual(
        outcomes.map(({ outcome }) => outcome),
        expected,
      );
      assert.deepEqual(row?.stepUpProofs, { [methods[winner] ?? '']: NOW - winner });
    },

    'lose neither a step-up nor a rotation that come at once': async ({ sessions }) => {
      for (const first of ['step-up', 'rotation']) {
        await given(sessions, rotatedRow({ id: 'a' }));
        const early = first === 'step-up' ? stepUp(sessions, 0) : null;
        const rotated = rotation(sessions, 0);
        const steppedUp = early ?? stepUp(sessions, 0);
        assert.deepEqual([await rotated, (await steppedUp).outcome], [true, 'recorded']);
        const row = await sessions.get('a');
        // The later of the two has the token. Only a step-up after the refresh leaves its proof.
        const isStepUpLater = row?.tokenNonce !== null;
        assert.deepEqual(
          [row?.tokenHash, row?.previousTokenHash, row?.refreshHash, row?.stepUpProofs],
          isStepUpLater
            ? [hashOf('step-up token 0'), hashOf('a token'), hashOf('successor 0'), { passkey: NOW }]
            : [hashOf('token 0'), hashOf('step-up token 0'), hashOf('successor 0'), {}],
        );
        await sessions.revoke('a', null);
      }
    },

    'let either the step-up or the replaced credentials have the token': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      const [steppedUp, replaced] = await Promise.all([stepUp(sessions, 0), replacement(sessions, 0)]);
      assert.deepEqual([steppedUp.outcome, replaced.outcome].toSorted(), [
        'lost',
        steppedUp.outcome === 'recorded' ? 'recorded' : 'replaced',
      ]);
      const expected = steppedUp.outcome === 'recorded' ? 'step-up token 0' : 'a replaced 0';
      assert.equal((await sessions.get('a'))?.tokenHash, hashOf(expected));
    },

    'lose no rotation to proofs that are dropped beside it': async ({ sessions }) => {
      await given(sessions, rotatedRow({ id: 'a' }));
      await Promise.all([sessions.dropProofs('a'), rotation(sessions, 0), sessions.dropProofs('a')]);
      const row = await sessions.get('a');
      assert.deepEqual(
        [row?.tokenHash, row?.refreshHash, row?.signInProofs, row?.stepUpProofs],
        [hashOf('token 0'), hashOf('successor 0'), {}, {}],
      );
    },

    'bring no session back by step-ups and dropped proofs around its revocation': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      const early = Promise.all([parallel(10, (n) => stepUp(sessions, n)), sessions.dropProofs('a')]);
      const revoked = sessions.revoke('a', null);
      const late = parallel(10, (n) => stepUp(sessions, 10 + n));
      await Promise.all([early, late, sessions.dropProofs('a')]);
      assert.deepEqual(await revoked, { id: 'a', userId: 'user' });
      assert.equal(await sessions.get('a'), null);
      assert.deepEqual(await liveIds(sessions), []);
    },
  },
};
