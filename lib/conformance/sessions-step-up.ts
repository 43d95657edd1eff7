import type { SessionChange } from '../stores/contract/session-state.js';
import type { ProofTimes } from '../stores/contract/sessions.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { change, DROP_PROOFS, dropMethod, stepUp } from './session-changes.js';
import { given, rotatedRow, sessionRow } from './session-rows.js';
import { HOUR, hashOf, NOW } from './setting.js';

const row = rotatedRow({ id: 'a' });

const recorded = {
  ...row,
  tokenHash: hashOf('a stepped-up token'),
  previousTokenHash: hashOf('a token'),
  tokenNonce: 'a stepped-up nonce',
  tokenMethod: 'passkey',
  tokenIssuedAt: NOW,
  tokenConfirmedAt: null,
  passedMethods: ['totp', 'passkey'],
  stepUpProofs: { totp: NOW - 40_000, passkey: NOW },
};

/** Methods that are proved one after the other, each 1 ms later, and what is kept after each. */
const PROOFS: readonly (readonly [method: string, proofs: ProofTimes, passed: readonly string[]])[] = [
  ['passkey', { passkey: NOW }, ['passkey']],
  ['passkey', { passkey: NOW + 1 }, ['passkey']],
  ['password', { passkey: NOW + 1, password: NOW + 2 }, ['passkey', 'password']],
  [
    'constructor',
    { passkey: NOW + 1, password: NOW + 2, constructor: NOW + 3 },
    ['passkey', 'password', 'constructor'],
  ],
];

const CAME_WITH_REFRESH = { tokenNonce: null, tokenMethod: null };

/** The step-up of 'a' by its previous token. */
const byPrevious: Extract<SessionChange, { type: 'step-up' }> = {
  ...stepUp('a'),
  presented: hashOf('a previous token'),
};

export const sessionsStepUp: CaseGroup = {
  group: 'sessions.change: step-ups and dropped proofs',
  part: 'sessions',
  cases: {
    'replace the current token, keep the proof and the method, and leave others alone': async ({ sessions }) => {
      await given(sessions, row, rotatedRow({ id: 'b' }));
      assert.deepEqual(await change(sessions, 'a', stepUp('a')), recorded);
      assert.deepEqual(await sessions.get('a'), recorded);
      assert.deepEqual(await sessions.get('b'), rotatedRow({ id: 'b' }));
    },

    'confirm a refresh token that was not, and make up none': async ({ sessions }) => {
      const cookie = sessionRow({ id: 'cookie' });
      await given(sessions, { ...row, ...CAME_WITH_REFRESH, refreshConfirmedAt: null }, cookie);
      assert.deepEqual(await change(sessions, 'a', stepUp('a')), { ...recorded, refreshConfirmedAt: NOW });
      assert.equal((await change(sessions, 'cookie', stepUp('cookie')))?.refreshConfirmedAt, null);
    },

    'confirm no refresh token that may not be on the disk of its browser yet': async ({ sessions }) => {
      const young = { ...CAME_WITH_REFRESH, delivery: 'token-cookies' as const, refreshConfirmedAt: null };
      await given(sessions, { ...row, ...young, refreshedAt: NOW - 45_000 + 1 });
      assert.equal((await change(sessions, 'a', stepUp('a')))?.refreshConfirmedAt, null);
    },

    'confirm no refresh token by a token that came with another step-up': async ({ sessions }) => {
      await given(sessions, { ...row, refreshConfirmedAt: null });
      assert.deepEqual(await change(sessions, 'a', stepUp('a')), { ...recorded, refreshConfirmedAt: null });
    },

    'write no proof for an approval, but the method': async ({ sessions }) => {
      await given(sessions, row);
      const approval = { ...stepUp('a'), makesProof: false };
      assert.deepEqual(await change(sessions, 'a', approval), { ...recorded, stepUpProofs: row.stepUpProofs });
    },

    'keep of each method the last proof, and name each method once': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      let presented = hashOf('a token');
      for (const [n, [method, proofs, passed]] of PROOFS.entries()) {
        const next = await sessions.change('a', { ...stepUp('a', method, `${n}`), presented }, NOW + n);
        assert.deepEqual([next?.stepUpProofs, next?.passedMethods], [proofs, passed]);
        presented = hashOf(`a ${n} token`);
      }
      assert.deepEqual((await sessions.get('a'))?.signInProofs, sessionRow({ id: 'a' }).signInProofs);
    },

    'take the previous token while nobody used the current one, and end what that could': async ({ sessions }) => {
      const unused = { ...row, tokenConfirmedAt: null };
      await given(sessions, unused);
      const expected = { ...recorded, generation: 4, stepUpProofs: { passkey: NOW } };
      assert.deepEqual(await change(sessions, 'a', byPrevious), expected);
      assert.deepEqual(await sessions.find(hashOf('a token')), expected);
      assert.equal(await sessions.find(byPrevious.presented), null);
    },

    'give null for the previous token once the current one is confirmed': async ({ sessions }) => {
      await given(sessions, { ...row, tokenConfirmedAt: null });
      const touch = { id: 'a', seenAt: NOW, idleExpiresAt: NOW + HOUR, confirms: hashOf('a token') };
      await sessions.touch([touch], NOW);
      assert.equal(await change(sessions, 'a', byPrevious), null);
      assert.deepEqual(await sessions.get('a'), { ...row, tokenConfirmedAt: NOW, lastSeenAt: NOW });
    },

    'take no previous token where only the current one may step up': async ({ sessions }) => {
      const unused = { ...row, tokenConfirmedAt: null };
      await given(sessions, unused);
      assert.equal(await change(sessions, 'a', { ...byPrevious, onlyCurrent: true }), null);
      assert.deepEqual(await sessions.get('a'), unused);
      assert.deepEqual(await change(sessions, 'a', { ...stepUp('a'), onlyCurrent: true }), recorded);
    },

    'give null for any other token, and at either end of the session': async ({ sessions }) => {
      await given(
        sessions,
        row,
        rotatedRow({ id: 'idle', idleExpiresAt: NOW }),
        rotatedRow({ id: 'end', expiresAt: NOW }),
      );
      for (const name of ['a refresh', 'a parent refresh', 'idle token', 'a stepped-up token', 'unknown']) {
        assert.equal(await change(sessions, 'a', { ...stepUp('a'), presented: hashOf(name) }), null, name);
      }
      assert.deepEqual(await sessions.get('a'), row);
      for (const id of ['idle', 'end']) {
        assert.equal(await change(sessions, id, stepUp(id)), null);
        assert.equal((await sessions.change(id, stepUp(id), NOW - 1))?.tokenMethod, 'passkey');
      }
    },

    'drop all proofs of one session and the grants of before, and nothing else': async ({ sessions }) => {
      await given(sessions, row, rotatedRow({ id: 'b' }));
      for (const generation of [4, 5]) {
        const without = { ...row, generation, signInProofs: {}, stepUpProofs: {} };
        assert.deepEqual(await change(sessions, 'a', DROP_PROOFS), without);
        assert.deepEqual(await sessions.get('a'), without);
      }
      assert.deepEqual(await sessions.get('b'), rotatedRow({ id: 'b' }));
    },

    'drop what was proved with one method, and nothing else': async ({ sessions }) => {
      const several = {
        ...row,
        passedMethods: ['passkey', 'totp', 'password'],
        signInProofs: { password: NOW - 3, totp: NOW - 2 },
        stepUpProofs: { totp: NOW - 1, passkey: NOW },
      };
      await given(sessions, several);
      assert.deepEqual(await change(sessions, 'a', dropMethod('totp')), {
        ...several,
        passedMethods: ['passkey', 'password'],
        signInProofs: { password: NOW - 3 },
        stepUpProofs: { passkey: NOW },
      });
    },
  },
};
