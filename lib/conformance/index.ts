import type { Store } from '../stores/contract/store.js';
import { assert } from './assert.js';
import type { Bench, CaseGroup, StorePart } from './case.js';
import { GROUPS } from './groups.js';

export type { StorePart } from './case.js';

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
  /**
   * Parts that the store doesn't have: their cases are skipped by name. A part that is missing but not named fails.
   * `'copy'` stands for that member of all parts.
   */
  readonly without?: readonly (StorePart | 'copy')[];
  /**
   * Everything the store has written, one string a row, read by another way than the store's own (a second connection,
   * plain SQL). Without it the cases that look at what is stored are skipped.
   */
  readonly rawRows?: (store: Store) => Promise<readonly string[]>;
  /**
   * Whether challenges, spent marks, grants and attempts that have expired go without being deleted, so that
   * `deleteExpired` of these parts may answer 0. What has expired is never given or counted all the same, and sessions
   * are always deleted.
   *
   * @default false
   */
  readonly expiresByItself?: boolean;
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
          await body(benchOf(store, options));
        } finally {
          await store.close?.();
        }
      },
    }));
  });
}

/** A part that is missing fails the case that takes it, and no other. */
function benchOf(store: Store, { rawRows }: StoreConformanceOptions): Bench {
  function part<Name extends StorePart>(name: Name): NonNullable<Store[Name]> {
    const found = store[name];
    assert.ok(found, `The store has no ${name}, and \`without\` doesn't name it.`);
    return found;
  }

  return {
    sessions: store.sessions,
    get challenges() {
      return part('challenges');
    },
    get grants() {
      return part('grants');
    },
    get approvals() {
      return part('approvals');
    },
    get attempts() {
      return part('attempts');
    },
    get passkeys() {
      return part('passkeys');
    },
    get totp() {
      return part('totp');
    },
    get recoveryCodes() {
      return part('recoveryCodes');
    },
    rawRows: async () => (await rawRows?.(store)) ?? [],
  };
}

function skipReason(
  { part, beside, copies: needsCopy, rawRows, deletesExpired }: CaseGroup,
  options: StoreConformanceOptions,
): string | null {
  const absent = options.without?.find(
    (name) => name === part || name === beside || (name === 'copy' && needsCopy === true),
  );
  if (absent !== undefined) return `the store has no ${absent}`;
  if (rawRows && !options.rawRows) return 'no rawRows was given';
  if (deletesExpired && options.expiresByItself) return 'what has expired goes by itself';
  return null;
}
