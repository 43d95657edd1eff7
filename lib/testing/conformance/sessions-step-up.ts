import assert from 'node:assert/strict';
import type { ProofTimes, RecordStepUp } from '../../stores/contract/sessions.js';
import type { CaseGroup } from './case.js';
import { given, rotatedRow, sessionRow } from './session-rows.js';
import { HOUR, hashOf, NOW } from './setting.js';

const row = rotatedRow({ id: 'a' });

const STEP_UP: RecordStepUp = {
  id: 'a',
  presented: hashOf('a token'),
  nonce: 'new nonce',
  tokenHash: hashOf('new token'),
  method: 'passkey',
  verifiedAt: NOW - 5,
  now: NOW,
};

const recorded = {
  ...row,
  tokenHash: hashOf('new token'),
  previousTokenHash: hashOf('a token'),
  tokenNonce: 'new nonce',
  tokenMethod: 'passkey',
  tokenConfirmedAt: null,
  stepUpProofs: { totp: NOW - 40_000, passkey: NOW - 5 },
};

/** What the second of two verifies asks for that presented the same token. */
const RETRY: RecordStepUp = {
  ...STEP_UP,
  nonce: 'other nonce',
  tokenHash: hashOf('other token'),
  verifiedAt: NOW + 7,
  now: NOW + 9,
};

/** Proofs that come one after the other, and what is kept after each. */
const PROOFS: readonly (readonly [method: string, verifiedAt: number, latest: ProofTimes])[] = [
  ['passkey', NOW - 9, { passkey: NOW - 9 }],
  ['passkey', NOW - 2, { passkey: NOW - 2 }],
  ['passkey', NOW - 4, { passkey: NOW - 2 }],
  ['password', NOW - 3, { passkey: NOW - 2, password: NOW - 3 }],
  ['constructor', NOW - 1, { passkey: NOW - 2, password: NOW - 3, constructor: NOW - 1 }],
];

const LOST = { outcome: 'lost' };

const CAME_WITH_REFRESH = { tokenNonce: null, tokenMethod: null };

export const sessionsStepUp: CaseGroup = {
  group: 'sessions.recordStepUp and sessions.dropProofs',
  part: 'sessions',
  cases: {
    'replace the current token, keep the proof, and give the row as it is then': async ({ sessions }) => {
      await given(sessions, row, rotatedRow({ id: 'b' }));
      assert.deepEqual(await sessions.recordStepUp(STEP_UP), { outcome: 'recorded', row: recorded });
      assert.deepEqual(await sessions.get('a'), recorded);
      assert.deepEqual(await sessions.get('b'), rotatedRow({ id: 'b' }));
    },

    'leave the new and the presented token findable, and none before': async ({ sessions }) => {
      await given(sessions, row);
      await sessions.recordStepUp(STEP_UP);
      assert.deepEqual(await sessions.find(hashOf('new token')), recorded);
      assert.deepEqual(await sessions.find(hashOf('a token')), recorded);
      assert.equal(await sessions.find(hashOf('a previous token')), null);
    },

    'confirm a refresh token that was not, and make up none': async ({ sessions }) => {
      const cookie = sessionRow({ id: 'cookie' });
      await given(sessions, { ...row, ...CAME_WITH_REFRESH, refreshConfirmedAt: null }, cookie);
      await sessions.recordStepUp(STEP_UP);
      assert.deepEqual(await sessions.get('a'), { ...recorded, refreshConfirmedAt: NOW });
      const record = { ...STEP_UP, id: 'cookie', presented: cookie.tokenHash, tokenHash: hashOf('new cookie token') };
      const outcome = await sessions.recordStepUp(record);
      assert.equal(outcome.outcome === 'recorded' && outcome.row.refreshConfirmedAt, null);
    },

    'confirm no refresh token by a token that came with another step-up': async ({ sessions }) => {
      await given(sessions, { ...row, refreshConfirmedAt: null });
      await sessions.recordStepUp(STEP_UP);
      assert.deepEqual(await sessions.get('a'), { ...recorded, refreshConfirmedAt: null });
    },

    'write no proof where there is none': async ({ sessions }) => {
      await given(sessions, row);
      const expected = { ...recorded, stepUpProofs: row.stepUpProofs };
      assert.deepEqual(await sessions.recordStepUp({ ...STEP_UP, verifiedAt: null }), {
        outcome: 'recorded',
        row: expected,
      });
      assert.deepEqual(await sessions.get('a'), expected);
    },

    'keep the later of two proofs of a method, and of each method its own': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      let presented = hashOf('a token');
      for (const [method, verifiedAt, latest] of PROOFS) {
        const tokenHash = hashOf(`${presented} next`);
        await sessions.recordStepUp({ ...STEP_UP, presented, tokenHash, method, verifiedAt });
        assert.deepEqual((await sessions.get('a'))?.stepUpProofs, latest);
        presented = tokenHash;
      }
      assert.deepEqual((await sessions.get('a'))?.signInProofs, sessionRow({ id: 'a' }).signInProofs);
    },

    'keep the new token for another verify with the same presented one': async ({ sessions }) => {
      await given(sessions, row);
      await sessions.recordStepUp(STEP_UP);
      const expected = { ...recorded, stepUpProofs: { ...recorded.stepUpProofs, passkey: NOW + 7 } };
      assert.deepEqual(await sessions.recordStepUp(RETRY), { outcome: 'recorded', row: expected });
      assert.deepEqual(await sessions.get('a'), expected);
      assert.equal(await sessions.find(hashOf('other token')), null);
    },

    'are lost by another verify with the same presented token and another method': async ({ sessions }) => {
      await given(sessions, row);
      await sessions.recordStepUp(STEP_UP);
      for (const verifiedAt of [RETRY.verifiedAt, null]) {
        assert.deepEqual(await sessions.recordStepUp({ ...RETRY, method: 'password', verifiedAt }), LOST);
      }
      assert.deepEqual(await sessions.get('a'), recorded);
    },

    'replace a token that came with a refresh and that nobody used, for the one before it': async ({ sessions }) => {
      const refreshed = { ...row, ...CAME_WITH_REFRESH, tokenConfirmedAt: null, refreshConfirmedAt: null };
      await given(sessions, refreshed);
      const presented = hashOf('a previous token');
      const expected = {
        ...refreshed,
        tokenHash: hashOf('new token'),
        tokenNonce: 'new nonce',
        tokenMethod: 'passkey',
        stepUpProofs: recorded.stepUpProofs,
      };
      assert.deepEqual(await sessions.recordStepUp({ ...STEP_UP, presented }), { outcome: 'recorded', row: expected });
      assert.deepEqual(await sessions.get('a'), expected);
      assert.equal(await sessions.find(hashOf('a token')), null);
      assert.deepEqual(await sessions.find(presented), expected);
    },

    'are lost by the previous token once the current one is confirmed': async ({ sessions }) => {
      await given(sessions, row);
      await sessions.recordStepUp(STEP_UP);
      const touch = { id: 'a', seenAt: NOW, idleExpiresAt: NOW + HOUR, confirms: hashOf('new token') };
      await sessions.touch([touch], NOW);
      const confirmed = { ...recorded, tokenConfirmedAt: NOW, lastSeenAt: NOW };
      assert.deepEqual(await sessions.recordStepUp(RETRY), LOST);
      assert.deepEqual(await sessions.get('a'), confirmed);
    },

    'are lost by any other token, and by a session that is gone': async ({ sessions }) => {
      const first = sessionRow({ id: 'first', tokenConfirmedAt: null });
      await given(sessions, row, first);
      const others = ['a previous token', 'a refresh', 'a parent refresh', 'first token', 'new token', 'unknown'];
      for (const name of others) {
        assert.deepEqual(await sessions.recordStepUp({ ...STEP_UP, presented: hashOf(name) }), LOST, name);
      }
      for (const id of ['first', 'gone']) assert.deepEqual(await sessions.recordStepUp({ ...STEP_UP, id }), LOST, id);
      assert.deepEqual(await sessions.get('a'), row);
      assert.deepEqual(await sessions.get('first'), first);
      assert.equal(await sessions.get('gone'), null);
      assert.equal(await sessions.find(hashOf('new token')), null);
    },

    'are lost at either end of the session, and taken 1 ms before': async ({ sessions }) => {
      for (const [n, end] of [{ idleExpiresAt: NOW }, { expiresAt: NOW }].entries()) {
        const ending = rotatedRow({ id: `row-${n}`, ...end });
        const record = { ...STEP_UP, id: ending.id, presented: ending.tokenHash, tokenHash: hashOf(`new ${n}`) };
        await given(sessions, ending);
        assert.deepEqual(await sessions.recordStepUp(record), LOST);
        assert.deepEqual(await sessions.get(ending.id), ending);
        assert.equal((await sessions.recordStepUp({ ...record, now: NOW - 1 })).outcome, 'recorded');
      }
    },

    'take all proofs of one session and nothing else': async ({ sessions }) => {
      await given(sessions, row, rotatedRow({ id: 'b' }));
      const without = { ...row, signInProofs: {}, stepUpProofs: {} };
      assert.equal(await sessions.dropProofs('a'), true);
      assert.deepEqual(await sessions.get('a'), without);
      assert.deepEqual(await sessions.get('b'), rotatedRow({ id: 'b' }));
      assert.equal(await sessions.dropProofs('a'), true);
      assert.deepEqual(await sessions.get('a'), without);
    },

    'take no proof where there is no session': async ({ sessions }) => {
      await given(sessions, row);
      for (const id of ['gone', 'A', '', '%']) assert.equal(await sessions.dropProofs(id), false, id);
      assert.deepEqual(await sessions.get('a'), row);
    },
  },
};
