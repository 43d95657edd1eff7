import type { TokenHash } from '../../internal/tokens.js';
import type { NotBeforeRow, ProofTimes, SessionRow } from '../contract/sessions.js';
import { BATCH, inBatches } from './batches.js';
import { idOf, type Keys, NOT_BEFORE } from './keys.js';
import { createNotBeforeTimes } from './not-before.js';
import { type Redis, textOrNull, texts } from './scripts.js';
import { tokensOf } from './session-row.js';

/*
 * How sessions lay in Redis up to layout 1: a row was JSON of texts by names, a lookup a key of its own, and all ids stood
 * in sorted sets by their first character. A null had no field; proofs had one each, under these prefixes; rows of 0.1.0
 * had no `tokenIssuedAt`, `generation` and `passedMethods`.
 */
const SIGN_IN = 'signIn:';
const STEP_UP = 'stepUp:';

const FIRST: readonly string[] = Array.from('-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz');

type Names = Readonly<Record<'ids' | 'ends' | 'sessions' | 'id' | 'token', (of: string) => string>>;

function namesOf({ prefix, sessionsOf }: Keys): Names {
  return {
    ids: (first) => `${prefix}:ids:${first}`,
    ends: (first) => `${prefix}:ends:${first}`,
    sessions: (userId) => `${sessionsOf(userId)}:sessions`,
    id: (id) => `${prefix}:id:${id}`,
    token: (token) => `${prefix}:token:${token}`,
  };
}

/** Whether there are sessions or not-before times that may lie so. */
export async function hasLayout1({ command, keys }: Pick<Redis, 'command' | 'keys'>): Promise<boolean> {
  const lists = [...FIRST.map(namesOf(keys).ids), keys.usersWithNotBefore];
  const there = await Promise.all(lists.map((key) => command('EXISTS', key)));
  return there.some((count) => Number(count) > 0);
}

export interface Layout1 {
  notBefores(): AsyncIterable<readonly NotBeforeRow[]>;
  /** Takes each batch away once the next one is asked for. */
  sessions(): AsyncIterable<readonly SessionRow[]>;
}

export function layout1({ command, run, keys }: Pick<Redis, 'command' | 'run' | 'keys'>): Layout1 {
  const names = namesOf(keys);

  async function read(id: string): Promise<SessionRow | null> {
    const [user] = (textOrNull(await command('GET', names.id(id))) ?? '').split(' ');
    const text = textOrNull(await command('HGET', names.sessions(idOf(user ?? '')), id));
    return text === null ? null : toRow(text);
  }

  async function drop(row: SessionRow): Promise<void> {
    await Promise.all([
      ...tokensOf(row).map((token) => command('DEL', names.token(token))),
      command('HDEL', names.sessions(row.userId), row.id),
    ]);
    await command('DEL', names.id(row.id));
  }

  return {
    async *notBefores() {
      for await (const users of createNotBeforeTimes({ run, keys }).users()) {
        const found = users.map(async (userId) => {
          const time = textOrNull(await command('HGET', names.sessions(userId), NOT_BEFORE));
          return time === null ? [] : [{ userId, notBefore: Number(time) }];
        });
        yield (await Promise.all(found)).flat();
      }
    },
    async *sessions() {
      for (const first of FIRST) {
        const key = names.ids(first);
        for (;;) {
          const ids = texts(await command('ZRANGE', key, '0', `${BATCH - 1}`));
          if (ids.length === 0) break;
          const rows = (await Promise.all(ids.map(read))).filter((row) => row !== null);
          yield rows;
          await inBatches(rows, drop);
          await command('ZREM', key, ...ids);
        }
        await command('DEL', names.ends(first));
      }
    },
  };
}

function toRow(stored: string): SessionRow {
  const fields = new Map(Object.entries(JSON.parse(stored) as Record<string, string>)); // as it was written
  const text = (name: keyof SessionRow): string => fields.get(name) ?? '';
  const textOf = (name: keyof SessionRow): string | null => fields.get(name) ?? null;
  const hashOf = (name: keyof SessionRow): TokenHash | null => textOf(name) as TokenHash | null; // as it was written
  const number = (name: keyof SessionRow): number => Number(fields.get(name));
  const numberOf = (name: keyof SessionRow): number | null => (fields.has(name) ? number(name) : null);
  const json = (name: keyof SessionRow): unknown => JSON.parse(fields.get(name) ?? 'null');
  return {
    id: text('id'),
    userId: text('userId'),
    delivery: text('delivery') as SessionRow['delivery'], // as it was written
    createdAt: number('createdAt'),
    authenticatedAt: number('authenticatedAt'),
    lastSeenAt: number('lastSeenAt'),
    idleExpiresAt: number('idleExpiresAt'),
    expiresAt: number('expiresAt'),
    userAgent: textOf('userAgent'),
    ip: textOf('ip'),
    label: textOf('label'),
    data: json('data') as SessionRow['data'], // as it was written
    tokenHash: text('tokenHash') as TokenHash, // as it was written
    previousTokenHash: hashOf('previousTokenHash'),
    tokenNonce: textOf('tokenNonce'),
    tokenMethod: textOf('tokenMethod'),
    tokenIssuedAt: numberOf('tokenIssuedAt') ?? number('createdAt'),
    tokenConfirmedAt: numberOf('tokenConfirmedAt'),
    refreshHash: hashOf('refreshHash'),
    parentRefreshHash: hashOf('parentRefreshHash'),
    refreshNonce: textOf('refreshNonce'),
    refreshedAt: numberOf('refreshedAt'),
    refreshConfirmedAt: numberOf('refreshConfirmedAt'),
    amr: json('amr') as SessionRow['amr'], // as it was written
    acr: textOf('acr'),
    generation: numberOf('generation') ?? 0,
    passedMethods: (json('passedMethods') ?? []) as SessionRow['passedMethods'], // as it was written
    signInProofs: proofsOf(SIGN_IN, fields),
    stepUpProofs: proofsOf(STEP_UP, fields),
    idleLifetime: numberOf('idleLifetime'),
    persistent: !fields.has('persistent'),
    restricted: false, // it knew none
    impersonator: json('impersonator') as SessionRow['impersonator'], // as it was written
  };
}

function proofsOf(prefix: string, fields: ReadonlyMap<string, string>): ProofTimes {
  const proofs = [...fields].filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(proofs.map(([name, at]) => [name.slice(prefix.length), Number(at)]));
}
