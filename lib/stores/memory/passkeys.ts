import type { PasskeyRow, PasskeyStore } from '../contract/passkeys.js';
import type { Claimable } from '../contract/realm.js';
import { memoryCopy } from './copy.js';

/** `hasTotp` says whether the user has a confirmed TOTP: a first method has to be the first of all. */
export function memoryPasskeys(
  claimable: Claimable,
  hasTotp: (userId: string) => boolean,
): PasskeyStore & { has(userId: string, rpID: string | null): boolean } {
  const rows = new Map<string, PasskeyRow>();

  function find(userId: string, id: string): PasskeyRow | null {
    const row = rows.get(id);
    return row?.userId === userId ? row : null;
  }

  function put(row: PasskeyRow): PasskeyRow {
    const kept = Object.freeze({ ...row, transports: Object.freeze([...row.transports]) });
    rows.set(row.id, kept);
    return kept;
  }

  function listForUser(userId: string): PasskeyRow[] {
    return [...rows.values()].filter((row) => row.userId === userId).sort(oldestFirst);
  }

  function ofDomain(userId: string, rpID: string | null): readonly PasskeyRow[] {
    return listForUser(userId).filter((row) => rpID === null || row.rpID === null || row.rpID === rpID);
  }

  function has(userId: string, rpID: string | null): boolean {
    return ofDomain(userId, rpID).length > 0;
  }

  return {
    ...claimable,
    has,
    async insert(row, { onlyIfNone, max }) {
      if (rows.has(row.id)) return 'already-enrolled';
      if (onlyIfNone && (has(row.userId, row.rpID) || hasTotp(row.userId))) return 'not-first-method';
      if (ofDomain(row.userId, row.rpID).length >= max) return 'full';
      put(row);
      return 'inserted';
    },
    find,
    findById: (id) => rows.get(id) ?? null,
    listForUser,
    async use({ userId, id, counter, backedUp, usedAt, rpID, evenIfRegressed }) {
      const row = find(userId, id);
      if (row === null) return false;
      if (counter <= row.counter && (counter !== 0 || row.counter !== 0) && !evenIfRegressed) return false;
      const lastUsedAt = Math.max(usedAt, row.lastUsedAt ?? usedAt);
      put({ ...row, rpID: row.rpID ?? rpID, counter, backedUp, lastUsedAt });
      return true;
    },
    async rename(userId, id, label) {
      const row = find(userId, id);
      return row === null ? null : put({ ...row, label });
    },
    async remove(userId, id) {
      return find(userId, id) !== null && rows.delete(id);
    },
    async dropForUser(userId) {
      for (const row of rows.values()) if (row.userId === userId) rows.delete(row.id);
    },
    copy: memoryCopy(
      () => [...rows.values()],
      (row) => {
        if (rows.has(row.id)) return false;
        put(row);
        return true;
      },
    ),
  };
}

function oldestFirst(a: PasskeyRow, b: PasskeyRow): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}
