import type { Delivery } from '../../lib/index.js';
import type { RequestOptionsJSON } from '../../lib/testing/index.js';
import type { Answer, Sent } from './app.js';

/** What a client was told of its session, and so may count on. */
export interface Entry {
  readonly id: string;
  readonly delivery: Delivery;
  /** Null where the answer with it was lost. */
  credential: Credential | null;
  /** The methods of the sign-in; no refresh takes their proofs away. */
  readonly signedInWith: string;
  /** When the last step-up was, if no refresh came after it. */
  steppedUpAt: number | null;
  /** The refresh tokens that were exchanged, oldest first. */
  readonly exchanged: string[];
  /** Whether the credential was used since the last exchange. */
  used: boolean;
  /** A challenge that wasn't answered yet. */
  open: { readonly challengeId: string; readonly options: RequestOptionsJSON } | null;
  /** An approved transfer that wasn't made yet. */
  approved: object | null;
  /** What was good once: transfers that were made, and answers to challenges. */
  readonly spent: Sent[];
}

export interface Credential {
  /** For `Authorization`, or as cookies. */
  readonly headers: Readonly<Record<string, string>>;
  /** The session token, or the access token. */
  readonly token: string;
  readonly refreshToken: string | null;
}

/** What was asked and not answered. */
export type InFlight =
  | { readonly type: 'sign-in'; readonly replaces: Entry | null }
  /** All of them end, or none. */
  | { readonly type: 'end'; readonly entries: readonly Entry[] }
  | Change;

/** The session lives on, whether it was done or not. */
export type Change =
  | { readonly type: 'refresh' | 'step-up'; readonly entry: Entry }
  | { readonly type: 'transfer'; readonly entry: Entry; readonly sent: Sent };

/** What went wrong: an acknowledged write is gone, an ended session is back, something counts twice, or anything else. */
export type ViolationKind = 'lost' | 'revoked then alive' | 'spent then good' | 'broken';

export class Violation extends Error {
  readonly kind: ViolationKind;

  constructor(kind: ViolationKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

export function newEntry(answer: Answer, delivery: Delivery, signedInWith: string): Entry {
  return {
    id: answer.body.session_id ?? '',
    delivery,
    credential: credentialOf(delivery, answer, null),
    signedInWith,
    steppedUpAt: null,
    exchanged: [],
    used: true,
    open: null,
    approved: null,
    spent: [],
  };
}

/** A session of which nobody was told. */
export function orphan(id: string): Entry {
  const nothing = { status: 0, setCookies: [], body: { session_id: id } };
  return { ...newEntry(nothing, 'cookie', ''), credential: null };
}

/** What an answer hands out; what it leaves out stays as it was. */
export function credentialOf(delivery: Delivery, { setCookies, body }: Answer, before: Credential | null): Credential {
  if (delivery === 'bearer') {
    const { access_token: token = '', refresh_token = before?.refreshToken ?? null } = body;
    return { headers: { Authorization: `Bearer ${token}` }, token, refreshToken: refresh_token };
  }
  const cookies = new Map<string, string>();
  for (const line of setCookies) {
    const [pair = ''] = line.split(';');
    const equals = pair.indexOf('=');
    if (equals < pair.length - 1) cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  const token = cookies.get(delivery === 'cookie' ? '__Host-session' : '__Host-access') ?? '';
  if (delivery === 'cookie') return { headers: { Cookie: `__Host-session=${token}` }, token, refreshToken: null };
  const refreshToken = cookies.get('__Host-refresh') ?? before?.refreshToken ?? '';
  return { headers: { Cookie: `__Host-access=${token}; __Host-refresh=${refreshToken}` }, token, refreshToken };
}
