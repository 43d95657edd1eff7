import { SetupError } from '../internal/setup-error.js';
import { encode, hash } from '../internal/tokens.js';
import type { Claimable } from '../stores/contract/realm.js';
import type { Store } from '../stores/contract/store.js';

/** What tells one instance's store from another's, whatever else is the same. */
export interface RealmOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly cookieName: string;
}

const REALM_BYTES = 16;

/** 128 bits, base64url. Of an issuer on localhost the port doesn't count: developers change it. */
export function realmOf({ issuer, audience, cookieName }: RealmOptions): string {
  const parts = [withoutLocalPort(issuer), withoutLocalPort(audience), cookieName].map((part) => {
    const text = Buffer.from(part, 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return Buffer.concat([length, text]);
  });
  return encode(hash(Buffer.concat([Buffer.from('stepgate realm v1'), ...parts])).subarray(0, REALM_BYTES));
}

function withoutLocalPort(address: string): string {
  if (!URL.canParse(address)) return address;
  const url = new URL(address);
  if (!['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)) return address;
  url.port = '';
  return url.href;
}

/** Claims a part for an instance. Rejects with a `SetupError` when another instance has it. */
export async function claimFor(realm: string, part: Claimable): Promise<void> {
  if ((await part.claim(realm)) !== realm) throw foreign();
}

function foreign(): SetupError {
  return new SetupError(
    'The store belongs to an instance with another `issuer`, `audience` or `cookieName`.',
    'Give each instance a store of its own, for example by `prefix`; after a change on purpose run `store.migrate({ realm: true })`.',
  );
}

/** Every part that the store has. */
export function partsOf(store: Store): readonly Claimable[] {
  const { sessions, challenges, grants, approvals, attempts, passkeys, totp, recoveryCodes } = store;
  const parts = [sessions, challenges, grants, approvals, attempts, passkeys, totp, recoveryCodes];
  return parts.filter((part) => part !== undefined);
}
