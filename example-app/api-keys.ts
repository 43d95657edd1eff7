import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Database } from './database.js';

export const KEY_PREFIX = 'bank_';

/** Keys for programs that act for a customer. The bank keeps a hash: a key has enough randomness to need no slow one. */
export interface ApiKeys {
  /** Makes the customer's key, and ends the one before. It is shown this once. */
  make(userId: string): Promise<string>;
  find(key: string): Promise<{ readonly id: string; readonly userId: string } | null>;
}

const PUT = `INSERT INTO api_keys (user_id, id, hash) VALUES ($1, $2, $3)
  ON CONFLICT (user_id) DO UPDATE SET id = $2, hash = $3 RETURNING id`;

export function openApiKeys(db: Database): ApiKeys {
  return {
    async make(userId) {
      const key = `${KEY_PREFIX}${randomBytes(32).toString('base64url')}`;
      await db.run(PUT, userId, randomUUID(), hashOf(key));
      return key;
    },
    async find(key) {
      const [row] = await db.run('SELECT id, user_id AS "userId" FROM api_keys WHERE hash = $1', hashOf(key));
      return row === undefined ? null : { id: String(row['id']), userId: String(row['userId']) };
    },
  };
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
