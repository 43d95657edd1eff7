import { createHash, createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { MaybePromise } from '../internal/maybe-promise.js';
import { SetupError } from '../internal/setup-error.js';
import { encode } from '../internal/tokens.js';
import { refuseUnknownKeys } from '../internal/unknown-keys.js';
import type { ApprovalRow } from '../stores/contract/approvals.js';

// Signed statements of what was approved: JWS (RFC 7515) with ES256 (RFC 7518, 3.4), for readers who know nothing else of the app.

export interface RecordsOption {
  /**
   * Takes the record of each approval that is spent, before its request reaches the handler. A throw is a store failure:
   * the handler doesn't run, and the approval is spent all the same.
   */
  readonly sink: (jws: string) => MaybePromise<unknown>;
  /**
   * Private keys of the curve P-256: PEM, or a `KeyObject`. In a list the first signs, and the public keys of all are
   * served by `auth.wellKnown()`: so a key can be replaced while its records are still verified.
   */
  readonly key: RecordKey | readonly RecordKey[];
}

export type RecordKey = string | KeyObject;

/** What a record says: that this was permitted. Times are epoch milliseconds, but for `iat`, which is in seconds. */
export interface ApprovalRecord {
  readonly iss: string;
  readonly iat: number;
  /** The id of the approval. */
  readonly jti: string;
  readonly asker: { readonly kind: 'session' | 'api-key'; readonly id: string; readonly userId: string };
  readonly approver: {
    readonly userId: string;
    /** What they proved presence with. */
    readonly method: string;
    /** What the method says of it (RFC 8176): `user` or `pin` where it verified the user. */
    readonly amr: readonly string[];
  };
  readonly httpMethod: string;
  readonly url: string;
  readonly summary: string;
  /** Of the payload's JSON: SHA-256, base64url. */
  readonly payloadDigest: string;
  readonly requestedAt: number;
  readonly approvedAt: number;
  readonly spentAt: number;
}

/** The public keys that records are verified with (RFC 7517). */
export interface RecordKeys {
  readonly keys: readonly RecordPublicKey[];
}

export interface RecordPublicKey {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
  readonly kid: string;
  readonly alg: 'ES256';
  readonly use: 'sig';
}

/** What a reader of records must know already. */
export interface VerifyRecordOptions {
  readonly keys: RecordKeys;
  readonly issuer: string;
  /** What the record has to say: each member must be the same. At least one. */
  readonly expected: Partial<Pick<ApprovalRecord, 'jti' | 'httpMethod' | 'url' | 'summary' | 'payloadDigest'>> & {
    readonly askerUserId?: string;
    readonly approverUserId?: string;
  };
}

const TYPE = 'approval-record+jws';

export interface Records {
  readonly publicKeys: RecordKeys;
  /** Signs the record of a spent approval and hands it to the sink. */
  write(row: ApprovalRow, amr: readonly string[]): Promise<void>;
}

/** Throws a `SetupError` for wrong options. */
export function createRecords(given: RecordsOption, issuer: string): Records {
  const wanted = 'Write `{ sink: (jws) => save(jws), key }`.';
  if (typeof given !== 'object' || given === null)
    throw new SetupError('`approvals.records` must be an object.', wanted);
  refuseUnknownKeys(given, ['sink', 'key'], 'approvals.records');
  const { sink } = given;
  if (typeof sink !== 'function') throw new SetupError('`approvals.records.sink` must be a function.', wanted);
  const [current, ...older] = [given.key].flat().map(parseKey);
  if (current === undefined) throw new SetupError('`approvals.records.key` is missing.', wanted);
  const header = { alg: 'ES256', typ: TYPE, kid: current.jwk.kid };
  return {
    publicKeys: { keys: [current, ...older].map(({ jwk }) => jwk) },
    async write(row, amr) {
      await sink(jwt.sign(recordOf(row, issuer, amr), current.key, { algorithm: 'ES256', header }));
    },
  };
}

/** The digest by which a record names a payload. */
export function payloadDigest(payload: unknown): string {
  return sha256(JSON.stringify(payload));
}

function recordOf(row: ApprovalRow, iss: string, amr: readonly string[]): ApprovalRecord {
  const { id, asker, decision, httpMethod, url, summary, payload, createdAt, spentAt } = row;
  const { kind, id: askerId, userId } = asker;
  return {
    iss,
    iat: Math.floor((spentAt ?? 0) / 1_000),
    jti: id,
    asker: { kind, id: askerId, userId },
    approver: { userId: decision?.userId ?? '', method: decision?.method ?? '', amr },
    httpMethod,
    url,
    summary,
    payloadDigest: sha256(payload),
    requestedAt: createdAt,
    approvedAt: decision?.at ?? 0,
    spentAt: spentAt ?? 0,
  };
}

/**
 * Verifies a record: signed by one of these keys, of this issuer, and saying what is expected. Gives what it says; throws an
 * error for any other, and a `SetupError` where nothing is expected of it.
 */
export function verifyRecord(jws: string, { keys, issuer, expected }: VerifyRecordOptions): ApprovalRecord {
  if (typeof issuer !== 'string' || Object.values(expected ?? {}).every((value) => value === undefined)) {
    throw new SetupError(
      '`verifyRecord` needs an `issuer`, and to know what is `expected`.',
      'Give `expected: { url, payloadDigest }`.',
    );
  }
  const { header } = decode(jws);
  const jwk = keys.keys.find((key) => key.kid === header.kid);
  if (header.typ !== TYPE || jwk === undefined) throw new Error('This is not a record of these keys.');
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
  const { payload, signature } = jwt.verify(jws, key, { algorithms: ['ES256'], complete: true });
  // One spelling only: else two texts would be one record.
  if (!jws.endsWith(`.${encode(Buffer.from(signature, 'base64url'))}`)) throw new Error('The signature is wrong.');
  const record = payload as ApprovalRecord; // what `recordOf` wrote: its signature is right
  const { askerUserId, approverUserId, ...members } = expected;
  const said = { ...record, askerUserId: record.asker.userId, approverUserId: record.approver.userId };
  const wanted = Object.entries({ askerUserId, approverUserId, ...members, iss: issuer });
  const wrong = wanted.find(
    ([name, value]) => value !== undefined && (said as Record<string, unknown>)[name] !== value,
  ); // each is text
  if (wrong !== undefined) throw new Error(`The record says another \`${wrong[0]}\`.`);
  return record;
}

interface ParsedKey {
  readonly key: KeyObject;
  readonly jwk: RecordPublicKey;
}

function parseKey(given: unknown): ParsedKey {
  try {
    const key = typeof given === 'string' ? createPrivateKey(given) : (given as KeyObject); // what else it is shows next
    const { kty, crv, x = '', y = '' }: JsonWebKey = createPublicKey(key).export({ format: 'jwk' });
    if (key.type === 'private' && kty === 'EC' && crv === 'P-256') {
      const kid = sha256(JSON.stringify({ crv, kty, x, y })); // its thumbprint (RFC 7638)
      return { key, jwk: { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' } };
    }
  } catch {
    // Not passed on: the message may quote the key.
  }
  throw new SetupError(
    '`approvals.records.key` must be a private key of the curve P-256.',
    'Make one: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256.',
  );
}

/** Not BLAKE3: whoever reads a record has this everywhere. */
function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function decode(jws: string): jwt.Jwt {
  const decoded = typeof jws === 'string' ? jwt.decode(jws, { complete: true }) : null;
  if (decoded === null) throw new Error('This is not a record.');
  return decoded;
}
