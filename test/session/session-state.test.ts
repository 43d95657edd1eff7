// What `changed` makes of each state is written out here; the conformance suite has every store do the same.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import { changesOf } from '../../lib/conformance/session-changes.js';
import { rotatedRow } from '../../lib/conformance/session-rows.js';
import { STATES } from '../../lib/conformance/session-states.js';
import { HOUR, hashOf, MINUTE, NOW } from '../../lib/conformance/setting.js';
import {
  believed,
  believedNotBefore,
  cameWithRefresh,
  changed,
  firstTokens,
  isFarAhead,
  isLive,
  isSettled,
  SETTLING,
  type SessionChange,
} from '../../lib/stores/contract/session-state.js';
import type { SessionRow } from '../../lib/stores/contract/sessions.js';

const TOLERANCE = 5_000;
const FAR = 600_000;
const LONG_AGO = NOW - HOUR;

/** The tokens by their names: the current and the previous session token, the refresh token and its parent, new ones. */
const T = hashOf('T');
const P = hashOf('P');
const R = hashOf('R');
const Q = hashOf('Q');
const N = hashOf('N');
const S = hashOf('S');
type Hash = SessionRow['tokenHash'];
const NAMES = new Map<Hash | null, string>([
  [T, 'T'],
  [P, 'P'],
  [R, 'R'],
  [Q, 'Q'],
  [N, 'N'],
  [S, 'S'],
  [null, '-'],
]);

const confirmed: SessionRow = {
  ...rotatedRow({ id: 'a' }),
  tokenHash: T,
  previousTokenHash: P,
  tokenNonce: null,
  tokenMethod: null,
  tokenIssuedAt: LONG_AGO,
  tokenConfirmedAt: LONG_AGO,
  refreshHash: R,
  parentRefreshHash: Q,
  refreshedAt: LONG_AGO,
  refreshConfirmedAt: LONG_AGO,
  generation: 0,
  passedMethods: [],
  idleLifetime: null,
  persistent: true,
  restricted: false,
  impersonator: null,
  signInProofs: { password: LONG_AGO },
  stepUpProofs: {},
};
const byRefresh: SessionRow = { ...confirmed, tokenConfirmedAt: null, refreshConfirmedAt: null };
const byStepUp: SessionRow = {
  ...confirmed,
  tokenNonce: 'nonce',
  tokenMethod: 'totp',
  tokenConfirmedAt: null,
  passedMethods: ['totp'],
  stepUpProofs: { totp: LONG_AGO },
};
const inCookies = {
  delivery: 'token-cookies',
  tokenIssuedAt: NOW - SETTLING + 1,
  refreshedAt: NOW - SETTLING + 1,
} as const;

const states = {
  'confirmed, by a refresh': confirmed,
  'confirmed, by a step-up': { ...byStepUp, tokenConfirmedAt: LONG_AGO },
  'unconfirmed, by a refresh': byRefresh,
  'unconfirmed, by a renewal': { ...byRefresh, tokenNonce: 'nonce' },
  'unconfirmed, by a step-up': byStepUp,
  'unconfirmed, by a step-up after a refresh': { ...byStepUp, refreshConfirmedAt: null },
  'in cookies, by a young refresh': { ...byRefresh, ...inCookies },
  'in cookies, by a young step-up': { ...byStepUp, ...inCookies, refreshedAt: LONG_AGO },
  'in cookies, by a step-up after a young refresh': { ...byStepUp, ...inCookies, refreshConfirmedAt: null },
  'without a refresh token': { ...confirmed, ...firstTokens(null, LONG_AGO), delivery: 'cookie' },
  over: { ...confirmed, idleExpiresAt: NOW },
} satisfies Readonly<Record<string, SessionRow>>;

const made = { nonce: 'new nonce', tokenHash: N };
const rotation = { type: 'rotate', presented: R, successor: S, ...made } as const;
const renewal = { type: 'renew', refreshHash: R, replaces: T, ...made } as const;
const stepUp = { type: 'step-up', presented: T, method: 'passkey', makesProof: true, ...made } as const;
const replacement = {
  type: 'replace-credentials',
  userId: 'user',
  presented: T,
  tokenHash: N,
  refreshHash: S,
} as const;

const changes = {
  'rotate by R': rotation,
  'rotate by Q': { ...rotation, presented: Q },
  'rotate by T': { ...rotation, presented: T },
  'renew R, T': renewal,
  'renew R, P': { ...renewal, replaces: P },
  'renew Q, T': { ...renewal, refreshHash: Q },
  'step-up by T': stepUp,
  'approval by T': { ...stepUp, makesProof: false },
  'step-up by P': { ...stepUp, presented: P },
  'approval by P': { ...stepUp, presented: P, makesProof: false },
  'step-up by R': { ...stepUp, presented: R },
  'replace by T': replacement,
  'replace by P': { ...replacement, presented: P },
  'replace by T of another': { ...replacement, userId: 'other' },
  'drop-proofs': { type: 'drop-proofs' },
  'drop-method totp': { type: 'drop-method', method: 'totp' },
  'drop-method password': { type: 'drop-method', method: 'password' },
  'correct-times': { type: 'correct-times' },
} satisfies Readonly<Record<string, SessionChange>>;

/**
 * `T<P? R<Q! g0 password+totp (totp)`: the session token and the previous one, the refresh token and its parent, with
 * `?` where they are not confirmed and `!` where they are confirmed by the change; the generation; the proofs of the
 * sign-in and the step-ups; the methods passed.
 */
function shown(row: SessionRow | null): string {
  if (row === null) return '-';
  const mark = (at: number | null): string => (at === null ? '?' : at === NOW ? '!' : '');
  const name = (hash: Hash | null): string => NAMES.get(hash) ?? 'unknown';
  const tokens = `${name(row.tokenHash)}<${name(row.previousTokenHash)}${mark(row.tokenConfirmedAt)}`;
  const refresh =
    row.refreshHash === null
      ? ''
      : `${name(row.refreshHash)}<${name(row.parentRefreshHash)}${mark(row.refreshConfirmedAt)}`;
  const proofs = [...Object.keys(row.signInProofs), ...Object.keys(row.stepUpProofs).map((method) => `+${method}`)];
  return [tokens, refresh, `g${row.generation}`, proofs.join(''), `(${row.passedMethods.join()})`]
    .filter(Boolean)
    .join(' ');
}

/** What each change makes of each state; a change that isn't there makes nothing of it. */
const table: Readonly<Record<keyof typeof states, Partial<Record<keyof typeof changes, string>>>> = {
  'confirmed, by a refresh': {
    'rotate by R': 'N<T? S<R? g1 password ()',
    'step-up by T': 'N<T? R<Q g0 password+passkey (passkey)',
    'approval by T': 'N<T? R<Q g0 password (passkey)',
    'replace by T': 'N<-! S<-! g1000000 ()',
    'drop-proofs': 'T<P R<Q g1 ()',
    'drop-method totp': 'T<P R<Q g0 password ()',
    'drop-method password': 'T<P R<Q g0 ()',
    'correct-times': 'T<P R<Q g0 password ()',
  },
  'confirmed, by a step-up': {
    'rotate by R': 'N<T? S<R? g1 password (totp)',
    'renew R, T': 'N<T? R<Q g1 password (totp)',
    'step-up by T': 'N<T? R<Q g0 password+totp+passkey (totp,passkey)',
    'approval by T': 'N<T? R<Q g0 password+totp (totp,passkey)',
    'replace by T': 'N<-! S<-! g1000000 ()',
    'drop-proofs': 'T<P R<Q g1 (totp)',
    'drop-method totp': 'T<P R<Q g0 password ()',
    'drop-method password': 'T<P R<Q g0 +totp (totp)',
    'correct-times': 'T<P R<Q g0 password+totp (totp)',
  },
  'unconfirmed, by a refresh': {
    'rotate by R': 'N<T? S<R? g1 password ()',
    'step-up by T': 'N<T? R<Q! g0 password+passkey (passkey)',
    'approval by T': 'N<T? R<Q! g0 password (passkey)',
    'step-up by P': 'N<T? R<Q? g1 password+passkey (passkey)',
    'approval by P': 'N<T? R<Q? g1 password (passkey)',
    'replace by T': 'N<-! S<-! g1000000 ()',
    'drop-proofs': 'T<P? R<Q? g1 ()',
    'drop-method totp': 'T<P? R<Q? g0 password ()',
    'drop-method password': 'T<P? R<Q? g0 ()',
    'correct-times': 'T<P? R<Q? g0 password ()',
  },
  'unconfirmed, by a renewal': {
    'rotate by R': 'N<T? S<R? g1 password ()',
    'step-up by T': 'N<T? R<Q! g0 password+passkey (passkey)',
    'approval by T': 'N<T? R<Q! g0 password (passkey)',
    'step-up by P': 'N<T? R<Q? g1 password+passkey (passkey)',
    'approval by P': 'N<T? R<Q? g1 password (passkey)',
    'replace by T': 'N<-! S<-! g1000000 ()',
    'drop-proofs': 'T<P? R<Q? g1 ()',
    'drop-method totp': 'T<P? R<Q? g0 password ()',
    'drop-method password': 'T<P? R<Q? g0 ()',
    'correct-times': 'T<P? R<Q? g0 password ()',
  },
  'unconfirmed, by a step-up': {
    'rotate by R': 'N<T? S<R? g1 password (totp)',
    'renew R, T': 'N<T? R<Q g1 password (totp)',
    'step-up by T': 'N<T? R<Q g0 password+totp+passkey (totp,passkey)',
    'approval by T': 'N<T? R<Q g0 password+totp (totp,passkey)',
    'step-up by P': 'N<T? R<Q g1 password+passkey (totp,passkey)',
    'approval by P': 'N<T? R<Q g1 password (totp,passkey)',
    'replace by T': 'N<-! S<-! g1000000 ()',
    'drop-proofs': 'T<P? R<Q g1 (totp)',
    'drop-method totp': 'T<P? R<Q g0 password ()',
    'drop-method password': 'T<P? R<Q g0 +totp (totp)',
    'correct-times': 'T<P? R<Q g0 password+totp (totp)',
  },
  'unconfirmed, by a step-up after a refresh': {
    'rotate by R': 'N<T? S<R? g1 password (totp)',
    'renew R, T': 'N<T? R<Q? g1 password (totp)',
    'step-up by T': 'N<T? R<Q? g0 password+totp+passkey (totp,passkey)',
    'approval by T': 'N<T? R<Q? g0 password+totp (totp,passkey)',
    'step-up by P': 'N<T? R<Q? g1 password+passkey (totp,passkey)',
    'approval by P': 'N<T? R<Q? g1 password (totp,passkey)',
    'replace by T': 'N<-! S<-! g1000000 ()',
    'drop-proofs': 'T<P? R<Q? g1 (totp)',
    'drop-method totp': 'T<P? R<Q? g0 password ()',
    'drop-method password': 'T<P? R<Q? g0 +totp (totp)',
    'correct-times': 'T<P? R<Q? g0 password+totp (totp)',
  },
  'in cookies, by a young refresh': {
    'step-up by T': 'N<T? R<Q? g0 password+passkey (passkey)',
    'approval by T': 'N<T? R<Q? g0 password (passkey)',
    'step-up by P': 'N<T? R<Q? g1 password+passkey (passkey)',
    'approval by P': 'N<T? R<Q? g1 password (passkey)',
    'replace by T': 'N<-! S<-! g1000000 ()',
    'drop-proofs': 'T<P? R<Q? g1 ()',
    'drop-method totp': 'T<P? R<Q? g0 password ()',
    'drop-method password': 'T<P? R<Q? g0 ()',
    'correct-times': 'T<P? R<Q? g0 password ()',
  },
  'in cookies, by a young step-up': {
    'rotate by R': 'N<T? S<R? g1 password (totp)',
    'renew R, T': 'N<T? R<Q g1 password (totp)',
    'step-up by T': 'N<T? R<Q g0 password+totp+passkey (totp,passkey)',
    'approval by T': 'N<T? R<Q g0 password+totp (totp,passkey)',
    'step-up by P': 'N<T? R<Q g1 password+passkey (totp,passkey)',
    'approval by P': 'N<T? R<Q g1 password (totp,passkey)',
    'replace by T': 'N<-! S<-! g1000000 ()',
    'drop-proofs': 'T<P? R<Q g1 (totp)',
    'drop-method totp': 'T<P? R<Q g0 password ()',
    'drop-method password': 'T<P? R<Q g0 +totp (totp)',
    'correct-times': 'T<P? R<Q g0 password+totp (totp)',
  },
  'in cookies, by a step-up after a young refresh': {
    'renew R, T': 'N<T? R<Q? g1 password (totp)',
    'step-up by T': 'N<T? R<Q? g0 password+totp+passkey (totp,passkey)',
    'approval by T': 'N<T? R<Q? g0 password+totp (totp,passkey)',
    'step-up by P': 'N<T? R<Q? g1 password+passkey (totp,passkey)',
    'approval by P': 'N<T? R<Q? g1 password (totp,passkey)',
    'replace by T': 'N<-! S<-! g1000000 ()',
    'drop-proofs': 'T<P? R<Q? g1 (totp)',
    'drop-method totp': 'T<P? R<Q? g0 password ()',
    'drop-method password': 'T<P? R<Q? g0 +totp (totp)',
    'correct-times': 'T<P? R<Q? g0 password+totp (totp)',
  },
  'without a refresh token': {
    'step-up by T': 'N<T? g0 password+passkey (passkey)',
    'approval by T': 'N<T? g0 password (passkey)',
    'replace by T': 'N<-! S<-! g1000000 ()',
    'drop-proofs': 'T<- g1 ()',
    'drop-method totp': 'T<- g0 password ()',
    'drop-method password': 'T<- g0 ()',
    'correct-times': 'T<- g0 password ()',
  },
  over: {},
};

describe('a change', () => {
  for (const [state, row] of Object.entries(states)) {
    it(`makes of a session ${state} what the table says`, () => {
      const cells = Object.entries(changes).map(([name, change]) => [name, shown(changed(row, change, NOW))]);
      const known = table[state as keyof typeof states]; // it is one of them
      assert.deepEqual(Object.fromEntries(cells.filter(([, cell]) => cell !== '-')), known);
    });
  }

  it('by a token that the session never had makes nothing of it', () => {
    const unknown = hashOf('unknown');
    for (const row of [...Object.values(states), ...STATES.values()]) {
      for (const change of [
        { ...rotation, presented: unknown },
        { ...renewal, refreshHash: unknown },
        { ...renewal, replaces: unknown },
        { ...stepUp, presented: unknown },
        { ...replacement, presented: unknown },
      ]) {
        assert.equal(changed(row, change, NOW), null);
      }
    }
  });

  it('says of new tokens when they were made, with what, and that nobody had them yet', () => {
    const tokens = { tokenIssuedAt: NOW, tokenConfirmedAt: null, tokenHash: N, previousTokenHash: T };
    const { refreshedAt, refreshNonce, refreshConfirmedAt } = byStepUp;
    const kept = { refreshHash: R, refreshedAt, refreshNonce, refreshConfirmedAt };
    assertHas(changed(byStepUp, rotation, NOW), {
      ...tokens,
      tokenNonce: null,
      tokenMethod: null,
      refreshHash: S,
      refreshedAt: NOW,
      refreshNonce: 'new nonce',
      refreshConfirmedAt: null,
    });
    assertHas(changed(byStepUp, renewal, NOW), { ...tokens, ...kept, tokenNonce: 'new nonce', tokenMethod: null });
    assertHas(changed(byStepUp, stepUp, NOW), { ...tokens, ...kept, tokenNonce: 'new nonce', tokenMethod: 'passkey' });
    assertHas(changed(byStepUp, replacement, NOW), { tokenHash: N, ...firstTokens(S, NOW) });
  });

  it('alters nothing but tokens, proofs and what a wrong clock has written, and not the row that it is given', () => {
    for (const row of STATES.values()) {
      const before: unknown = JSON.parse(JSON.stringify(row));
      for (const change of Object.values(changesOf(row))) {
        const after = changed(row, change, NOW);
        assert.deepEqual(row, before);
        if (after === null) continue;
        const { id, userId, delivery, userAgent, ip, label, data, amr, acr } = after;
        assertHas(row, { id, userId, delivery, userAgent, ip, label, data, amr, acr });
        const { createdAt, authenticatedAt, lastSeenAt, idleExpiresAt, expiresAt } = after;
        assertHas(believed(row, NOW), { createdAt, authenticatedAt, lastSeenAt, idleExpiresAt, expiresAt });
        assert.ok(idleExpiresAt <= row.idleExpiresAt && expiresAt <= row.expiresAt, 'it lives longer');
      }
    }
  });

  it('counts on whenever proofs of step-ups go but for a method that is removed, and never back', () => {
    for (const [state, row] of STATES) {
      for (const [name, change] of Object.entries(changesOf(row))) {
        const after = changed(row, change, NOW);
        if (after === null) continue;
        const lost = Object.keys(believed(row, NOW).stepUpProofs).some(
          (method) => !Object.hasOwn(after.stepUpProofs, method),
        );
        assert.ok(after.generation >= row.generation, `${state}: ${name}`);
        if (lost && change.type !== 'drop-method') assert.ok(after.generation > row.generation, `${state}: ${name}`);
      }
    }
  });

  it('is the only one of its kind: a second with the same tokens makes nothing of the row', () => {
    for (const [state, row] of STATES) {
      for (const [name, change] of Object.entries(changesOf(row))) {
        const after = changed(row, change, NOW);
        if (after === null || !('tokenHash' in change) || change.type === 'step-up') continue;
        assert.equal(changed(after, { ...change, tokenHash: hashOf('another') }, NOW), null, `${state}: ${name}`);
      }
    }
  });

  it('keeps of a method its latest proof, also where the row’s is a little ahead', () => {
    const row = { ...byStepUp, stepUpProofs: { passkey: NOW + TOLERANCE } };
    assert.deepEqual(changed(row, stepUp, NOW)?.stepUpProofs, { passkey: NOW + TOLERANCE });
    assert.deepEqual(changed(row, stepUp, NOW + TOLERANCE + 1)?.stepUpProofs, { passkey: NOW + TOLERANCE + 1 });
  });
});

function assertHas(row: SessionRow | null, columns: Partial<SessionRow>): void {
  assert.deepEqual({ ...row, ...columns }, row);
}

const AGES = { 'made now': 0, '44,999 ms old': SETTLING - 1, '45,000 ms old': SETTLING, 'made 1 ms ahead': -1 };

describe('a token', () => {
  for (const [what, age] of Object.entries(AGES)) {
    it(`that is ${what} is settled with cookies from 45 s on, and with bearer always`, () => {
      for (const delivery of ['cookie', 'token-cookies'] as const) {
        assert.equal(isSettled({ delivery }, NOW - age, NOW), age >= SETTLING);
      }
      assert.equal(isSettled({ delivery: 'bearer' }, NOW - age, NOW), true);
    });
  }

  it('shows that its client has the refresh token where it came with one, and no step-up made it', () => {
    assert.equal(cameWithRefresh(confirmed), true);
    assert.equal(cameWithRefresh(states['unconfirmed, by a renewal']), true);
    assert.equal(cameWithRefresh(byStepUp), false);
    assert.equal(cameWithRefresh({ ...confirmed, refreshHash: null }), false);
  });
});

describe('a session', () => {
  it('expires at either end, not after it', () => {
    const ends = [NOW - 1, NOW, NOW + 1];
    for (const idleExpiresAt of ends) {
      for (const expiresAt of ends) {
        assert.equal(isLive({ idleExpiresAt, expiresAt }, NOW), idleExpiresAt > NOW && expiresAt > NOW);
      }
    }
  });
});

/** The times of a row that are past when they are written. */
const PAST = [
  'createdAt',
  'authenticatedAt',
  'lastSeenAt',
  'tokenIssuedAt',
  'tokenConfirmedAt',
  'refreshConfirmedAt',
] as const;
/** Those that make a row wrong: the others are never later than one of them. */
const TELLING = PAST.filter((column) => column !== 'authenticatedAt');

/** All written at `at`, by one clock. */
function writtenAt(at: number, row: Partial<SessionRow> = {}): SessionRow {
  return {
    ...byStepUp,
    createdAt: at,
    authenticatedAt: at,
    lastSeenAt: at,
    idleExpiresAt: at + HOUR,
    expiresAt: at + 3 * HOUR,
    tokenIssuedAt: at,
    tokenConfirmedAt: at,
    refreshedAt: at,
    refreshConfirmedAt: at,
    signInProofs: { password: at },
    stepUpProofs: { totp: at },
    ...row,
  };
}

describe('a row of another clock', () => {
  for (const ahead of [-1, 0, TOLERANCE]) {
    it(`that is ${ahead} ms ahead is believed as it is`, () => {
      const row = writtenAt(NOW + ahead);
      assert.equal(believed(row, NOW), row);
      assert.equal(isFarAhead(row, NOW), false);
    });
  }

  for (const ahead of [TOLERANCE + 1, MINUTE, FAR, 365 * 24 * HOUR]) {
    it(`that is ${ahead} ms ahead counts as written now, with settled tokens and without proofs`, () => {
      assert.deepEqual(
        believed(writtenAt(NOW + ahead), NOW),
        writtenAt(NOW, {
          tokenIssuedAt: NOW - SETTLING,
          refreshedAt: NOW - SETTLING,
          signInProofs: {},
          stepUpProofs: {},
        }),
      );
    });
  }

  for (const column of TELLING) {
    it(`is found out by ${column} alone, and put right from ten minutes on`, () => {
      const at = (ahead: number): SessionRow => ({ ...writtenAt(LONG_AGO), [column]: NOW + ahead });
      const tolerated = at(TOLERANCE);
      assert.equal(believed(tolerated, NOW), tolerated);
      const expected = column === 'tokenIssuedAt' ? NOW - SETTLING : NOW;
      assert.equal(believed(at(TOLERANCE + 1), NOW)[column], expected);
      assert.deepEqual(
        [FAR, FAR + 1].map((ahead) => isFarAhead(at(ahead), NOW)),
        [false, true],
      );
    });
  }

  it('keeps what is not ahead, and null where there is nothing', () => {
    const row = { ...states['without a refresh token'], lastSeenAt: NOW + HOUR, idleExpiresAt: NOW + 2 * HOUR };
    assert.deepEqual(believed(row, NOW), { ...row, lastSeenAt: NOW, idleExpiresAt: NOW + HOUR });
  });

  it('drops the proofs that are ahead, and no other', () => {
    const proofs = { old: LONG_AGO, tolerated: NOW + TOLERANCE, ahead: NOW + TOLERANCE + 1 };
    const row = { ...writtenAt(NOW + HOUR), signInProofs: proofs, stepUpProofs: proofs };
    const { ahead: _, ...kept } = proofs;
    const { signInProofs, stepUpProofs } = believed(row, NOW);
    assert.deepEqual([signInProofs, stepUpProofs], [kept, kept]);
  });

  it('is never idle for longer than it lives', () => {
    const row = { ...writtenAt(NOW + HOUR), idleExpiresAt: NOW + 99 * HOUR };
    const { idleExpiresAt, expiresAt } = believed(row, NOW);
    assert.deepEqual([idleExpiresAt, expiresAt], [NOW + 3 * HOUR, NOW + 3 * HOUR]);
  });

  it('is believed once, has nothing ahead then, and lives no longer than it would have', () => {
    const offset = fc.oneof(fc.integer({ min: -HOUR, max: HOUR }), fc.constantFrom(TOLERANCE, TOLERANCE + 1, FAR));
    const times = fc.record(Object.fromEntries(PAST.map((column) => [column, offset])));
    fc.assert(
      fc.property(times, fc.nat(HOUR), fc.nat(HOUR), (offsets, idle, lifetime) => {
        const moved = Object.fromEntries(Object.entries(offsets).map(([column, at]) => [column, NOW + at]));
        const row = { ...byStepUp, ...moved };
        const ends = { idleExpiresAt: row.lastSeenAt + idle, expiresAt: row.createdAt + lifetime };
        const written = { ...row, ...ends };
        const trusted = believed(written, NOW);
        assert.equal(believed(trusted, NOW), trusted);
        if (trusted === written) return;
        for (const column of PAST) assert.ok((trusted[column] ?? NOW) <= NOW + TOLERANCE, column);
        assert.ok(trusted.expiresAt <= Math.min(written.expiresAt, NOW + TOLERANCE + lifetime));
        assert.ok(trusted.idleExpiresAt <= Math.min(written.idleExpiresAt, NOW + TOLERANCE + idle));
      }),
    );
  });
});

describe('a not-before time', () => {
  for (const [notBefore, taken] of [
    [LONG_AGO, LONG_AGO],
    [NOW, NOW],
    [NOW + TOLERANCE, NOW + TOLERANCE],
    [NOW + TOLERANCE + 1, NOW - 1],
    [NOW + 365 * 24 * HOUR, NOW - 1],
  ] as const) {
    it(`that is ${notBefore - NOW} ms ahead is taken for ${taken - NOW} ms`, () => {
      assert.equal(believedNotBefore(notBefore, NOW), taken);
    });
  }
});

describe('the first tokens of a session', () => {
  it('replace none, and count as used', () => {
    const tokens = {
      previousTokenHash: null,
      tokenNonce: null,
      tokenMethod: null,
      tokenIssuedAt: NOW,
      tokenConfirmedAt: NOW,
    };
    const none = { parentRefreshHash: null, refreshNonce: null };
    assert.deepEqual(firstTokens(R, NOW), {
      ...tokens,
      ...none,
      refreshHash: R,
      refreshedAt: NOW,
      refreshConfirmedAt: NOW,
    });
    assert.deepEqual(firstTokens(null, NOW), {
      ...tokens,
      ...none,
      refreshHash: null,
      refreshedAt: null,
      refreshConfirmedAt: null,
    });
  });
});
