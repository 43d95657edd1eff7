import type { Database } from 'better-sqlite3';

export interface RealmReads {
  /** Null before the first claim. */
  get(): string | null;
}

export interface RealmWrites {
  claim(realm: string): string;
  forget(): void;
}

export function realmReads(db: Database, prefix: string): RealmReads {
  const realm = db.prepare<[], string | null>(`SELECT realm FROM ${prefix}_schema`).pluck();
  return { get: () => realm.get() ?? null };
}

export function realmWrites(db: Database, prefix: string): RealmWrites {
  const claim = db
    .prepare<[string], string>(`UPDATE ${prefix}_schema SET realm = ifnull(realm, ?) RETURNING realm`)
    .pluck();
  const forget = db.prepare(`UPDATE ${prefix}_schema SET realm = NULL`);

  return {
    claim(asked) {
      const realm = claim.get(asked);
      if (realm === undefined) throw new Error(`The table ${prefix}_schema has lost its row.`);
      return realm;
    },
    forget() {
      forget.run();
    },
  };
}
