import { SetupError } from '../../internal/setup-error.js';
import type { PasskeyRow, PasskeyStore, PasskeyUse } from '../../stores/contract/passkeys.js';

/** What stepgate uses of better-auth with its plugin for passkeys. */
export interface BetterAuthWithPasskeys {
  readonly $context: Promise<{ readonly adapter: Adapter }>;
}

interface Where {
  readonly field: string;
  readonly value: string | number;
}

interface Adapter {
  findOne<T>(query: { model: string; where: Where[] }): Promise<T | null>;
  findMany<T>(query: { model: string; where: Where[]; limit: number }): Promise<T[]>;
  update<T>(query: { model: string; where: Where[]; update: Record<string, unknown> }): Promise<T | null>;
  /** Its compare-and-set: only where all of `where` still holds. */
  incrementOne<T>(query: {
    model: string;
    where: Where[];
    increment: Record<string, number>;
    set: Record<string, unknown>;
  }): Promise<T | null>;
  deleteMany(query: { model: string; where: Where[] }): Promise<number>;
}

/** A row of better-auth's table, as its adapter gives it. */
interface StoredPasskey {
  readonly id: string;
  readonly userId: string;
  readonly credentialID: string;
  /** base64, not base64url. */
  readonly publicKey: string;
  readonly counter: number;
  readonly deviceType: string;
  readonly backedUp: boolean;
  /** With commas between them. */
  readonly transports?: string | null;
  readonly name?: string | null;
  readonly createdAt?: Date | string | number | null;
}

const model = 'passkey';
/** More than any user has. */
const LIMIT = 100;
/** Each time another assertion was first. */
const ATTEMPTS = 5;

/**
 * The part `passkeys` of a store, kept by better-auth's plugin in its own table: users have the passkeys that they have
 * there, and add, name and remove them there. Counters are written by compare-and-set. Throws a `SetupError` for what
 * isn't better-auth's object.
 */
export function betterAuthPasskeys(auth: BetterAuthWithPasskeys): PasskeyStore {
  if (typeof auth?.$context?.then !== 'function') {
    throw new SetupError('`betterAuthPasskeys` takes the object of better-auth.', 'Write `betterAuthPasskeys(auth)`.');
  }

  const adapter = async (): Promise<Adapter> => (await auth.$context).adapter;

  async function stored(...where: readonly Where[]): Promise<StoredPasskey | null> {
    return (await adapter()).findOne<StoredPasskey>({ model, where: [...where] });
  }

  return {
    isKeptElsewhere: true,
    claim: (realm) => Promise.resolve(realm), // it is better-auth's, whichever instance asks
    insert: () =>
      Promise.reject(new SetupError('Passkeys are kept by better-auth.', 'Let its plugin for passkeys add them.')),
    find: async (userId, id) => rowOf(await stored(idIs(id), userIs(userId))),
    findById: async (id) => rowOf(await stored(idIs(id))),
    async listForUser(userId) {
      const found = await (await adapter()).findMany<StoredPasskey>({ model, where: [userIs(userId)], limit: LIMIT });
      return found.map(toRow).sort((one, other) => one.createdAt - other.createdAt || (one.id < other.id ? -1 : 1));
    },
    async use(use) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const row = await stored(idIs(use.id), userIs(use.userId));
        if (row === null || !mayUse(row, use)) return false;
        const { id, counter } = row;
        const used = await (await adapter()).incrementOne({
          model,
          where: [
            { field: 'id', value: id },
            { field: 'counter', value: counter },
          ],
          increment: { counter: use.counter - counter },
          set: { backedUp: use.backedUp },
        });
        if (used !== null) return true;
      }
      throw new Error('The counter of a passkey changed again and again.');
    },
    async rename(userId, id, label) {
      const row = await stored(idIs(id), userIs(userId));
      if (row === null) return null;
      const where = [{ field: 'id', value: row.id }];
      return rowOf(await (await adapter()).update<StoredPasskey>({ model, where, update: { name: label } }));
    },
    async remove(userId, id) {
      return (await (await adapter()).deleteMany({ model, where: [idIs(id), userIs(userId)] })) > 0;
    },
    async dropForUser(userId) {
      await (await adapter()).deleteMany({ model, where: [userIs(userId)] });
    },
  };
}

function mayUse({ counter: before }: StoredPasskey, { counter, evenIfRegressed }: PasskeyUse): boolean {
  return evenIfRegressed || counter > before || (counter === 0 && before === 0);
}

function idIs(id: string): Where {
  return { field: 'credentialID', value: id };
}

function userIs(userId: string): Where {
  return { field: 'userId', value: userId };
}

function rowOf(stored: StoredPasskey | null): PasskeyRow | null {
  return stored === null ? null : toRow(stored);
}

function toRow(stored: StoredPasskey): PasskeyRow {
  const { credentialID, userId, publicKey, counter, deviceType, backedUp, transports, name, createdAt } = stored;
  return {
    id: credentialID,
    userId,
    rpID: null, // the plugin has one, and doesn't write it down
    userHandle: null, // it makes a random one, and keeps none
    publicKey: Buffer.from(publicKey, 'base64').toString('base64url'),
    counter,
    backupEligible: deviceType === 'multiDevice',
    backedUp,
    transports: transports ? transports.split(',') : [],
    label: name ?? null,
    createdAt: createdAt ? new Date(createdAt).getTime() : 0,
    lastUsedAt: null,
  };
}
