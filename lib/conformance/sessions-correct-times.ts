import type { SessionRow } from '../stores/contract/sessions.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { CORRECT_TIMES, change } from './session-changes.js';
import { given, rotatedRow, sessionRow } from './session-rows.js';
import { HOUR, MINUTE, NOW } from './setting.js';

const row = rotatedRow({ id: 'a' });
const AT = NOW + HOUR;

/** One time that is ahead, and what it becomes. */
const ALONE: Readonly<Record<string, readonly [ahead: Partial<SessionRow>, right: Partial<SessionRow>]>> = {
  'when the session was made': [
    { createdAt: AT, idleExpiresAt: AT, expiresAt: AT + MINUTE },
    { createdAt: NOW, idleExpiresAt: NOW + MINUTE, expiresAt: NOW + MINUTE },
  ],
  'when it was seen': [
    { lastSeenAt: AT, idleExpiresAt: AT + MINUTE },
    { lastSeenAt: NOW, idleExpiresAt: NOW + MINUTE },
  ],
  'when its token was made': [{ tokenIssuedAt: AT }, { tokenIssuedAt: NOW - 45_000 }],
  'when its token was used': [{ tokenConfirmedAt: AT }, { tokenConfirmedAt: NOW }],
  'when its refresh token was used': [{ refreshConfirmedAt: AT }, { refreshConfirmedAt: NOW }],
};

export const sessionsCorrectTimes: CaseGroup = {
  group: 'sessions.change: corrected times',
  part: 'sessions',
  cases: {
    'put right what a clock has written that was an hour ahead': async ({ sessions }) => {
      const at = NOW + HOUR;
      const times = { createdAt: at, authenticatedAt: at, lastSeenAt: at, idleExpiresAt: at + 5, expiresAt: at + 9 };
      const tokens = { tokenIssuedAt: at, tokenConfirmedAt: at, refreshedAt: at, refreshConfirmedAt: at };
      const ahead = {
        ...row,
        ...times,
        ...tokens,
        signInProofs: { password: at },
        stepUpProofs: { totp: at, pin: NOW },
      };
      await given(sessions, ahead);
      assert.deepEqual(await change(sessions, 'a', CORRECT_TIMES), {
        ...row,
        createdAt: NOW,
        authenticatedAt: NOW,
        lastSeenAt: NOW,
        idleExpiresAt: NOW + 5,
        expiresAt: NOW + 9,
        tokenIssuedAt: NOW - 45_000,
        tokenConfirmedAt: NOW,
        refreshedAt: NOW - 45_000,
        refreshConfirmedAt: NOW,
        signInProofs: {},
        stepUpProofs: { pin: NOW },
      });
    },

    ...Object.fromEntries(
      Object.entries(ALONE).map(([what, [ahead, right]]) => [
        `put right ${what}, where only that is an hour ahead`,
        async ({ sessions }) => {
          await given(sessions, { ...row, ...ahead });
          assert.deepEqual(await change(sessions, 'a', CORRECT_TIMES), { ...row, ...right });
          assert.deepEqual(await sessions.get('a'), { ...row, ...right });
        },
      ]),
    ),

    'leave what is 5 seconds ahead, and put right what is 1 ms more': async ({ sessions }) => {
      const fits = { ...row, lastSeenAt: NOW + 5_000, tokenConfirmedAt: NOW + 5_000 };
      await given(sessions, fits);
      assert.deepEqual(await change(sessions, 'a', CORRECT_TIMES), fits);
      const moved = { lastSeenAt: NOW - 1, idleExpiresAt: fits.idleExpiresAt - 5_001, tokenConfirmedAt: NOW - 1 };
      assert.deepEqual(await sessions.change('a', CORRECT_TIMES, NOW - 1), { ...fits, ...moved });
    },

    'leave a token unconfirmed, and what was made or used just now': async ({ sessions }) => {
      const seen = { lastSeenAt: AT, idleExpiresAt: AT + MINUTE };
      const right = { lastSeenAt: NOW, idleExpiresAt: NOW + MINUTE };
      const made = { refreshedAt: NOW, refreshConfirmedAt: NOW };
      const unconfirmed = rotatedRow({ id: 'unconfirmed', tokenConfirmedAt: null, ...made });
      const used = sessionRow({ id: 'used', tokenConfirmedAt: NOW });
      for (const each of [unconfirmed, used]) {
        await given(sessions, { ...each, ...seen });
        assert.deepEqual(await change(sessions, each.id, CORRECT_TIMES), { ...each, ...right });
      }
    },
  },
};
