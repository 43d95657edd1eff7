import { partsOf } from '../session/realm.js';
import type { Migrations } from '../stores/contract/realm.js';
import type { Store } from '../stores/contract/store.js';

/** Of all stores that this one is put together of: `migrate` of an object made by spreads is that of the last of them. */
export function migrationsOf(store: Store): readonly Migrations[] {
  const found = [...new Set(partsOf(store).flatMap(({ migrations }) => migrations ?? []))];
  // An app's own store may have them at the top alone.
  const isAlone = hasMigrations(store) && !found.some(({ migrate }) => migrate === store.migrate);
  return isAlone ? [...found, store] : found;
}

function hasMigrations(store: Store): store is Store & Migrations {
  return store.migrate !== undefined;
}

/** The SQL of all missing steps; null where no store needs any. */
export async function pendingOf(store: Store): Promise<readonly string[] | null> {
  const asked = migrationsOf(store).flatMap((each) => each.pendingMigrations?.() ?? []);
  return asked.length === 0 ? null : (await Promise.all(asked)).flat();
}
