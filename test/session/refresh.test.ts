import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { hashToken, newId, newToken } from '../../lib/internal/tokens.js';
import { parseOptions } from '../../lib/options/index.js';
import { createServices } from '../../lib/services.js';
import { DependencyError } from '../../lib/session/checked-store.js';
import type { RefreshOutcome } from '../../lib/session/refresh.js';
import type { RefreshToken } from '../../lib/session/refresh-token.js';
import type { NewSession } from '../../lib/session/sessions.js';
import { SETTLING, type SessionChange } from '../../lib/stores/contract/session-state.js';
import type { Delivery, SessionRow, SessionStore } from '../../lib/stores/contract/sessions.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { manualClock } from '../../lib/testing/index.js';

const SECOND = 1_000;
const HOUR = 3_600_000;
const GRACE = 30 * SECOND;

type Change = (store: SessionStore, ...args: Parameters<SessionStore['change']>) => Promise<SessionRow | null>;

interface Settings {
  /** How the first process changes a session, for example after something else. */
  readonly change?: Change;
  readonly refreshGrace?: number;
}

/** The services of two processes on one store. */
function services({ change = (store, ...args) => store.change(...args), refreshGrace = GRACE }: Settings = {}) {
  const whole = memoryStore();
  const { sessions: store } = whole;
  const clock = manualClock();
  const events: string[] = [];
  const ofProcess = (own: SessionStore) =>
    createServices(
      parseOptions({
        secret: 'a secret of 32 bytes or more....',
        issuer: 'https://app.example',
        store: { ...whole, sessions: own },
        clock,
        onEvent: ({ type }) => void events.push(type),
        idleLifetime: '2h',
        absoluteLifetime: '30h',
        refreshGrace: refreshGrace / SECOND,
      }),
    );
  const other = ofProcess(store);
  const changes: SessionChange['type'][] = [];
  const { refresh, refreshTokens, sessions, touchQueue } = ofProcess({
    ...store,
    change(id, asked, now) {
      changes.push(asked.type);
      return change(store, id, asked, now);
    },
  });

  async function signIn(delivery: Delivery = 'bearer') {
    const session: NewSession = {
      userId: 'ada',
      delivery,
      authenticatedAt: clock.now(),
      amr: ['pwd'],
      acr: null,
      proofs: {},
      userAgent: null,
      ip: null,
      label: null,
      data: null,
      idleLifetime: null,
      absoluteLifetime: null,
      persistent: true,
      restricted: false,
      impersonator: null,
      replaces: null,
    };
    const created = await sessions.create(session);
    assert.ok(created.outcome === 'created');
    return created;
  }

  /** A refresh token that is old enough to be replaced. */
  async function oldToken(): Promise<RefreshToken> {
    const { refreshToken } = await signIn();
    assert.ok(refreshToken !== null);
    clock.advance('1m');
    return refreshToken;
  }

  /** A step-up by the session's current token. */
  async function stepUp(id: string): Promise<SessionRow> {
    const presented = (await store.get(id))?.tokenHash;
    assert.ok(presented !== undefined);
    const made = { presented, nonce: 'nonce', tokenHash: hashToken(newToken()), method: 'totp', makesProof: true };
    const row = await store.change(id, { type: 'step-up', ...made }, clock.now());
    assert.ok(row !== null);
    return row;
  }

  /** A request with the session token, which the store knows of. */
  async function use(token: Uint8Array): Promise<void> {
    assert.equal((await sessions.find(token, { delivery: 'bearer' })).outcome, 'live');
    await touchQueue.flush();
  }

  return { store, clock, events, changes, refreshTokens, refresh, other, signIn, oldToken, stepUp, use };
}

function childOf(answer: RefreshOutcome, outcome: 'rotated' | 'repeated'): RefreshToken {
  assert.ok(answer.outcome === outcome, answer.outcome);
  assert.ok(answer.refreshToken !== null);
  return answer.refreshToken;
}

describe('refresh', () => {
  it('rotates once, and gives the pair whose hashes the row has', async () => {
    const { store, refresh, oldToken, events } = services();
    const parent = await oldToken();
    const answer = await refresh(parent, 'bearer');
    const child = childOf(answer, 'rotated');
    const row = await store.get(parent.sessionId);
    assert.ok(answer.outcome === 'rotated');
    assert.equal(row?.refreshHash, child.hash);
    assert.equal(row.parentRefreshHash, parent.hash);
    assert.equal(row.tokenHash, hashToken(answer.token));
    assert.deepEqual([row.tokenConfirmedAt, row.refreshConfirmedAt], [null, null]);
    assert.deepEqual(events, ['session.refreshed']);
  });

  it('derives each successor with a random nonce of its own', async () => {
    const nonces = new Set<string>();
    const { refresh, oldToken, clock } = services({
      change(store, id, change, now) {
        if (change.type === 'rotate') nonces.add(change.nonce);
        return store.change(id, change, now);
      },
    });
    let token = await oldToken();
    for (let rotation = 0; rotation < 20; rotation += 1) {
      clock.advance('1m');
      token = childOf(await refresh(token, 'bearer'), 'rotated');
    }
    assert.equal(nonces.size, 20);
    for (const nonce of nonces) assert.equal(Buffer.from(nonce, 'base64url').length, 16);
  });

  it('writes nothing when it repeats a pair', async () => {
    const { store, refresh, oldToken, clock, changes } = services();
    const parent = await oldToken();
    await refresh(parent, 'bearer');
    const before = await store.get(parent.sessionId);
    clock.advance('1h');
    childOf(await refresh(parent, 'bearer'), 'repeated');
    assert.deepEqual(await store.get(parent.sessionId), before);
    assert.deepEqual(changes, ['rotate']);
  });

  it('is no activity: whether it rotates or repeats, neither end moves', async () => {
    const { store, refresh, oldToken, clock } = services();
    let token = await oldToken();
    const before = await store.get(token.sessionId);
    assert.ok(before !== null);
    const { lastSeenAt, idleExpiresAt, expiresAt } = before;
    for (const outcome of ['rotated', 'repeated', 'rotated', 'repeated'] as const) {
      clock.advance('29m');
      if (outcome === 'repeated') clock.set((await store.get(token.sessionId))?.refreshedAt ?? 0);
      token = childOf(await refresh(token, 'bearer'), outcome);
      const row = await store.get(token.sessionId);
      assert.deepEqual(
        { lastSeenAt: row?.lastSeenAt, idleExpiresAt: row?.idleExpiresAt, expiresAt: row?.expiresAt },
        { lastSeenAt, idleExpiresAt, expiresAt },
      );
    }
    clock.set(idleExpiresAt);
    assert.equal((await refresh(token, 'bearer')).outcome, 'refused');
  });

  it('gives the pair of the process that rotated first', async () => {
    const { refresh, other, oldToken } = services({
      async change(store, ...args) {
        first ??= childOf(await other.refresh(parent, 'bearer'), 'rotated');
        return store.change(...args);
      },
    });
    let first: RefreshToken | null = null;
    const parent = await oldToken();
    const child = childOf(await refresh(parent, 'bearer'), 'repeated');
    assert.equal(child.hash, (first as RefreshToken | null)?.hash); // set above, which the compiler doesn't follow
  });

  it('finds nothing to rotate in a session that was revoked meanwhile', async () => {
    const { refresh, oldToken } = services({
      async change(store, id, ...rest) {
        await store.revoke(id, null);
        return store.change(id, ...rest);
      },
    });
    const answer = await refresh(await oldToken(), 'bearer');
    assert.deepEqual(answer, { outcome: 'refused', reason: 'unknown', row: null });
  });

  it('takes its token for stolen when it was replaced twice meanwhile', async () => {
    const { store, refresh, other, oldToken, clock, events } = services({
      async change(shared, ...args) {
        const child = childOf(await other.refresh(parent, 'bearer'), 'rotated');
        clock.advance('1m');
        childOf(await other.refresh(child, 'bearer'), 'rotated');
        return shared.change(...args);
      },
    });
    const parent = await oldToken();
    assert.deepEqual(await refresh(parent, 'bearer'), { outcome: 'reused' });
    assert.equal(await store.get(parent.sessionId), null);
    assert.deepEqual(events.slice(-2), ['session.refresh-reused', 'session.revoked']);
  });

  it('takes its token for stolen when the credentials changed meanwhile', async () => {
    const { refresh, oldToken } = services({
      async change(store, id, change, now) {
        const row = await store.get(id);
        assert.ok(row !== null);
        const { userId, tokenHash: presented } = row;
        const [tokenHash, refreshHash] = [hashToken(newToken()), hashToken(newToken())];
        const replaced = { type: 'replace-credentials', userId, presented, tokenHash, refreshHash } as const;
        await store.replaceCredentials(id, replaced, now);
        return store.change(id, change, now);
      },
    });
    assert.deepEqual(await refresh(await oldToken(), 'bearer'), { outcome: 'reused' });
  });

  it('gives up on a store that refuses a rotation which nobody else has made', async () => {
    const { refresh, oldToken, changes, events } = services({ change: async () => null });
    await assert.rejects(refresh(await oldToken(), 'bearer'), DependencyError);
    assert.deepEqual(changes, Array(5).fill('rotate'));
    assert.deepEqual(events, ['dependency.failed']);
  });

  it('refuses the token of a session with another delivery, whatever the token', async () => {
    const { refresh, signIn, refreshTokens, store } = services();
    for (const delivery of ['cookie', 'token-cookies'] as const) {
      const { row } = await signIn(delivery);
      const genuine = refreshTokens.issue(row.id).refreshToken;
      const answer = await refresh(genuine, 'bearer');
      assert.deepEqual(answer, { outcome: 'refused', reason: 'delivery-mismatch', row });
      assert.notEqual(await store.get(row.id), null);
    }
  });

  it('says at which of its ends a session has expired', async () => {
    const { refresh, oldToken, clock, store } = services();
    const idle = await oldToken();
    const row = await store.get(idle.sessionId);
    assert.ok(row !== null);
    clock.set(row.idleExpiresAt);
    assert.deepEqual(await refresh(idle, 'bearer'), { outcome: 'refused', reason: 'idle-expired', row });
    clock.set(row.expiresAt);
    assert.deepEqual(await refresh(idle, 'bearer'), { outcome: 'refused', reason: 'expired', row });
  });

  it('refuses the token of a session that there never was', async () => {
    const { refresh, refreshTokens } = services();
    const answer = await refresh(refreshTokens.issue(newId()).refreshToken, 'bearer');
    assert.deepEqual(answer, { outcome: 'refused', reason: 'unknown', row: null });
  });

  it('takes a genuine token that the row knows nothing of for stolen: a backup may have been put back', async () => {
    const { refresh, signIn, refreshTokens, store } = services();
    const { row } = await signIn();
    assert.deepEqual(await refresh(refreshTokens.issue(row.id).refreshToken, 'bearer'), { outcome: 'reused' });
    assert.equal(await store.get(row.id), null);
  });

  it('takes a clock that is behind for no time passed', async () => {
    const { refresh, other, oldToken, clock, use } = services();
    const parent = await oldToken();
    const answer = await other.refresh(parent, 'bearer');
    const child = childOf(answer, 'rotated');
    assert.ok(answer.outcome === 'rotated');
    await use(answer.token);
    clock.set(clock.now() - 5 * SECOND);
    assert.equal(childOf(await refresh(child, 'bearer'), 'repeated').hash, child.hash);
    assert.equal(childOf(await refresh(parent, 'bearer'), 'repeated').hash, child.hash);
  });

  it('rotates a token that a clock a year ahead has made, and puts the row right', async () => {
    const { store, refresh, oldToken, clock } = services();
    const now = clock.now();
    clock.advance('365d');
    const token = await oldToken();
    clock.set(now);
    const child = childOf(await refresh(token, 'bearer'), 'rotated');
    const row = await store.get(child.sessionId);
    assert.deepEqual([row?.createdAt, row?.lastSeenAt, row?.refreshedAt], [now, now, now]);
    assert.deepEqual([row?.idleExpiresAt, row?.expiresAt], [now + 2 * HOUR, now + 30 * HOUR]);
  });
});

describe('a young refresh token', () => {
  for (const { delivery, refreshGrace, youth } of [
    { delivery: 'token-cookies', refreshGrace: 0, youth: SETTLING },
    { delivery: 'token-cookies', refreshGrace: GRACE, youth: SETTLING },
    { delivery: 'token-cookies', refreshGrace: 60 * SECOND, youth: 60 * SECOND },
    { delivery: 'bearer', refreshGrace: GRACE, youth: GRACE },
    { delivery: 'bearer', refreshGrace: 60 * SECOND, youth: 60 * SECOND },
  ] as const) {
    it(`of ${delivery} is answered with itself for ${youth} ms, with a grace period of ${refreshGrace}`, async () => {
      const { refresh, signIn, clock, changes } = services({ refreshGrace });
      const { refreshToken, token } = await signIn(delivery);
      assert.ok(refreshToken !== null);
      const madeAt = clock.now();
      clock.set(madeAt + youth - 1);
      const answer = await refresh(refreshToken, delivery);
      assert.equal(childOf(answer, 'repeated').hash, refreshToken.hash);
      assert.ok(answer.outcome === 'repeated');
      assert.deepEqual(answer.token, token);
      assert.deepEqual(changes, []);
      clock.set(madeAt + youth);
      childOf(await refresh(refreshToken, delivery), 'rotated');
    });
  }

  it('of bearer is rotated at once without a grace period', async () => {
    const { refresh, signIn } = services({ refreshGrace: 0 });
    const { refreshToken } = await signIn();
    assert.ok(refreshToken !== null);
    childOf(await refresh(refreshToken, 'bearer'), 'rotated');
  });
});

describe('a refresh after a step-up', () => {
  it('renews the session token of a young refresh token, once for all who ask', async () => {
    const { refresh, other, signIn, stepUp, changes } = services();
    const { row, token, refreshToken } = await signIn();
    assert.ok(refreshToken !== null);
    const stepped = await stepUp(row.id);
    assert.deepEqual(Object.keys(stepped.stepUpProofs), ['totp']);
    const answer = await refresh(refreshToken, 'bearer');
    assert.equal(childOf(answer, 'repeated').hash, refreshToken.hash);
    assert.ok(answer.outcome === 'repeated');
    assert.equal(answer.row.tokenHash, hashToken(answer.token));
    assert.equal(answer.row.previousTokenHash, stepped.tokenHash);
    assert.notDeepEqual(answer.token, token);
    assert.deepEqual([answer.row.generation, answer.row.stepUpProofs], [row.generation + 1, {}]);
    const again = await other.refresh(refreshToken, 'bearer');
    assert.ok(again.outcome === 'repeated');
    assert.deepEqual([again.token, again.row], [answer.token, answer.row]);
    assert.deepEqual(changes, ['renew']);
  });

  it('renews it for the parent whose answer was lost, too', async () => {
    const { refresh, oldToken, stepUp, store } = services();
    const parent = await oldToken();
    const child = childOf(await refresh(parent, 'bearer'), 'rotated');
    await stepUp(parent.sessionId);
    const answer = await refresh(parent, 'bearer');
    assert.equal(childOf(answer, 'repeated').hash, child.hash);
    assert.ok(answer.outcome === 'repeated');
    assert.equal((await store.get(parent.sessionId))?.tokenHash, hashToken(answer.token));
  });

  it('gives the token of the process that renewed first', async () => {
    const { refresh, other, signIn, stepUp } = services({
      async change(store, ...args) {
        first ??= await other.refresh(refreshToken, 'bearer');
        return store.change(...args);
      },
    });
    let first: RefreshOutcome | null = null;
    const { row, refreshToken: made } = await signIn();
    assert.ok(made !== null);
    const refreshToken = made;
    await stepUp(row.id);
    assert.deepEqual(await refresh(refreshToken, 'bearer'), first);
  });

  it('renews what a step-up has replaced meanwhile', async () => {
    let meanwhile = true;
    const { refresh, signIn, stepUp, store } = services({
      async change(shared, id, ...rest) {
        if (meanwhile) await stepUp(id);
        meanwhile = false;
        return shared.change(id, ...rest);
      },
    });
    const { row, refreshToken } = await signIn();
    assert.ok(refreshToken !== null);
    await stepUp(row.id);
    const answer = await refresh(refreshToken, 'bearer');
    assert.ok(answer.outcome === 'repeated');
    assert.equal((await store.get(row.id))?.tokenHash, hashToken(answer.token));
  });
});
