import type { Claimable } from '../contract/realm.js';
import type { TotpRow, TotpStore } from '../contract/totp.js';
import { memoryCopy } from './copy.js';

/** `hasPasskey` says whether the user has one of a domain: a first method has to be the first of all. */
export function memoryTotp(
  claimable: Claimable,
  hasPasskey: (userId: string, rpID: string | null) => boolean,
): TotpStore & { has(userId: string): boolean } {
  const confirmed = new Map<string, TotpRow>();
  const waiting = new Map<string, TotpRow>();

  function rowsLike(row: TotpRow): Map<string, TotpRow> {
    return row.confirmedAt === null ? waiting : confirmed;
  }

  function put(row: TotpRow): void {
    rowsLike(row).set(row.userId, Object.freeze({ ...row }));
  }

  return {
    ...claimable,
    has: (userId) => confirmed.has(userId),
    find: (userId) => confirmed.get(userId) ?? null,
    findWaiting: (userId) => waiting.get(userId) ?? null,
    async begin(row) {
      put(row);
    },
    async put(row) {
      waiting.delete(row.userId);
      put(row);
    },
    async confirm({ userId, encryptedSecret, step, now, onlyIfNone, rpID }) {
      const row = waiting.get(userId);
      const replaces = confirmed.has(userId);
      if (row?.encryptedSecret !== encryptedSecret) return 'refused';
      if (onlyIfNone && (replaces || hasPasskey(userId, rpID))) return 'refused';
      waiting.delete(userId);
      put({ ...row, confirmedAt: now, lastStep: step });
      return replaces ? 'replaced' : 'confirmed';
    },
    async useStep({ userId, encryptedSecret, renewed, step, latest }) {
      const row = confirmed.get(userId);
      if (row?.encryptedSecret !== encryptedSecret) return false;
      const last = row.lastStep ?? -1;
      if (step <= last && last <= latest) return false;
      put({ ...row, encryptedSecret: renewed, lastStep: step });
      return true;
    },
    async remove(userId) {
      const [hadConfirmed, hadWaiting] = [confirmed.delete(userId), waiting.delete(userId)];
      return hadConfirmed || hadWaiting;
    },
    copy: memoryCopy(
      () => [...confirmed.values(), ...waiting.values()],
      (row) => {
        if (rowsLike(row).has(row.userId)) return false;
        put(row);
        return true;
      },
    ),
  };
}
