import type { Claimable } from '../contract/realm.js';
import type { TotpRow, TotpStore } from '../contract/totp.js';
import { memoryCopy } from './copy.js';

/** `hasPasskey` says whether the user has one: a first method has to be the first of all. */
export function memoryTotp(
  claimable: Claimable,
  hasPasskey: (userId: string) => boolean,
): TotpStore & { has(userId: string): boolean } {
  const rows = new Map<string, TotpRow>();

  function put(row: TotpRow): void {
    rows.set(row.userId, Object.freeze({ ...row }));
  }

  return {
    ...claimable,
    has: (userId) => (rows.get(userId)?.confirmedAt ?? null) !== null,
    find: (userId) => rows.get(userId) ?? null,
    async begin(row) {
      if ((rows.get(row.userId)?.confirmedAt ?? null) !== null) return false;
      put(row);
      return true;
    },
    async put(row) {
      put(row);
    },
    async confirm({ userId, encryptedSecret, step, now, onlyIfNone }) {
      const row = rows.get(userId);
      if (row === undefined || row.confirmedAt !== null || row.encryptedSecret !== encryptedSecret) return false;
      if (onlyIfNone && hasPasskey(userId)) return false;
      put({ ...row, confirmedAt: now, lastStep: step });
      return true;
    },
    async useStep({ userId, encryptedSecret, step, latest }) {
      const row = rows.get(userId);
      if (row?.encryptedSecret !== encryptedSecret || row.confirmedAt === null) return false;
      const last = row.lastStep ?? -1;
      if (step <= last && last <= latest) return false;
      put({ ...row, lastStep: step });
      return true;
    },
    async remove(userId) {
      return rows.delete(userId);
    },
    copy: memoryCopy(
      () => [...rows.values()],
      (row) => {
        if (rows.has(row.userId)) return false;
        put(row);
        return true;
      },
    ),
  };
}
