import { parseSecrets } from '../../lib/internal/keys.js';
import type { MethodContext, User } from '../../lib/methods/method.js';
import type { PasskeyRow } from '../../lib/stores/contract/passkeys.js';
import type { Store } from '../../lib/stores/contract/store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { opened } from '../tokens/app.js';

export const SECRET = 'a secret of the tests, 32 bytes or more';
export const OTHER_SECRET = 'another secret of the tests, as long as that';
export const NOW = Date.UTC(2026, 0, 1);

export interface ContextOptions {
  readonly store?: Store;
  readonly secret?: string | readonly string[];
  readonly issuer?: string;
  readonly rpID?: string | null;
  readonly findUser?: (userId: string) => Promise<User | null>;
}

/** What stepgate hands to a method, for Ada. */
export function methodContext({
  store = memoryStore(),
  secret = SECRET,
  issuer = 'https://app.example',
  rpID = null,
  findUser = async (userId) => ({ name: `${userId}@app.example` }),
}: ContextOptions = {}): MethodContext {
  const services = { store, secrets: parseSecrets(secret), issuer, rpID, emit: () => {}, findUser };
  return { services, userId: 'ada', now: NOW };
}

/** The same with a store that `makeStore` makes. */
export async function contextOn(makeStore: () => Promise<Store>): Promise<MethodContext> {
  return methodContext({ store: await opened(makeStore) });
}

/** What isn't a string where one belongs, or comes in another shape. */
export const NO_STRINGS: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  123_456,
  [],
  ['123456'],
  {},
  { code: '123456' },
];

/** A passkey of Ada's, for what needs to know only that there is one. */
export const PASSKEY: PasskeyRow = {
  id: 'a passkey',
  userId: 'ada',
  rpID: 'app.example',
  userHandle: 'a handle',
  publicKey: 'a key',
  counter: 0,
  backupEligible: false,
  backedUp: false,
  transports: [],
  label: null,
  createdAt: NOW,
  lastUsedAt: null,
};
