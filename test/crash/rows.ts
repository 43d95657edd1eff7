import Database from 'better-sqlite3';
import type { TokenHash } from '../../lib/internal/tokens.js';
import { tokenKey } from '../../lib/stores/sqlite/sessions.js';
import { Violation } from './ledger.js';

export interface RawRows {
  /** By the id of the session. */
  readonly sessions: ReadonlyMap<string, RawSession>;
  /** The users who have a passkey. */
  readonly passkeys: ReadonlySet<string>;
}

export interface RawSession {
  readonly id: string;
  readonly user_id: string;
  readonly token_key: bigint;
  readonly token_hash: TokenHash;
  readonly delivery: string;
  readonly refresh_hash: string | null;
  readonly amr: string;
  readonly sign_in_proofs: string;
  readonly step_up_proofs: string;
}

/** What is in the file, past the store. Reports a file that isn't sound, and half a row. */
export function readRows(file: string, report: (violation: Violation) => void): RawRows {
  const db = new Database(file, { readonly: true });
  try {
    const sound = db.prepare<[], string>('PRAGMA integrity_check').pluck().get();
    if (sound !== 'ok') report(new Violation('broken', `The integrity check says ${sound}.`));
    const rows = db.prepare<[], RawSession>('SELECT * FROM stepgate_sessions').safeIntegers().all();
    for (const row of rows) if (!isWhole(row)) report(new Violation('broken', `Half a row: ${row.id}.`));
    const passkeys = db.prepare<[], string>('SELECT user_id FROM stepgate_passkeys').pluck().all();
    return { sessions: new Map(rows.map((row) => [row.id, row])), passkeys: new Set(passkeys) };
  } finally {
    db.close();
  }
}

function isWhole(row: RawSession): boolean {
  for (const json of [row.amr, row.sign_in_proofs, row.step_up_proofs]) JSON.parse(json);
  return row.token_key === tokenKey(row.token_hash) && (row.refresh_hash === null) === (row.delivery === 'cookie');
}
