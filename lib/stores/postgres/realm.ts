import type { Claimable } from '../contract/realm.js';
import type { Database, Statement } from './connection.js';
import { missingTables, refuseOtherVersions } from './schema.js';

// Of an older layout not every column is there.
const GET: Statement<{ readonly schema: { readonly version: number; readonly realm?: string | null } }> = {
  name: 'schema',
  text: (p) => `SELECT to_jsonb(s) AS schema FROM ${p}_schema s`,
};
const CLAIM: Statement<{ readonly realm: string | null }> = {
  name: 'realm_claim',
  text: (p) => `UPDATE ${p}_schema SET realm = coalesce(realm, $1) RETURNING realm`,
};

const UNDEFINED_TABLE = '42P01';

/**
 * An instance asks this before anything else. It reads first: a store that was claimed before can be claimed where
 * nothing can be written for a while, and tables of another version are refused before a row is taken for one of
 * today's.
 */
export function postgresRealm(db: Database): Claimable {
  async function known(): Promise<string | null> {
    const [row] = (await db.read(GET, []).catch(refuseMissing)).rows;
    if (row === undefined) throw lost();
    refuseOtherVersions(row.schema.version, db.prefix);
    return row.schema.realm ?? null;
  }

  function refuseMissing(error: unknown): never {
    const { code } = error as { code?: unknown }; // a rejection of `pg`
    throw code === UNDEFINED_TABLE ? missingTables(db.prefix) : error;
  }

  function lost(): Error {
    return new Error(`The table ${db.prefix}_schema has lost its row.`);
  }

  return {
    async claim(asked) {
      const realm = (await known()) ?? (await db.write(CLAIM, [asked])).rows[0]?.realm;
      if (realm == null) throw lost();
      return realm;
    },
  };
}
