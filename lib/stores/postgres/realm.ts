import type { Claimable } from '../contract/realm.js';
import type { Database, Statement } from './connection.js';

type Realm = Statement<{ readonly realm: string | null }>;

const GET: Realm = { name: 'realm', text: (p) => `SELECT realm FROM ${p}_schema` };
const CLAIM: Realm = {
  name: 'realm_claim',
  text: (p) => `UPDATE ${p}_schema SET realm = coalesce(realm, $1) RETURNING realm`,
};

/** Reads first: a store that was claimed before can be claimed where nothing can be written for a while. */
export function postgresRealm(db: Database): Claimable {
  return {
    async claim(asked) {
      const known = (await db.read(GET, [])).rows[0]?.realm;
      if (known != null) return known;
      const realm = (await db.write(CLAIM, [asked])).rows[0]?.realm;
      if (realm == null) throw new Error(`The table ${db.prefix}_schema has lost its row.`);
      return realm;
    },
  };
}
