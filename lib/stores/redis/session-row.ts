import type { TokenHash } from '../../internal/tokens.js';
import { cameWithRefresh } from '../contract/session-state.js';
import type { ProofTimes, SessionRow } from '../contract/sessions.js';
import type { Place } from './place-cache.js';

/*
 * A session is a text: what the scripts look at, without blanks, and then JSON of the rest, which they carry as it is. The
 * user and the id are not in it, but in the names of the key and the field.
 *
 *   flags createdAt lastSeenAt idleExpiresAt expiresAt tokenConfirmedAt refreshConfirmedAt tokenHash previousTokenHash {…}
 *
 * `-` stands for null. Times are in base 36; those in the JSON are milliseconds after `createdAt`, to which most are equal
 * or near. The JSON has no member for what is null or empty, or is what its comment here says.
 */

interface Rest {
  /** `authenticatedAt`; as `createdAt`. */
  readonly at?: number | undefined;
  readonly userAgent?: string | undefined;
  readonly ip?: string | undefined;
  readonly label?: string | undefined;
  readonly data?: SessionRow['data'] | undefined;
  /** `tokenNonce` */
  readonly tn?: string | undefined;
  /** `tokenMethod` */
  readonly tm?: string | undefined;
  /** `tokenIssuedAt`; as `createdAt`. */
  readonly ti?: number | undefined;
  /** `refreshHash` */
  readonly r?: TokenHash | undefined;
  /** `parentRefreshHash` */
  readonly rp?: TokenHash | undefined;
  /** `refreshNonce` */
  readonly rn?: string | undefined;
  /** `refreshedAt`; as `tokenIssuedAt` where there is a refresh token. */
  readonly ri?: number | null;
  readonly amr?: readonly string[] | undefined;
  readonly acr?: string | undefined;
  /** `generation`; 0. */
  readonly g?: number | undefined;
  readonly passed?: readonly string[] | undefined;
  readonly signIn?: ProofTimes | undefined;
  readonly stepUp?: ProofTimes | undefined;
  readonly idle?: number | undefined;
  readonly persistent?: false | undefined;
  readonly by?: SessionRow['impersonator'] | undefined;
  readonly restricted?: true | undefined;
}

export const NULL = '-';

const DELIVERIES: Readonly<Record<string, SessionRow['delivery']>> = { c: 'cookie', b: 'bearer', t: 'token-cookies' };

/** Flags after that of the delivery, for the scripts. */
export const CAME_WITH_REFRESH = 'r';
export const IMPERSONATED = 'i';

export function toText(row: SessionRow): string {
  const { createdAt, lastSeenAt, idleExpiresAt, expiresAt, tokenConfirmedAt, refreshConfirmedAt } = row;
  const times = [createdAt, lastSeenAt, idleExpiresAt, expiresAt, tokenConfirmedAt, refreshConfirmedAt];
  const hashes = [row.tokenHash, row.previousTokenHash ?? NULL];
  const head = [flagsOf(row), ...times.map((at) => (at === null ? NULL : toTime(at))), ...hashes];
  return `${head.join(' ')} ${JSON.stringify(restOf(row))}`;
}

function flagsOf(row: SessionRow): string {
  const delivery = Object.keys(DELIVERIES).find((flag) => DELIVERIES[flag] === row.delivery);
  return `${delivery}${cameWithRefresh(row) ? CAME_WITH_REFRESH : ''}${row.impersonator === null ? '' : IMPERSONATED}`;
}

function restOf(row: SessionRow): Rest {
  const { createdAt, tokenIssuedAt, refreshHash, refreshedAt } = row;
  const after = (at: number): number | undefined => (at === createdAt ? undefined : at - createdAt);
  const isAsGuessed = refreshedAt === guessedRefreshedAt(refreshHash, tokenIssuedAt);
  return {
    at: after(row.authenticatedAt),
    userAgent: row.userAgent ?? undefined,
    ip: row.ip ?? undefined,
    label: row.label ?? undefined,
    data: row.data ?? undefined,
    tn: row.tokenNonce ?? undefined,
    tm: row.tokenMethod ?? undefined,
    ti: after(tokenIssuedAt),
    r: refreshHash ?? undefined,
    rp: row.parentRefreshHash ?? undefined,
    rn: row.refreshNonce ?? undefined,
    ...(isAsGuessed ? {} : { ri: refreshedAt === null ? null : refreshedAt - createdAt }),
    amr: filled(row.amr),
    acr: row.acr ?? undefined,
    g: row.generation || undefined,
    passed: filled(row.passedMethods),
    signIn: moved(row.signInProofs, -createdAt),
    stepUp: moved(row.stepUpProofs, -createdAt),
    idle: row.idleLifetime ?? undefined,
    persistent: row.persistent ? undefined : false,
    restricted: row.restricted || undefined,
    by: row.impersonator ?? undefined,
  };
}

export function toRow(text: string, { userId, id }: Place): SessionRow {
  const [
    flags = '',
    created = '',
    seen = '',
    idleEnd = '',
    end = '',
    confirmed = '',
    refreshConfirmed = '',
    ...hashes
  ] = text.split(' ', HEAD);
  const [tokenHash = '', previous = NULL] = hashes;
  const rest = JSON.parse(text.slice(text.indexOf('{'))) as Rest; // what `toText` wrote
  const createdAt = fromTime(created);
  const tokenIssuedAt = createdAt + (rest.ti ?? 0);
  const refreshHash = rest.r ?? null;
  return {
    id,
    userId,
    delivery: DELIVERIES[flags.charAt(0)] ?? 'cookie',
    createdAt,
    authenticatedAt: createdAt + (rest.at ?? 0),
    lastSeenAt: fromTime(seen),
    idleExpiresAt: fromTime(idleEnd),
    expiresAt: fromTime(end),
    userAgent: rest.userAgent ?? null,
    ip: rest.ip ?? null,
    label: rest.label ?? null,
    data: rest.data ?? null,
    tokenHash: tokenHash as TokenHash, // what `toText` or a script wrote
    previousTokenHash: previous === NULL ? null : (previous as TokenHash), // as above
    tokenNonce: rest.tn ?? null,
    tokenMethod: rest.tm ?? null,
    tokenIssuedAt,
    tokenConfirmedAt: timeOrNull(confirmed),
    refreshHash,
    parentRefreshHash: rest.rp ?? null,
    refreshNonce: rest.rn ?? null,
    refreshedAt: refreshedAtOf(rest, createdAt, tokenIssuedAt),
    refreshConfirmedAt: timeOrNull(refreshConfirmed),
    amr: rest.amr ?? [],
    acr: rest.acr ?? null,
    generation: rest.g ?? 0,
    passedMethods: rest.passed ?? [],
    signInProofs: moved(rest.signIn ?? {}, createdAt) ?? {},
    stepUpProofs: moved(rest.stepUp ?? {}, createdAt) ?? {},
    idleLifetime: rest.idle ?? null,
    persistent: rest.persistent ?? true,
    restricted: rest.restricted ?? false,
    impersonator: rest.by ?? null,
  };
}

const HEAD = 9;

function refreshedAtOf({ r, ri }: Rest, createdAt: number, tokenIssuedAt: number): number | null {
  if (ri === undefined) return guessedRefreshedAt(r ?? null, tokenIssuedAt);
  return ri === null ? null : createdAt + ri;
}

function guessedRefreshedAt(refreshHash: TokenHash | null, tokenIssuedAt: number): number | null {
  return refreshHash === null ? null : tokenIssuedAt;
}

export function toTime(at: number): string {
  return at.toString(36);
}

export function fromTime(text: string): number {
  return Number.parseInt(text, 36);
}

function timeOrNull(text: string): number | null {
  return text === NULL ? null : fromTime(text);
}

function filled(names: readonly string[]): readonly string[] | undefined {
  return names.length === 0 ? undefined : names;
}

function moved(proofs: ProofTimes, by: number): ProofTimes | undefined {
  const entries = Object.entries(proofs);
  return entries.length === 0 ? undefined : Object.fromEntries(entries.map(([method, at]) => [method, at + by]));
}

export function tokensOf({ tokenHash, previousTokenHash }: SessionRow): readonly TokenHash[] {
  return previousTokenHash === null ? [tokenHash] : [tokenHash, previousTokenHash];
}

/** When the session has expired. */
export function endOf({ idleExpiresAt, expiresAt }: SessionRow): number {
  return Math.min(idleExpiresAt, expiresAt);
}
