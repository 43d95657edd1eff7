import assert from 'node:assert/strict';
import { approvalRow, approve } from '../../../lib/conformance/approval-rows.js';
import { insert, rotatedRow } from '../../../lib/conformance/session-rows.js';
import { HOUR, hashOf, NOW } from '../../../lib/conformance/setting.js';
import {
  CONFIRM,
  challengeRow,
  confirmedTotp,
  grantRow,
  passkeyRow,
  waitingTotp,
} from '../../../lib/conformance/step-up-rows.js';
import type { PostgresStore } from '../../../lib/stores/postgres/index.js';

/** Runs every operation of every part. `touchAgain` may hold the row `a` while it touches. */
export async function everyOperation(
  store: Omit<PostgresStore, 'migrate' | 'pendingMigrations'>,
  touchAgain: (touch: () => Promise<void>) => Promise<void> = (touch) => touch(),
): Promise<void> {
  const { sessions, challenges, grants, approvals, attempts, passkeys, totp, recoveryCodes } = store;
  const row = rotatedRow({ id: 'a' });
  const [of, now] = [{ id: 'a', userId: 'user' }, NOW];
  await sessions.claim('realm');
  await insert(sessions, row);
  await insert(sessions, rotatedRow({ id: 'b' }), { replaces: hashOf('none'), cap: 3 });
  await sessions.find(row.tokenHash);
  await sessions.get('a');
  await sessions.listForUser({ userId: 'user', limit: 100, after: { lastSeenAt: now, createdAt: now, id: 'a' }, now });
  await sessions.list({ limit: 100, after: 'a', now });
  const touches = Array.from({ length: 500 }, (_, n) => ({
    id: n === 0 ? 'a' : `touched ${n}`,
    seenAt: now,
    idleExpiresAt: now + HOUR,
    confirms: null,
  }));
  await sessions.touch(touches, now);
  await touchAgain(() => sessions.touch(touches, now));
  const tokenHash = hashOf('next');
  const stepUp = { type: 'step-up', presented: row.tokenHash, nonce: 'nonce', tokenHash } as const;
  assert.ok(await sessions.change('a', { ...stepUp, method: 'totp', makesProof: true }, now));
  await sessions.changeAllOfUser('user', { type: 'drop-proofs' }, now);
  const replacement = { type: 'replace-credentials', userId: 'user', presented: tokenHash, refreshHash: null } as const;
  const { outcome } = await sessions.replaceCredentials('a', { ...replacement, tokenHash: hashOf('replaced') }, now);
  assert.equal(outcome, 'replaced');
  await sessions.revoke('b', 'user');
  await sessions.revokeAllForUser('user', null, now);
  await sessions.deleteExpired(now, now - HOUR, 500);
  await challenges.insert(challengeRow(of), 16);
  await challenges.take('session', 'a', now);
  await challenges.dropForSession('session');
  await challenges.dropForUser('user');
  await challenges.spend(hashOf('challenge'), now, now);
  await challenges.deleteExpired(now, 500);
  await grants.insert(grantRow());
  const take = {
    sessionId: 'nowhere',
    userId: 'user',
    actionDigest: 'pay',
    action: 'pay',
    markedUntil: now + HOUR,
    now,
  };
  await grants.take(take);
  await grants.dropForChallenge('session', 'challenge');
  await grants.dropForSession('session');
  await grants.dropForUser('user', null);
  await grants.deleteExpired(now, 500);
  await approvals.insert(approvalRow(of), now);
  await approvals.get('a');
  await approvals.listPending('user', now);
  await approvals.change('a', approve(), now);
  await approvals.dropForSession('user', 'phone');
  await approvals.dropForUser('user', 'passkey');
  await approvals.dropForUser('user', null);
  await approvals.deleteExpired(now, 500);
  await attempts.count('user', [{ key: 'key', limit: 1, window: 1 }], now);
  await attempts.read('user', ['key'], now);
  await attempts.reset('user', { clear: ['key'], refund: ['other'] });
  await attempts.dropForUser('user');
  await attempts.deleteExpired(now, 500);
  await passkeys.insert(passkeyRow(of), { onlyIfNone: true, max: 50 });
  await passkeys.findById('a');
  await passkeys.listForUser('user');
  await passkeys.use({ ...of, counter: 1, backedUp: false, usedAt: now, rpID: 'app.example', evenIfRegressed: false });
  await passkeys.rename('user', 'a', 'label');
  await passkeys.remove('user', 'a');
  await passkeys.dropForUser('user');
  await totp.begin(waitingTotp());
  await totp.confirm({ ...CONFIRM, onlyIfNone: true });
  await totp.put(confirmedTotp());
  await totp.find('user');
  await totp.findWaiting('user');
  await totp.useStep({ userId: 'user', encryptedSecret: 'secret', renewed: 'renewed', step: 1, latest: 1 });
  await totp.remove('user');
  await recoveryCodes.replace('user', [hashOf('code')], now);
  await recoveryCodes.take('user', hashOf('code'));
  await recoveryCodes.count('user');
  await recoveryCodes.dropForUser('user');
  for (const part of [sessions, attempts, passkeys, totp, recoveryCodes]) await first(part.copy?.rows(now));
  await first(sessions.copy?.notBefore.rows(now));
}

/** Asks for the first page. */
async function first(rows: AsyncIterable<unknown> | undefined): Promise<void> {
  await rows?.[Symbol.asyncIterator]().next();
}
