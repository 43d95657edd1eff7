import type { Database } from './database.js';
import type { Transfer } from './input.js';

export interface Booking {
  readonly id: number;
  /** The sender's e-mail address. */
  readonly from: string;
  readonly to: string;
  /** Cents. */
  readonly amount: number;
  /** The method that the sender confirmed it with. */
  readonly approvedBy: string;
  readonly sentAt: number;
}

/** Who sent how much to whom. */
export interface Ledger {
  /** Moves the money in one step; gives the sender's new balance, or null when there isn't enough. */
  send(senderId: string, transfer: Transfer, approvedBy: string): Promise<number | null>;
  /** What the user sent and received, the latest first; all of it without a limit. */
  history(userId: string, limit?: number): Promise<readonly Booking[]>;
}

const WITHDRAW = 'UPDATE users SET balance = balance - $1 WHERE id = $2 AND balance >= $1 RETURNING balance';
const DEPOSIT = 'UPDATE users SET balance = balance + $1 WHERE email = $2 RETURNING id';
const BOOK = `INSERT INTO transfers (from_id, to_id, recipient, amount, approved_by, sent_at)
  VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`;
const LATEST = `
  SELECT transfers.id, email, recipient, amount, approved_by AS "approvedBy", sent_at AS "sentAt"
  FROM transfers JOIN users ON users.id = from_id
  WHERE from_id = $1 OR to_id = $1
  ORDER BY transfers.id DESC LIMIT $2`;

export function openLedger(db: Database): Ledger {
  return {
    send(senderId, { to, amount }, approvedBy) {
      return db.transaction(async ({ run }) => {
        const [sender] = await run(WITHDRAW, amount, senderId);
        if (sender === undefined) return null;
        const [recipient] = await run(DEPOSIT, amount, to.toLowerCase()); // who has no account here gets it elsewhere
        await run(BOOK, senderId, recipient?.['id'] ?? null, to, amount, approvedBy, Date.now());
        return Number(sender['balance']);
      });
    },
    async history(userId, limit = Number.MAX_SAFE_INTEGER) {
      const rows = await db.run(LATEST, userId, limit);
      return rows.map(({ id, email, recipient, amount, approvedBy, sentAt }) => ({
        id: Number(id),
        from: String(email),
        to: String(recipient),
        amount: Number(amount),
        approvedBy: String(approvedBy),
        sentAt: Number(sentAt), // PostgreSQL's bigint comes as text
      }));
    },
  };
}
