import type { SessionRow } from './sessions.js';

/** The columns of a row in SQL, under the names of a `SessionRow`. */
export const COLUMNS: Readonly<Record<keyof SessionRow, string>> = {
  id: 'id',
  userId: 'user_id',
  delivery: 'delivery',
  createdAt: 'created_at',
  authenticatedAt: 'authenticated_at',
  lastSeenAt: 'last_seen_at',
  idleExpiresAt: 'idle_expires_at',
  expiresAt: 'expires_at',
  userAgent: 'user_agent',
  ip: 'ip',
  label: 'label',
  data: 'data',
  tokenHash: 'token_hash',
  previousTokenHash: 'previous_token_hash',
  tokenNonce: 'token_nonce',
  tokenMethod: 'token_method',
  tokenIssuedAt: 'token_issued_at',
  tokenConfirmedAt: 'token_confirmed_at',
  refreshHash: 'refresh_hash',
  parentRefreshHash: 'parent_refresh_hash',
  refreshNonce: 'refresh_nonce',
  refreshedAt: 'refreshed_at',
  refreshConfirmedAt: 'refresh_confirmed_at',
  amr: 'amr',
  acr: 'acr',
  generation: 'generation',
  passedMethods: 'passed_methods',
  signInProofs: 'sign_in_proofs',
  stepUpProofs: 'step_up_proofs',
  idleLifetime: 'idle_lifetime',
  persistent: 'persistent',
  restricted: 'restricted',
  impersonator: 'impersonator',
};

type Names = readonly (keyof SessionRow)[];

export const NAMES: Names = Object.keys(COLUMNS) as Names; // its keys, which `Object.keys` calls strings

/** What no `SessionChange` alters. */
const FIXED: ReadonlySet<keyof SessionRow> = new Set([
  'id',
  'userId',
  'delivery',
  'userAgent',
  'ip',
  'label',
  'data',
  'amr',
  'acr',
  'idleLifetime',
  'persistent',
  'restricted',
  'impersonator',
]);

/** What a `SessionChange` may alter. */
export const CHANGEABLE: Names = NAMES.filter((name) => !FIXED.has(name));
