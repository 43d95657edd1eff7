import type { MaybePromise } from '../../internal/maybe-promise.js';
import type { RowCopy } from './copy.js';
import type { Claimable } from './realm.js';

/** A passkey of a user. The public key is all we hold of it. */
export interface PasskeyRow {
  /** The credential id, base64url. */
  readonly id: string;
  readonly userId: string;
  /**
   * The domain that it was made for, where alone it can be used. Null: nobody has said so yet, as of one that an older
   * stepgate stored; it counts in every domain, and names the one where it is used first.
   */
  readonly rpID: string | null;
  /**
   * The user handle that the authenticator keeps with it, base64url. It can never be changed there, so it is kept here
   * as it was: the secret that made it may be gone by now, or it may come from another system. Null: it is not known.
   */
  readonly userHandle: string | null;
  /** COSE key, base64url. */
  readonly publicKey: string;
  readonly counter: number;
  /** Whether it may ever be synced; it never changes (WebAuthn 6.1.3). */
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  readonly transports: readonly string[];
  readonly label: string | null;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
}

export interface PasskeyUse {
  readonly userId: string;
  readonly id: string;
  readonly counter: number;
  readonly backedUp: boolean;
  readonly usedAt: number;
  /** Where it was used: noted of a passkey that names no domain. */
  readonly rpID: string;
  /** Whether the counter is written though it isn't greater than the stored one. */
  readonly evenIfRegressed: boolean;
}

export interface PasskeyInsert {
  readonly onlyIfNone: boolean;
  /** How many the user may have, this one included. */
  readonly max: number;
}

/** As in `SessionStore`: atomic, durable when answered, `now` is an argument, absent is a value. */
export interface PasskeyStore extends Claimable {
  /**
   * Another system keeps them, and adds, names and removes them: stepgate has no routes for that, and inserts none.
   * @default false
   */
  readonly isKeptElsewhere?: boolean;
  /**
   * Inserts a passkey. `already-enrolled`: the id is there already, whoever's it is. With `onlyIfNone` only while the user
   * has neither a passkey nor a confirmed TOTP in this store, else `not-first-method`. Only while the user has fewer than
   * `max`, else `full`. Of the user's passkeys those of another domain don't count, where both rows name one. Only for
   * `inserted` anything was written.
   */
  insert(
    row: PasskeyRow,
    options: PasskeyInsert,
  ): Promise<'inserted' | 'already-enrolled' | 'not-first-method' | 'full'>;
  /** The passkey with this id if it is this user's. */
  find(userId: string, id: string): MaybePromise<PasskeyRow | null>;
  /** The passkey with this id, whoever's it is: for a sign-in, where nobody has said who they are. */
  findById(id: string): MaybePromise<PasskeyRow | null>;
  /** The user's passkeys, oldest first (then by id). */
  listForUser(userId: string): MaybePromise<readonly PasskeyRow[]>;
  /**
   * Notes a use, if the counter is greater than the stored one, or both are 0, or `evenIfRegressed`. False when it
   * isn't, or the passkey is gone: nothing was written. `lastUsedAt` never goes back.
   */
  use(use: PasskeyUse): Promise<boolean>;
  /** The renamed passkey; null if the user has none with this id. */
  rename(userId: string, id: string, label: string): Promise<PasskeyRow | null>;
  /** False if the user has none with this id. */
  remove(userId: string, id: string): Promise<boolean>;
  dropForUser(userId: string): Promise<void>;
  /** Its `put` knows no `max`: what an older store let a user have is not lost. */
  readonly copy?: RowCopy<PasskeyRow>;
}
