import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSecrets } from '../../lib/internal/keys.js';
import { hashToken } from '../../lib/internal/token-hash.js';
import { createRefresh, type RefreshOutcome } from '../../lib/session/refresh.js';
import { createRefreshTokens, type RefreshToken } from '../../lib/session/refresh-token.js';
import { StoreFault } from '../../lib/session/safe-store.js';
import { createSessions, type NewSession } from '../../lib/session/sessions.js';
import { newId, newToken } from '../../lib/session/tokens.js';
import { createTouchQueue } from '../../lib/session/touch-queue.js';
import type { Delivery, RotateRefresh, SessionStore } from '../../lib/stores/contract/sessions.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { manualClock } from '../../lib/testing/index.js';

const SECOND = 1_000;
const HOUR = 3_600_000;
const GRACE = 30 * SECOND;

type Rotate = (store: SessionStore, rotation: RotateRefresh) => Promise<boolean>;

/** The services of two processes on one store. The first rotates in the given way, for example after something else. */
function services(rotate: Rotate = (store, rotation) => store.rotateRefresh(rotation)) {
  const store = memoryStore().sessions;
  const clock = manualClock();
  const events: string[] = [];
  const refreshTokens = createRefreshTokens(parseSecrets('a secret of 32 bytes or more....'));
  const ofProcess = (own: SessionStore) => {
    const settings = { idleLifetime: 2 * HOUR, absoluteLifetime: 30 * HOUR, tokenOverlap: 10 * SECOND, cap: null };
    const base = { store: own, clock, emit: ({ type }: { type: string }) => void events.push(type), ...settings };
    const touchQueue = createTouchQueue({ ...base, touchInterval: 60 * SECOND });
    const sessions = createSessions({ ...base, touchQueue, refreshTokens });
    return {
      touchQueue,
      sessions,
      refresh: createRefresh({ ...base, touchQueue, sessions, refreshTokens, refreshGrace: GRACE }),
    };
  };
  const other = ofProcess(store);
  let attempts = 0;
  const { refresh, sessions, touchQueue } = ofProcess({
    ...store,
    rotateRefresh(rotation) {
      attempts += 1;
      return rotate(store, rotation);
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

  return {
    store,
    clock,
    events,
    refreshTokens,
    refresh,
    touchQueue,
    other,
    signIn,
    oldToken,
    attempts: () => attempts,
  };
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
    const { refresh, oldToken, clock } = services((store, rotation) => {
      nonces.add(rotation.nonce);
      return store.rotateRefresh(rotation);
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
    const { store, refresh, oldToken, clock, attempts } = services();
    const parent = await oldToken();
    await refresh(parent, 'bearer');
    const before = await store.get(parent.sessionId);
    clock.advance('1h');
    childOf(await refresh(parent, 'bearer'), 'repeated');
    assert.deepEqual(await store.get(parent.sessionId), before);
    assert.equal(attempts(), 1);
  });

  it('slides the idle end by a rotation, never past the absolute end', async () => {
    const { store, refresh, oldToken, clock } = services();
    let token = await oldToken();
    const endsAt = (await store.get(token.sessionId))?.expiresAt ?? 0;
    for (let hour = 1; hour < 30; hour += 1) {
      clock.advance('59m');
      token = childOf(await refresh(token, 'bearer'), 'rotated');
      const row = await store.get(token.sessionId);
      assert.equal(row?.idleExpiresAt, Math.min(clock.now() + 2 * HOUR, endsAt));
      assert.equal(row.expiresAt, endsAt);
    }
  });

  it('gives the pair of the process that rotated first', async () => {
    const { refresh, other, oldToken } = services(async (store, rotation) => {
      first ??= childOf(await other.refresh(parent, 'bearer'), 'rotated');
      return store.rotateRefresh(rotation);
    });
    let first: RefreshToken | null = null;
    const parent = await oldToken();
    const child = childOf(await refresh(parent, 'bearer'), 'repeated');
    assert.equal(child.hash, (first as RefreshToken | null)?.hash); // set above, which the compiler doesn't follow
  });

  it('finds nothing to rotate in a session that was revoked meanwhile', async () => {
    const { refresh, oldToken } = services(async (store, rotation) => {
      await store.revoke(rotation.id, null);
      return store.rotateRefresh(rotation);
    });
    const answer = await refresh(await oldToken(), 'bearer');
    assert.deepEqual(answer, { outcome: 'refused', reason: 'unknown', row: null });
  });

  it('takes its token for stolen when it was replaced twice meanwhile', async () => {
    const { store, refresh, other, oldToken, clock, events } = services(async (shared, rotation) => {
      const child = childOf(await other.refresh(parent, 'bearer'), 'rotated');
      clock.advance('1m');
      childOf(await other.refresh(child, 'bearer'), 'rotated');
      return shared.rotateRefresh(rotation);
    });
    const parent = await oldToken();
    assert.deepEqual(await refresh(parent, 'bearer'), { outcome: 'reused' });
    assert.equal(await store.get(parent.sessionId), null);
    assert.deepEqual(events.slice(-2), ['session.refresh-reused', 'session.revoked']);
  });

  it('takes its token for stolen when the credentials changed meanwhile', async () => {
    const { refresh, oldToken } = services(async (store, rotation) => {
      const { id, now } = rotation;
      const row = await store.get(id);
      assert.ok(row !== null);
      const { userId, tokenHash: presented } = row;
      const [tokenHash, refreshHash] = [hashToken(newToken()), hashToken(newToken())];
      await store.replaceCredentials({ id, userId, presented, tokenHash, refreshHash, now });
      return store.rotateRefresh(rotation);
    });
    assert.deepEqual(await refresh(await oldToken(), 'bearer'), { outcome: 'reused' });
  });

  it('gives up on a store that refuses a rotation which nobody else has made', async () => {
    const { refresh, oldToken, attempts, events } = services(async () => false);
    await assert.rejects(refresh(await oldToken(), 'bearer'), StoreFault);
    assert.equal(attempts(), 3);
    assert.deepEqual(events, ['store.failed']);
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

  it('says at which of its ends a session is over', async () => {
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
    const { refresh, other, oldToken, clock } = services();
    const parent = await oldToken();
    const child = childOf(await other.refresh(parent, 'bearer'), 'rotated');
    await other.refresh(child, 'bearer'); // its first use
    await other.touchQueue.flush();
    clock.set(clock.now() - 5 * SECOND);
    assert.equal(childOf(await refresh(child, 'bearer'), 'repeated').hash, child.hash);
    assert.equal(childOf(await refresh(parent, 'bearer'), 'repeated').hash, child.hash);
  });
});
