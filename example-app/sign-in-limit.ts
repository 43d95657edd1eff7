const LIMIT = 10;
const WINDOW = 15 * 60_000;

/**
 * Limits the guesses at the password of an address, whether it has an account or not. It counts in this process's
 * memory: an app of several processes counts in what they share, for which there are packages. Another limit, by the
 * client's IP address, belongs in front of the app.
 */
export interface SignInLimit {
  /**
   * Counts an attempt, before the password is checked: those that are sent at once count, too. Gives how many
   * milliseconds to wait where there were too many; 0 otherwise.
   */
  begin(email: string): number;
  /** The password was right: the address starts anew. */
  succeeded(email: string): void;
}

export function createSignInLimit(): SignInLimit {
  const counts = new Map<string, { readonly count: number; readonly endsAt: number }>();
  return {
    begin(email) {
      const now = Date.now();
      // The first to be counted is the first to end, and a map keeps that order.
      for (const [counted, { endsAt }] of counts) {
        if (endsAt > now) break;
        counts.delete(counted);
      }
      const { count, endsAt } = counts.get(email) ?? { count: 0, endsAt: now + WINDOW };
      if (count >= LIMIT) return endsAt - now;
      counts.set(email, { count: count + 1, endsAt });
      return 0;
    },
    succeeded(email) {
      counts.delete(email);
    },
  };
}
