import { readdirSync, readFileSync } from 'node:fs';
import { chooseStoreOfRules } from '../../support/stores.js';

/** Writes the tests of all files that have `forRules`, on this store. */
export async function rulesOn(store: string): Promise<void> {
  chooseStoreOfRules(store);
  const tests = new URL('../../', import.meta.url);
  for (const path of readdirSync(tests, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!path.endsWith('.test.js')) continue;
    const file = new URL(path, tests);
    if (readFileSync(file, 'utf8').includes('forRules(')) await import(file.href);
  }
}
