import { isBeyond } from '../../internal/clock.js';
import type { AttemptCount, AttemptCounter, AttemptRow, AttemptStore } from '../contract/attempts.js';
import type { Claimable } from '../contract/realm.js';
import { memoryCopy } from './copy.js';

export function memoryAttempts(claimable: Claimable): AttemptStore {
  const users = new Map<string, Map<string, AttemptCount>>();

  function live(userId: string, key: string, now: number): AttemptCount | null {
    const counter = users.get(userId)?.get(key);
    return counter === undefined || (counter.endsAt !== null && now >= counter.endsAt) ? null : counter;
  }

  function liveAndBelieved(userId: string, { key, window }: AttemptCounter, now: number): AttemptCount | null {
    const counter = live(userId, key, now);
    return counter?.endsAt != null && window !== null && isBeyond(counter.endsAt, window, now) ? null : counter;
  }

  function putRow({ userId, ...count }: AttemptRow): boolean {
    const ofUser = users.get(userId) ?? new Map<string, AttemptCount>();
    if (ofUser.has(count.key)) return false;
    users.set(userId, ofUser.set(count.key, Object.freeze(count)));
    return true;
  }

  return {
    ...claimable,
    read: (userId, keys, now) => keys.flatMap((key) => live(userId, key, now) ?? []),
    async count(userId, counters, now) {
      for (const counter of counters) {
        const { limit } = counter;
        const at = liveAndBelieved(userId, counter, now);
        if (at !== null && limit !== null && at.count >= limit) return { outcome: 'refused', at };
      }
      const ofUser = users.get(userId) ?? new Map<string, AttemptCount>();
      users.set(userId, ofUser);
      const counts = counters.map((counter): AttemptCount => {
        const { key, window } = counter;
        const at = liveAndBelieved(userId, counter, now) ?? { count: 0, endsAt: window === null ? null : now + window };
        const next = Object.freeze({ key, count: at.count + 1, endsAt: at.endsAt });
        ofUser.set(key, next);
        return next;
      });
      return { outcome: 'counted', counts };
    },
    async reset(userId, { clear, refund }) {
      const ofUser = users.get(userId);
      for (const key of clear) ofUser?.delete(key);
      for (const key of refund) {
        const counter = ofUser?.get(key);
        if (counter !== undefined)
          ofUser?.set(key, Object.freeze({ ...counter, count: Math.max(0, counter.count - 1) }));
      }
    },
    async dropForUser(userId) {
      users.delete(userId);
    },
    async deleteExpired(now, limit) {
      let count = 0;
      for (const [userId, counters] of users) {
        for (const { key, endsAt } of counters.values()) {
          if (endsAt === null || now < endsAt || count >= limit) continue;
          counters.delete(key);
          count += 1;
        }
        if (counters.size === 0) users.delete(userId);
      }
      return count;
    },
    copy: memoryCopy(
      (now) =>
        [...users].flatMap(([userId, counters]) =>
          [...counters.keys()].flatMap((key) => live(userId, key, now) ?? []).map((count) => ({ userId, ...count })),
        ),
      putRow,
    ),
  };
}
