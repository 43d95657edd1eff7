import { type Command, UsageError } from './command.js';
import { migrationsOf, pendingOf } from './migrations.js';

export const migrate: Command = {
  about: "make or update the store's tables",
  options: {
    check: { type: 'boolean', about: 'change nothing; exit with 1 when a step is missing' },
    sql: { type: 'boolean', about: 'change nothing; print the SQL of the missing steps' },
    realm: { type: 'boolean', about: 'forget which instance the store belongs to, after renaming it on purpose' },
  },
  async run({ values, config, print }) {
    const { check = false, sql = false, realm = false } = values;
    if ([check, sql, realm].filter(Boolean).length > 1) throw new UsageError('Take one of --check, --sql, --realm.');
    const { store } = (await config()).inspection;
    const pending = await pendingOf(store);
    if (sql) {
      if (pending === null) await print('-- This store needs no SQL: it makes what it needs by itself.\n');
      for (const step of pending ?? []) await print(`BEGIN;\n${step.trim()}\nCOMMIT;\n`);
      return 0;
    }
    if (check) {
      await print(
        pending === null ? 'This store makes what it needs by itself.\n' : `Missing steps: ${pending.length}.\n`,
      );
      return pending === null || pending.length === 0 ? 0 : 1;
    }
    for (const each of migrationsOf(store)) await each.migrate({ realm: realm === true });
    await print(pending === null ? 'The store is ready.\n' : `Steps done: ${pending.length}.\n`);
    return 0;
  },
};
