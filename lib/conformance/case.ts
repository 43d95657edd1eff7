import type { Store } from '../stores/contract/store.js';

/** A part of a store, by its name in `Store`. */
export type StorePart = Exclude<keyof Store, 'close' | 'migrate' | 'pendingMigrations'>;

/** What a case works with: the parts of a store of its own, which is closed after it. */
export interface Bench extends Readonly<Required<Pick<Store, StorePart>>> {
  /** What the store has written, read past it. */
  rawRows(): Promise<readonly string[]>;
}

/** The cases of one behaviour, each under a sentence that says what a store does. */
export interface CaseGroup {
  readonly group: string;
  readonly part: StorePart;
  /** Another part that the cases need. */
  readonly beside?: StorePart;
  /** Whether the cases need the part's `copy`. */
  readonly copies?: true;
  /** Whether the cases look at what was written by `rawRows`. */
  readonly rawRows?: true;
  /** Whether what has expired has to be there until the cases delete it. */
  readonly deletesExpired?: true;
  readonly cases: Readonly<Record<string, (bench: Bench) => Promise<void>>>;
}
