import type { Database } from 'better-sqlite3';
import { whenFree } from './database.js';
import type { Transfer } from './input.js';

export interface Booking {
  readonly id: number;
  /** The sender's e-mail address. */
  readonly from: string;
  readonly to: string;
  /** Cents. */
  readonly amount: number;
  /** The method that the sender approved it with. */
  readonly approvedBy: string;
  readonly sentAt: number;
}

/** Who sent how much to whom. */
export interface Ledger {
  /** Moves the money in one step; gives the sender's new balance, or null when there isn't enough. */
  send(senderId: string, transfer: Transfer, approvedBy: string): Promise<number | null>;
  /** What the user sent and received, the latest first; all of it without a limit. */
  history(userId: string, limit?: number): readonly Booking[];
}

export function openLedger(db: Database): Ledger {
  const withdraw = db
    .prepare<[number, string, number], number>(
      'UPDATE users SET balance = balance - ? WHERE id = ? AND balance >= ? RETURNING balance',
    )
    .pluck();
  const deposit = db
    .prepare<[number, string], string>('UPDATE users SET balance = balance + ? WHERE email = ? RETURNING id')
    .pluck();
  const insert = db.prepare<[string, string | undefined, string, number, string, number]>(
    'INSERT INTO transfers (from_id, to_id, recipient, amount, approved_by, sent_at) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const latest = db.prepare<{ userId: string; limit: number }, Booking>(`
    SELECT transfers.id, email AS "from", recipient AS "to", amount, approved_by AS approvedBy, sent_at AS sentAt
    FROM transfers JOIN users ON users.id = from_id
    WHERE from_id = :userId OR to_id = :userId
    ORDER BY transfers.id DESC LIMIT :limit
  `);
  const book = db.transaction((senderId: string, { to, amount }: Transfer, approvedBy: string) => {
    const balance = withdraw.get(amount, senderId, amount);
    if (balance === undefined) return null;
    const recipientId = deposit.get(amount, to.toLowerCase()); // who has no account here gets it at another bank
    insert.run(senderId, recipientId, to, amount, approvedBy, Date.now());
    return balance;
  });

  return {
    send: (...args) => whenFree(() => book.immediate(...args)),
    history: (userId, limit = -1) => latest.all({ userId, limit }), // -1: SQLite's word for no limit
  };
}
