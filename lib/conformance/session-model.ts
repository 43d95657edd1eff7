import {
  believedNotBefore,
  cameWithRefresh,
  changed,
  isLive,
  type SessionChange,
} from '../stores/contract/session-state.js';
import type { SessionRow, Touch } from '../stores/contract/sessions.js';

/** What may be done to sessions, at a time. */
export type Step =
  | { readonly type: 'insert'; readonly row: SessionRow }
  | { readonly type: 'touch'; readonly touch: Touch }
  | { readonly type: 'change'; readonly id: string; readonly change: SessionChange }
  | { readonly type: 'change-all'; readonly userId: string; readonly change: SessionChange }
  | {
      readonly type: 'replace';
      readonly id: string;
      readonly change: Extract<SessionChange, { readonly type: 'replace-credentials' }>;
    }
  | { readonly type: 'revoke'; readonly id: string }
  | { readonly type: 'revoke-all'; readonly userId: string; readonly except: string };

/** What a store of sessions does, on plain objects that nobody else works on. */
export class SessionModel {
  readonly rows: Map<string, SessionRow> = new Map();
  readonly #notBefore = new Map<string, number>();

  /** Gives what tells of the outcome: a row, the ids of sessions that ended, or whether it was done. */
  do(step: Step, now: number): unknown {
    switch (step.type) {
      case 'insert':
        return this.#insert(step.row, now);
      case 'touch':
        return this.#touch(step.touch, now);
      case 'change':
        return this.#change(step.id, step.change, now);
      case 'change-all':
        for (const row of this.#ofUser(step.userId)) this.#change(row.id, step.change, now);
        return null;
      case 'replace': {
        const row = this.#change(step.id, step.change, now);
        return row && [row, this.#endAll(row.userId, row.id, now)];
      }
      case 'revoke':
        return this.rows.delete(step.id);
      case 'revoke-all':
        return this.#endAll(step.userId, step.except, now);
    }
  }

  #insert(row: SessionRow, now: number): boolean {
    const notBefore = believedNotBefore(this.#notBefore.get(row.userId) ?? -Infinity, now);
    this.#notBefore.set(row.userId, notBefore);
    const isTaken = row.authenticatedAt > notBefore;
    if (isTaken) this.rows.set(row.id, row);
    return isTaken;
  }

  #touch({ id, seenAt, idleExpiresAt, confirms }: Touch, now: number): null {
    const row = this.rows.get(id);
    if (row === undefined || !isLive(row, now)) return null;
    const confirmedAt = confirms === row.tokenHash ? seenAt : null;
    this.rows.set(id, {
      ...row,
      lastSeenAt: Math.max(row.lastSeenAt, seenAt),
      idleExpiresAt: Math.max(row.idleExpiresAt, Math.min(idleExpiresAt, row.expiresAt)),
      tokenConfirmedAt: row.tokenConfirmedAt ?? confirmedAt,
      refreshConfirmedAt: row.refreshConfirmedAt ?? (cameWithRefresh(row) ? confirmedAt : null),
    });
    return null;
  }

  #change(id: string, change: SessionChange, now: number): SessionRow | null {
    const row = this.rows.get(id);
    const next = row === undefined ? null : changed(row, change, now);
    if (next !== null) this.rows.set(id, next);
    return next;
  }

  #endAll(userId: string, except: string, now: number): readonly string[] {
    const known = believedNotBefore(this.#notBefore.get(userId) ?? -Infinity, now);
    this.#notBefore.set(userId, Math.max(known, now));
    const ended = this.#ofUser(userId).filter(({ id }) => id !== except);
    for (const { id } of ended) this.rows.delete(id);
    return ended.map(({ id }) => id).sort();
  }

  #ofUser(userId: string): readonly SessionRow[] {
    return [...this.rows.values()].filter((row) => row.userId === userId);
  }
}
