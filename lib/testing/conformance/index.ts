import type { Store } from '../../stores/contract/store.js';
import type { CaseGroup, StorePart } from './case.js';
import { sessionsCap } from './sessions-cap.js';
import { sessionsExpiry } from './sessions-expiry.js';
import { sessionsFind } from './sessions-find.js';
import { sessionsInsert } from './sessions-insert.js';
import { sessionsList } from './sessions-list.js';
import { sessionsListForUser } from './sessions-list-for-user.js';
import { sessionsNotBefore } from './sessions-not-before.js';
import { sessionsRaces } from './sessions-races.js';
import { sessionsReplaceCredentials } from './sessions-replace-credentials.js';
import { sessionsRevoke } from './sessions-revoke.js';
import { sessionsRevokeAll } from './sessions-revoke-all.js';
import { sessionsRotate } from './sessions-rotate.js';
import { sessionsRoundTrip } from './sessions-round-trip.js';
import { sessionsStepUp } from './sessions-step-up.js';
import { sessionsStored } from './sessions-stored.js';
import { sessionsTokenRaces } from './sessions-token-races.js';
import { sessionsTouch } from './sessions-touch.js';

export type { StorePart } from './case.js';

const GROUPS: readonly CaseGroup[] = [
  sessionsInsert,
  sessionsCap,
  sessionsNotBefore,
  sessionsFind,
  sessionsRoundTrip,
  sessionsListForUser,
  sessionsList,
  sessionsRevoke,
  sessionsRevokeAll,
  sessionsTouch,
  sessionsRotate,
  sessionsStepUp,
  sessionsReplaceCredentials,
  sessionsExpiry,
  sessionsStored,
  sessionsRaces,
  sessionsTokenRaces,
];

/** One thing that a store has to do. Any test runner can run it. */
export interface ConformanceCase {
  readonly group: string;
  readonly name: string;
  /** Why the case can't be run on this store; it is to be shown as skipped. */
  readonly skip?: string;
  /** Rejects with an `AssertionError` when the store does something else, and with the store's own error when it fails. */
  readonly run: () => Promise<void>;
}

export interface StoreConformanceOptions {
  /** Parts that the store doesn't have: their cases are skipped by name. A part that is missing but not named fails. */
  readonly without?: readonly StorePart[];
  /**
   * Everything the store has written, one string a row, read by another way than the store's own (a second connection,
   * plain SQL). Without it the cases that look at what is stored are skipped.
   */
  readonly rawRows?: (store: Store) => Promise<readonly string[]>;
}

/**
 * The cases that every store has to pass, races included. `makeStore` is called once for each case and gives an empty
 * store that nothing else writes to; the case closes it.
 */
export function storeConformance(
  makeStore: () => Store | Promise<Store>,
  options: StoreConformanceOptions = {},
): readonly ConformanceCase[] {
  return GROUPS.flatMap((group) => {
    const skip = skipReason(group, options);
    return Object.entries(group.cases).map(([name, body]) => ({
      group: group.group,
      name,
      ...(skip === null ? {} : { skip }),
      run: async () => {
        const store = await makeStore();
        try {
          await body({ sessions: store.sessions, rawRows: async () => (await options.rawRows?.(store)) ?? [] });
        } finally {
          await store.close?.();
        }
      },
    }));
  });
}

function skipReason(group: CaseGroup, options: StoreConformanceOptions): string | null {
  if (options.without?.includes(group.part)) return `the store has no ${group.part}`;
  if (group.rawRows && !options.rawRows) return 'no rawRows was given';
  return null;
}
