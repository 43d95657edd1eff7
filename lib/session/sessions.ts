import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RefusedReason, RevokedBy } from '../events.js';
import { andThen, type MaybePromise } from '../internal/maybe-promise.js';
import { encode, hashToken, keyedHash, newId, newToken, type TokenHash } from '../internal/tokens.js';
import type { Services } from '../services.js';
import { believed, confirmedBy, firstTokens, isFarAhead, isLive } from '../stores/contract/session-state.js';
import type {
  Delivery,
  EndedSession,
  Impersonator,
  ProofTimes,
  Session,
  SessionCursor,
  SessionRow,
} from '../stores/contract/sessions.js';
import type { SessionKeeper } from './keeper.js';
import type { RefreshToken, RefreshTokens } from './refresh-token.js';
import type { Sighting } from './touch-queue.js';

/**
 * How long a sign-in may take from the credentials to the session. Beyond it a sign-in is refused, so that a user's
 * not-before time need not be kept longer.
 */
export const SIGN_IN_WINDOW = 86_400_000;

/** So that a session with a short idle lifetime of its own is kept alive by its requests. */
const TOUCHES_A_LIFETIME = 20;

/** Many sessions may end in one step: what the app's `onEvent` does with each must not hold up everybody's requests. */
const EVENTS_A_TURN = 500;

const NONCE_BYTES = 16;

/** What the request that brings a credential says of its session. */
export interface Claim {
  readonly delivery: Delivery;
  /** From an access token: who and which session it was issued for. */
  readonly userId?: string;
  readonly sessionId?: string;
  /** Whether the request is no activity of the user's. */
  readonly passive?: boolean;
}

export type FindOutcome =
  /** `byCurrentToken`: else by the previous one: by the previous one the session proves nothing and manages nothing. */
  | { readonly outcome: 'live'; readonly row: SessionRow; readonly byCurrentToken: boolean }
  | { readonly outcome: 'refused'; readonly reason: RefusedReason; readonly row: SessionRow | null };

export interface NewSession {
  readonly userId: string;
  readonly delivery: Delivery;
  readonly authenticatedAt: number;
  readonly amr: readonly string[];
  readonly acr: string | null;
  readonly proofs: ProofTimes;
  readonly userAgent: string | null;
  readonly ip: string | null;
  readonly label: string | null;
  readonly data: Session['data'];
  /** Milliseconds; null: the instance's. */
  readonly idleLifetime: number | null;
  /** Milliseconds; null: the instance's. */
  readonly absoluteLifetime: number | null;
  readonly persistent: boolean;
  readonly restricted: boolean;
  readonly impersonator: Impersonator | null;
  readonly replaces: TokenHash | null;
}

/** A session with the secrets that go to its client, and nowhere else. */
export interface SessionWithTokens {
  readonly row: SessionRow;
  readonly token: Uint8Array;
  /** Null for a delivery without one, and where only the session token is new. */
  readonly refreshToken: RefreshToken | null;
}

export type CreateOutcome = ({ readonly outcome: 'created' } & SessionWithTokens) | { readonly outcome: 'too-late' };

export interface Sessions extends SessionKeeper {
  find(token: Uint8Array, claim: Claim): MaybePromise<FindOutcome>;
  create(session: NewSession): Promise<CreateOutcome>;
  /** Live rows of the user, newest activity first, after the given place. */
  listForUser(userId: string, limit: number, after: SessionCursor | null): Promise<readonly SessionRow[]>;
  /** Live rows by id, after the given one. */
  list(limit: number, after: string | null): Promise<readonly SessionRow[]>;
  /** The row if it is live. */
  get(id: string): Promise<SessionRow | null>;
  /** Ends a session; with a `userId` only one of that user's. False when there is none. */
  revoke(id: string, userId: string | null, by: RevokedBy): Promise<boolean>;
  /** Ends the session that a current or previous token belongs to. */
  revokeByToken(token: Uint8Array, claim: Claim, by: RevokedBy): Promise<void>;
  /** Ends the session of an admin who acts as a user. */
  revokeByReturnToken(token: Uint8Array, by: RevokedBy): Promise<void>;
  /** Ends the other sessions and gives this one new tokens; null when its token is no longer the current one. */
  credentialsChanged(row: SessionRow): Promise<SessionWithTokens | null>;
}

export function createSessions({
  settings,
  store: { sessions: store },
  secrets,
  clock,
  emit,
  touchQueue,
  refreshTokens,
  returnTokens,
}: Pick<
  Services,
  'settings' | 'store' | 'secrets' | 'clock' | 'emit' | 'touchQueue' | 'refreshTokens' | 'returnTokens'
>): Sessions {
  const { tokenOverlap, maxSessionsPerUser: cap } = settings;
  const successorKey = secrets[0].key('step-up');

  /** `admin`: the row of the one who acts as the user, where somebody does. */
  function judge(stored: SessionRow | null, hash: TokenHash, claim: Claim, admin: SessionRow | null): FindOutcome {
    if (stored === null) return { outcome: 'refused', reason: 'unknown', row: null };
    const now = clock.now();
    if (stored.impersonator !== null && !carries(admin, stored.impersonator, now)) {
      return { outcome: 'refused', reason: 'impersonator-gone', row: stored };
    }
    const row = believed(stored, now);
    const reason = refusalReason(row, hash, claim, now);
    if (reason !== null) return { outcome: 'refused', reason, row };
    const byCurrentToken = row.tokenHash === hash;
    const sighting = sightingOf(
      stored,
      row,
      { presented: byCurrentToken ? hash : null, passive: claim.passive },
      now,
      settings,
    );
    if (sighting !== null) touchQueue.note(sighting);
    if (admin !== null) {
      const beside = sightingOf(
        admin,
        believed(admin, now),
        { presented: null, passive: claim.passive },
        now,
        settings,
      );
      if (beside !== null) touchQueue.note(beside); // else it would end idle while its user acts as another
    }
    return { outcome: 'live', row, byCurrentToken };
  }

  function refusalReason(row: SessionRow, hash: TokenHash, claim: Claim, now: number): RefusedReason | null {
    if (row.delivery !== claim.delivery) return 'delivery-mismatch';
    if (claim.userId !== undefined && row.userId !== claim.userId) return 'user-mismatch';
    if (claim.sessionId !== undefined && row.id !== claim.sessionId) return 'session-mismatch';
    const over = endOf(row, now);
    if (over !== null || row.tokenHash === hash) return over;
    const overlapEndsAt = row.tokenConfirmedAt === null ? row.expiresAt : row.tokenConfirmedAt + tokenOverlap;
    return now >= overlapEndsAt ? 'replaced' : null;
  }

  async function revoked(ended: readonly EndedSession[], by: RevokedBy): Promise<void> {
    for (const [index, { id, userId }] of ended.entries()) {
      if (index > 0 && index % EVENTS_A_TURN === 0) await nextTurn();
      emit({ type: 'session.revoked', userId, sessionId: id, by });
    }
  }

  async function get(id: string): Promise<SessionRow | null> {
    const stored = await store.get(id);
    const now = clock.now();
    const row = stored && believed(stored, now);
    if (row === null || !isLive(row, now)) return null;
    if (row.impersonator === null) return row;
    return carries(await store.get(row.impersonator.sessionId), row.impersonator, now) ? row : null;
  }

  /** Those of an impersonator whose own session has expired are so, too: the page is filled up with what follows. */
  async function page<After>(
    read: (limit: number, after: After | null) => MaybePromise<readonly SessionRow[]>,
    limit: number,
    after: After | null,
    placeOf: (row: SessionRow) => After,
  ): Promise<readonly SessionRow[]> {
    const rows: SessionRow[] = [];
    for (let from = after; ; ) {
      const asked = limit - rows.length;
      const found = await read(asked, from);
      for (const row of found) if (row.impersonator === null || (await get(row.id)) !== null) rows.push(row);
      const last = found.at(-1);
      if (last === undefined || found.length < asked || rows.length === limit) return rows;
      from = placeOf(last);
    }
  }

  async function revoke(id: string, userId: string | null, by: RevokedBy): Promise<boolean> {
    const ended = await store.revoke(id, userId);
    if (ended !== null) await revoked([ended], by);
    return ended !== null;
  }

  return {
    find(token, claim) {
      const hash = hashToken(token);
      return andThen(store.find(hash), (row) => {
        if (!row?.impersonator) return judge(row, hash, claim, null);
        return andThen(store.get(row.impersonator.sessionId), (admin) => judge(row, hash, claim, admin));
      });
    },
    async create({ replaces, proofs, absoluteLifetime: ownAbsolute, ...session }) {
      const now = clock.now();
      const absoluteLifetime = ownAbsolute ?? settings.absoluteLifetime;
      const idleLifetime = session.idleLifetime ?? settings.idleLifetime;
      if (session.authenticatedAt <= now - SIGN_IN_WINDOW) return { outcome: 'too-late' };
      const id = newId();
      const tokens = tokensFor(session.delivery, id, refreshTokens);
      const row: SessionRow = {
        ...session,
        id,
        createdAt: now,
        lastSeenAt: now,
        idleExpiresAt: now + Math.min(idleLifetime, absoluteLifetime),
        expiresAt: now + absoluteLifetime,
        tokenHash: hashToken(tokens.token),
        ...firstTokens(tokens.refreshToken?.hash ?? null, now),
        generation: 0,
        passedMethods: Object.keys(proofs),
        signInProofs: proofs,
        stepUpProofs: {},
      };
      const inserted = await store.insert({ row, replaces, cap: row.impersonator === null ? cap : null, now });
      if (inserted.outcome === 'refused') return { outcome: 'too-late' };
      if (inserted.replaced !== null) await revoked([inserted.replaced], 'sign-in');
      await revoked(inserted.evicted, 'cap');
      return { outcome: 'created', row, ...tokens };
    },
    listForUser: (userId, limit, after) =>
      page(
        (rest, from) => store.listForUser({ userId, limit: rest, after: from, now: clock.now() }),
        limit,
        after,
        (row) => row,
      ),
    list: (limit, after) =>
      page(
        (rest, from) => store.list({ limit: rest, after: from, now: clock.now() }),
        limit,
        after,
        ({ id }) => id,
      ),
    get,
    revoke,
    async revokeAllForUser(userId, except, by) {
      const ended = await store.revokeAllForUser(userId, except, clock.now());
      await revoked(ended, by);
      return ended.length;
    },
    async revokeByReturnToken(token, by) {
      for (const hash of returnTokens.hashesOf(token)) {
        const row = await store.find(hash);
        if (row !== null) await revoke(row.id, row.userId, by);
      }
    },
    async revokeByToken(token, claim, by) {
      const row = await store.find(hashToken(token));
      if (row !== null && row.delivery === claim.delivery) await revoke(row.id, row.userId, by);
    },
    async record({ row, token }, { method, makesProof }) {
      if (token === null) return null;
      const verifiedAt = clock.now();
      const nonce = encode(randomBytes(NONCE_BYTES));
      const successor = successorOf(token, nonce, successorKey);
      const presented = hashToken(token);
      const tokenHash = hashToken(successor);
      const change = { type: 'step-up', presented, nonce, tokenHash, method, makesProof } as const;
      const recorded = await store.change(row.id, change, verifiedAt, row);
      if (recorded === null) return null;
      // By the previous token its generation rises.
      const answers = presented === row.tokenHash ? recorded.generation : recorded.generation - 1;
      return { row: recorded, token: successor, proofsId: recorded.id, verifiedAt, answers };
    },
    async dropProofs({ row }) {
      await store.change(row.id, { type: 'drop-proofs' }, clock.now());
    },
    async endAfterFailures({ id, userId }) {
      await revoke(id, userId, 'attempts');
    },
    async credentialsChanged(row) {
      const now = clock.now();
      const tokens = tokensFor(row.delivery, row.id, refreshTokens);
      const change = {
        type: 'replace-credentials',
        userId: row.userId,
        presented: row.tokenHash,
        tokenHash: hashToken(tokens.token),
        refreshHash: tokens.refreshToken?.hash ?? null,
      } as const;
      const answer = await store.replaceCredentials(row.id, change, now);
      if (answer.outcome === 'lost') return null;
      await revoked(answer.ended, 'credentials-changed');
      return { row: answer.row, ...tokens };
    },
  };
}

/**
 * What a request's use of a session has to change in its row. Null, as for most requests, where that is nothing: the
 * session was seen less than `touchInterval` ago, its token counts as used, and its times are right.
 *
 * @param row `stored` as `believed` takes it.
 * @param presented Its current session token, when the request brought that; else null.
 * @param passive Whether the request is no activity of the user's: then it slides nothing.
 */
export function sightingOf(
  stored: SessionRow,
  row: SessionRow,
  { presented, passive = false }: { readonly presented: TokenHash | null; readonly passive?: boolean | undefined },
  now: number,
  settings: Pick<Services['settings'], 'idleLifetime' | 'touchInterval'>,
): Sighting | null {
  const confirms = confirmedBy(row, presented, now);
  const isWrong = row !== stored && isFarAhead(stored, now);
  const idleLifetime = Math.min(row.idleLifetime ?? Number.POSITIVE_INFINITY, settings.idleLifetime);
  const idleExpiresAt = passive ? row.idleExpiresAt : Math.min(now + idleLifetime, row.expiresAt);
  const interval = Math.min(settings.touchInterval, idleLifetime / TOUCHES_A_LIFETIME);
  // A passive request may have been the last that was seen.
  const isDue = !passive && (now - row.lastSeenAt >= interval || idleExpiresAt - row.idleExpiresAt >= interval);
  if (confirms === null && !isWrong && !isDue) return null;
  return { touch: { id: row.id, seenAt: now, idleExpiresAt, confirms }, isWrong };
}

/** Whether the impersonated session may live: as long as that of the admin, who can't use it meanwhile. */
function carries(admin: SessionRow | null, { userId }: Impersonator, now: number): boolean {
  return admin !== null && admin.userId === userId && isLive(believed(admin, now), now);
}

/** At which of its ends a session has expired, null while it lives: it expires **at** an end, not after it. */
export function endOf(row: SessionRow, now: number): 'expired' | 'idle-expired' | null {
  if (now >= row.expiresAt) return 'expired';
  return now >= row.idleExpiresAt ? 'idle-expired' : null;
}

/** What a user may see of a session, without a hash in it. */
export function publicSession(row: SessionRow): Session {
  const { id, userId, delivery, createdAt, authenticatedAt, lastSeenAt, idleExpiresAt, expiresAt } = row;
  const { userAgent, ip, label, data, impersonator, restricted } = row;
  const times = { createdAt, authenticatedAt, lastSeenAt, idleExpiresAt, expiresAt };
  const session = { id, userId, delivery, ...times, userAgent, ip, label, data };
  if (impersonator === null && !restricted) return session; // most requests: they cost no copy
  return {
    ...session,
    ...(impersonator === null ? {} : { impersonated: true }),
    ...(restricted ? { restricted } : {}),
  };
}

/** Only a holder of the presented token and the secret could make it: the row gives neither away. */
function successorOf(token: Uint8Array, nonce: string, key: Uint8Array): Uint8Array {
  return keyedHash(key, Buffer.concat([Buffer.from(nonce, 'base64url'), token]));
}

function tokensFor(delivery: Delivery, id: string, refreshTokens: RefreshTokens): Omit<SessionWithTokens, 'row'> {
  return delivery === 'cookie' ? { token: newToken(), refreshToken: null } : refreshTokens.issue(id);
}
