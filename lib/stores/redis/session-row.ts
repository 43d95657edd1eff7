import type { TokenHash } from '../../internal/tokens.js';
import type { ProofTimes, SessionRow } from '../contract/sessions.js';

/*
 * A session is the JSON of an object of texts, since Lua's JSON can't tell an empty list from an empty object, and rounds
 * numbers. A null has no field; proofs have one each, under these prefixes. Up to 0.1.0 a row had no `tokenIssuedAt`,
 * `generation` and `passedMethods`.
 */
const SIGN_IN = 'signIn:';
const STEP_UP = 'stepUp:';

export function toText(row: SessionRow): string {
  const { amr, passedMethods, data, signInProofs, stepUpProofs, persistent, restricted, impersonator, ...scalars } =
    row;
  const plain = Object.entries(scalars).flatMap(([name, value]) => (value === null ? [] : [[name, String(value)]]));
  return JSON.stringify(
    Object.fromEntries([
      ...plain,
      ['amr', JSON.stringify(amr)],
      ['passedMethods', JSON.stringify(passedMethods)],
      ...(data === null ? [] : [['data', JSON.stringify(data)]]),
      ...(persistent ? [] : [['persistent', 'false']]),
      ...(restricted ? [['restricted', 'true']] : []),
      ...(impersonator === null ? [] : [['impersonator', JSON.stringify(impersonator)]]),
      ...proofFields(SIGN_IN, signInProofs),
      ...proofFields(STEP_UP, stepUpProofs),
    ]),
  );
}

export function toRow(stored: string): SessionRow {
  const fields = new Map(Object.entries(JSON.parse(stored) as Record<string, string>)); // as `toText` or a script wrote it
  const text = (name: keyof SessionRow): string => fields.get(name) ?? '';
  const textOrNull = (name: keyof SessionRow): string | null => fields.get(name) ?? null;
  const hashOrNull = (name: keyof SessionRow): TokenHash | null => textOrNull(name) as TokenHash | null; // as `toText` wrote it
  const number = (name: keyof SessionRow): number => Number(fields.get(name));
  const numberOrNull = (name: keyof SessionRow): number | null => (fields.has(name) ? number(name) : null);
  const json = (name: keyof SessionRow): unknown => JSON.parse(fields.get(name) ?? 'null');
  return {
    id: text('id'),
    userId: text('userId'),
    delivery: text('delivery') as SessionRow['delivery'], // as `toText` wrote it
    createdAt: number('createdAt'),
    authenticatedAt: number('authenticatedAt'),
    lastSeenAt: number('lastSeenAt'),
    idleExpiresAt: number('idleExpiresAt'),
    expiresAt: number('expiresAt'),
    userAgent: textOrNull('userAgent'),
    ip: textOrNull('ip'),
    label: textOrNull('label'),
    data: json('data') as SessionRow['data'], // as `toText` wrote it
    tokenHash: text('tokenHash') as TokenHash, // as `toText` wrote it
    previousTokenHash: hashOrNull('previousTokenHash'),
    tokenNonce: textOrNull('tokenNonce'),
    tokenMethod: textOrNull('tokenMethod'),
    tokenIssuedAt: numberOrNull('tokenIssuedAt') ?? number('createdAt'),
    tokenConfirmedAt: numberOrNull('tokenConfirmedAt'),
    refreshHash: hashOrNull('refreshHash'),
    parentRefreshHash: hashOrNull('parentRefreshHash'),
    refreshNonce: textOrNull('refreshNonce'),
    refreshedAt: numberOrNull('refreshedAt'),
    refreshConfirmedAt: numberOrNull('refreshConfirmedAt'),
    amr: json('amr') as SessionRow['amr'], // as `toText` wrote it
    acr: textOrNull('acr'),
    generation: numberOrNull('generation') ?? 0,
    passedMethods: (json('passedMethods') ?? []) as SessionRow['passedMethods'], // as `toText` wrote it
    signInProofs: proofsOf(SIGN_IN, fields),
    stepUpProofs: proofsOf(STEP_UP, fields),
    idleLifetime: numberOrNull('idleLifetime'),
    persistent: !fields.has('persistent'),
    restricted: fields.has('restricted'),
    impersonator: json('impersonator') as SessionRow['impersonator'], // as `toText` wrote it
  };
}

export function tokensOf({ tokenHash, previousTokenHash }: SessionRow): readonly TokenHash[] {
  return previousTokenHash === null ? [tokenHash] : [tokenHash, previousTokenHash];
}

/** When the session is over. */
export function endOf({ idleExpiresAt, expiresAt }: SessionRow): number {
  return Math.min(idleExpiresAt, expiresAt);
}

function proofFields(prefix: string, proofs: ProofTimes): readonly (readonly [string, string])[] {
  return Object.entries(proofs).map(([method, at]) => [`${prefix}${method}`, String(at)]);
}

function proofsOf(prefix: string, fields: ReadonlyMap<string, string>): ProofTimes {
  const proofs = [...fields].filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(proofs.map(([name, at]) => [name.slice(prefix.length), Number(at)]));
}
