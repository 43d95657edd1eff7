import type { SessionRow, SessionStore, Touch } from '../stores/contract/sessions.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { change, renew, rotate, stepUp } from './session-changes.js';
import { given, rotatedRow, sessionRow } from './session-rows.js';
import { HOUR, hashOf, NOW } from './setting.js';

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

export const sessionsTouchConfirms: CaseGroup = {
  group: 'sessions.touch: first uses of tokens',
  part: 'sessions',
  cases: {
    'gives the same for a repeat': async ({ sessions }) => {
      const once = await touched(sessions, unconfirmed, { confirms: unconfirmed.tokenHash });
      await sessions.touch([{ ...TOUCH, confirms: unconfirmed.tokenHash }], NOW);
      assert.deepEqual(await sessions.get('a'), once);
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

    'confirms the refresh token by a session token that was renewed': async ({ sessions }) => {
      await given(sessions, rotatedRow({ id: 'a', refreshConfirmedAt: null }));
      const row = await change(sessions, 'a', renew('a'));
      await sessions.touch([{ ...TOUCH, confirms: hashOf('a renewed token') }], NOW);
      const seen = { lastSeenAt: NOW, idleExpiresAt: NOW + 2 * HOUR, tokenConfirmedAt: NOW, refreshConfirmedAt: NOW };
      assert.deepEqual(await sessions.get('a'), { ...row, ...seen });
    },

    'confirms the token that the row has when the touch comes': async ({ sessions }) => {
      await given(sessions, rotatedRow({ id: 'a' }));
      await change(sessions, 'a', rotate('a'));
      const presented = hashOf('a rotated token');
      const row = await change(sessions, 'a', { ...stepUp('a'), presented });
      await sessions.touch([{ ...TOUCH, confirms: presented }], NOW);
      const seen = { lastSeenAt: NOW, idleExpiresAt: NOW + 2 * HOUR };
      assert.deepEqual(await sessions.get('a'), { ...row, ...seen });
      await sessions.touch([{ ...TOUCH, confirms: hashOf('a stepped-up token') }], NOW);
      assert.deepEqual(await sessions.get('a'), { ...row, ...seen, tokenConfirmedAt: NOW });
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
