import { SETTLING } from '../stores/contract/session-state.js';
import type { SessionRow } from '../stores/contract/sessions.js';
import { rotatedRow, sessionRow } from './session-rows.js';
import { HOUR, hashOf, MINUTE, NOW } from './setting.js';

const FAR = NOW + HOUR;
const CAME_WITH_REFRESH = { tokenNonce: null, tokenMethod: null };
const UNCONFIRMED = { tokenConfirmedAt: null, refreshConfirmedAt: null };
const AHEAD = {
  createdAt: FAR,
  authenticatedAt: FAR,
  lastSeenAt: FAR,
  idleExpiresAt: FAR + HOUR,
  expiresAt: FAR + 2 * HOUR,
};
const TOKENS_AHEAD = { tokenIssuedAt: FAR, tokenConfirmedAt: FAR, refreshedAt: FAR, refreshConfirmedAt: FAR };

/** With cookies, made so many milliseconds ago. */
function madeAgo(ago: number): Partial<SessionRow> {
  return { delivery: 'token-cookies', tokenIssuedAt: NOW - ago, refreshedAt: NOW - ago };
}

/** Those of a sign-in with or without a refresh token, none of which was rotated. */
const FIRST: Readonly<Record<string, (id: string) => Partial<SessionRow>>> = {
  'without a refresh token': () => ({}),
  'without a refresh token, unconfirmed': (id) => ({
    previousTokenHash: hashOf(`${id} previous token`),
    tokenConfirmedAt: null,
  }),
  'without a refresh token, unconfirmed by a step-up': (id) => ({
    previousTokenHash: hashOf(`${id} previous token`),
    tokenNonce: `${id} token nonce`,
    tokenMethod: 'totp',
    tokenConfirmedAt: null,
    passedMethods: ['totp'],
    stepUpProofs: { totp: NOW - MINUTE },
  }),
  'with its first refresh token': (id) => ({
    delivery: 'bearer',
    refreshHash: hashOf(`${id} refresh`),
    refreshedAt: NOW - 3 * MINUTE,
    refreshConfirmedAt: NOW - 3 * MINUTE,
  }),
};

/** Those with a refresh token that was rotated before: `rotatedRow`, but for these columns. */
const ROTATED: Readonly<Record<string, Partial<SessionRow>>> = {
  'confirmed by a step-up': {},
  'confirmed by a step-up, its refresh token not': { refreshConfirmedAt: null },
  'confirmed by a refresh': CAME_WITH_REFRESH,
  'confirmed by a refresh, its refresh token not': { ...CAME_WITH_REFRESH, refreshConfirmedAt: null },
  'unconfirmed by a refresh': { ...CAME_WITH_REFRESH, ...UNCONFIRMED },
  'unconfirmed by a renewal': { tokenMethod: null, tokenConfirmedAt: null },
  'unconfirmed by a step-up': { tokenConfirmedAt: null },
  'unconfirmed by a step-up, its refresh token too': UNCONFIRMED,
  'in cookies, unconfirmed by a refresh': { ...CAME_WITH_REFRESH, ...UNCONFIRMED, ...madeAgo(MINUTE) },
  'in cookies, settled just now': { ...CAME_WITH_REFRESH, ...UNCONFIRMED, ...madeAgo(SETTLING) },
  'in cookies, settled in 1 ms': { ...CAME_WITH_REFRESH, ...UNCONFIRMED, ...madeAgo(SETTLING - 1) },
  'in cookies, just made': { ...CAME_WITH_REFRESH, ...UNCONFIRMED, ...madeAgo(0) },
  'in a cookie, unconfirmed by a step-up': { delivery: 'cookie', tokenConfirmedAt: null, ...madeAgo(1) },
  'with proofs and methods of many names': {
    passedMethods: ['totp', '__proto__', "my 'pin' é", 'passkey', 'toString'],
    signInProofs: { password: NOW - 9, 'recovery-code': 0, passkey: NOW - 8 },
    stepUpProofs: Object.fromEntries([
      ['totp', NOW - 7],
      ['__proto__', NOW - 6],
      ["my 'pin' é", 1],
      ['passkey', NOW - 5],
    ]),
  },
  'with a proof that is a little ahead': { stepUpProofs: { passkey: NOW + 4_000 } },
  'without proofs and methods': { passedMethods: [], signInProofs: {}, stepUpProofs: {} },
  'of many generations': { generation: 4_000_000_000 },
  'at its idle end': { idleExpiresAt: NOW },
  'at its absolute end': { expiresAt: NOW },
  '1 ms before its idle end': { idleExpiresAt: NOW + 1 },
  '1 ms before its absolute end': { expiresAt: NOW + 1 },
  'as far ahead as two clocks may be': { lastSeenAt: NOW + 5_000, tokenIssuedAt: NOW + 5_000, ...madeAgo(-5_000) },
  'seen 1 ms further ahead': { lastSeenAt: NOW + 5_001, idleExpiresAt: NOW + MINUTE },
  'with tokens of a clock that was ahead': { delivery: 'token-cookies', ...TOKENS_AHEAD },
  'with a session token that is ahead': { tokenIssuedAt: FAR, tokenConfirmedAt: null },
  'with a confirmation that is ahead': { tokenConfirmedAt: FAR, refreshConfirmedAt: FAR },
  'all of a clock that was ahead': {
    ...AHEAD,
    ...TOKENS_AHEAD,
    signInProofs: { password: FAR, passkey: NOW },
    stepUpProofs: { totp: FAR, passkey: NOW - 1 },
  },
  'of a clock that was ahead, and over once it is put right': { ...AHEAD, idleExpiresAt: FAR, expiresAt: FAR + HOUR },
  'of a clock that was ahead, idle longer than it lives': { ...AHEAD, idleExpiresAt: FAR + 9 * HOUR },
};

/** A session in each state that there is, by the name of the state. */
export const STATES: ReadonlyMap<string, SessionRow> = new Map(
  [
    ...Object.entries(FIRST).map(
      ([name, columns]) => [name, (id: string) => sessionRow({ id, ...columns(id) })] as const,
    ),
    ...Object.entries(ROTATED).map(
      ([name, columns]) => [name, (id: string) => rotatedRow({ id, ...columns })] as const,
    ),
  ].map(([name, make], n) => [name, make(`state-${n}`)]),
);
