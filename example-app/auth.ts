import { password, recoveryCode, type Store, stepgate } from 'stepgate';
import { passkey } from 'stepgate/passkey';
import { totp } from 'stepgate/totp';
import type { Accounts } from './accounts.js';
import { type ApiKeys, KEY_PREFIX } from './api-keys.js';
import { sameSpelling } from './input.js';

const NAME = 'Small Bank';

export interface AuthOptions {
  /** Where browsers find the bank, `https://bank.example`. Plain http is for localhost only. */
  readonly origin: string;
  readonly store: Store;
  /** At least 32 bytes. */
  readonly secret: string;
}

/** Sessions and step-up, over the bank's own users. */
export function createAuth({ origin: issuer, store, secret }: AuthOptions, accounts: Accounts, keys: ApiKeys) {
  const { hostname, origin, protocol } = new URL(issuer);
  return stepgate({
    secret,
    issuer,
    store,
    insecureCookies: protocol === 'http:',
    methods: [
      passkey({ rpID: hostname, rpName: NAME, origins: [origin] }),
      totp({ issuer: NAME }),
      password({ verify: (userId, given) => accounts.isPassword(userId, sameSpelling(given)) }),
      recoveryCode(),
    ], // strongest first
    apiKeys: { prefix: KEY_PREFIX, ask: true, verify: (key) => keys.find(key) },
    approvals: { page: '/approvals' },
    users: {
      async find(userId) {
        const account = await accounts.find(userId);
        return account === null ? null : { name: account.email };
      },
    },
  });
}
