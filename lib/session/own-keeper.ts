import { randomBytes } from 'node:crypto';
import { encode, hashToken, keyedHash } from '../internal/tokens.js';
import type { Services } from '../services.js';
import type { SessionKeeper } from './keeper.js';

const NONCE_BYTES = 16;

/** For sessions of ours, whose rows keep their proofs. */
export function createOwnKeeper({
  store,
  sessions,
  secrets,
  clock,
}: Pick<Services, 'store' | 'sessions' | 'secrets' | 'clock'>): SessionKeeper {
  const successorKey = secrets[0].key('step-up');
  return {
    async record({ row, token }, { method, makesProof }) {
      if (token === null) return null;
      const verifiedAt = clock.now();
      const nonce = encode(randomBytes(NONCE_BYTES));
      const successor = successorOf(token, nonce, successorKey);
      const presented = hashToken(token);
      const change = {
        type: 'step-up',
        presented,
        nonce,
        tokenHash: hashToken(successor),
        method,
        makesProof,
      } as const;
      const recorded = await store.sessions.change(row.id, change, verifiedAt);
      if (recorded === null) return null;
      // By the previous token its generation rises.
      const answers = presented === row.tokenHash ? recorded.generation : recorded.generation - 1;
      return { row: recorded, token: successor, proofsId: recorded.id, verifiedAt, answers };
    },
    async dropProofs({ row }) {
      await store.sessions.change(row.id, { type: 'drop-proofs' }, clock.now());
    },
    async endAfterFailures({ id, userId }) {
      await sessions.revoke(id, userId, 'attempts');
    },
    endOthers: ({ id, userId }, by) => sessions.revokeAllForUser(userId, id, by),
    endAll: (userId) => sessions.revokeAllForUser(userId, null, 'admin'),
  };
}

/** Only who has the presented token and the secret could make it: the row gives neither away. */
function successorOf(token: Uint8Array, nonce: string, key: Uint8Array): Uint8Array {
  return keyedHash(key, Buffer.concat([Buffer.from(nonce, 'base64url'), token]));
}
