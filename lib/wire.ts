// What the router says and takes, as JSON: the one place for its types, which the server's code and the browser's share.
// Nothing here is code, and nothing here needs Node or a DOM.
import type { Duration } from './internal/duration.js';

/** Every refusal there is. docs/errors.md has a heading for each. */
export type RefusalCode =
  | 'session_required'
  | 'session_invalid'
  | 'refresh_invalid'
  | 'step_up_required'
  | 'approval_required'
  | 'refresh_missing'
  | 'request_invalid'
  | 'action_incomplete'
  | 'step_up_failed'
  | 'step_up_unavailable'
  | 'method_disabled'
  | 'sign_in_refused'
  | 'cross_origin'
  | 'api_key_refused'
  | 'restricted'
  | 'not_found'
  | 'method_not_allowed'
  | 'session_changed'
  | 'approval_decided'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'method_locked'
  | 'too_many_pending'
  | 'slow_down'
  | 'store_unavailable';

/** The members that every refusal has (RFC 9457). */
export interface RefusalJson {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: RefusalCode;
  /** One sentence for the developer of the client. */
  readonly detail: string;
}

/** An end, by the server's clock and as seconds from the answer on, for clients whose clock is wrong. */
export interface EndJson {
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Whole seconds, rounded down. */
  readonly expiresIn: number;
}

/** A rule as a 401 repeats it: in the form it was written in, durations in seconds. To the client every action is a `once`. */
export type RuleJson =
  | { readonly method: string | readonly string[]; readonly maxAge: number }
  | { readonly method: string | readonly string[]; readonly once: true }
  | { readonly anyOf: readonly RuleJson[] }
  | { readonly allOf: readonly RuleJson[] };

/** A rule as a page asks for it ahead, with `POST {mount}/step-up/check`. */
export type AskedRule =
  | { readonly method: string | readonly string[]; readonly maxAge: Duration }
  | { readonly anyOf: readonly AskedRule[] }
  | { readonly allOf: readonly AskedRule[] };

export interface MethodJson {
  readonly method: string;
  readonly enrolled: boolean;
}

/** A challenge for exactly the request that was refused. */
export interface ActionChallengeJson extends EndJson {
  readonly id: string;
  /** What would be done, in words; null where the rule has none. */
  readonly summary: string | null;
  /**
   * What each method needs for its ceremony; `options` is null for one without. `begin`: it has an effect, so nothing was
   * begun yet; `POST {mount}/step-up/options` with the method and the challenge's id begins it.
   */
  readonly methods: Readonly<Record<string, { readonly options: object | null; readonly begin?: true }>>;
}

/** 401 `step_up_required`. */
export interface StepUpRequiredJson extends RefusalJson {
  readonly code: 'step_up_required';
  readonly rule: RuleJson;
  readonly reason: 'missing' | 'expired' | 'spent';
  /** The ways that are left, shortest first, at most 16: each a list of methods that have to be proved, all of them. */
  readonly missing: readonly (readonly string[])[];
  readonly methods: readonly MethodJson[];
  /** With `reason: 'spent'`: when exactly this was done before, in epoch milliseconds. */
  readonly spentAt?: number;
  /** For an action. */
  readonly challenge?: ActionChallengeJson;
}

/** 403 `step_up_failed`. */
export interface StepUpFailedJson extends RefusalJson {
  readonly code: 'step_up_failed';
  /** `'response'`: the answer was wrong. `'challenge'`: it was used up, too old, or never there. */
  readonly reason: 'response' | 'challenge';
  /** How many wrong answers more until the method is locked; not with `'challenge'`, which counts for nothing. */
  readonly attemptsLeft?: number;
  /** For an action and `'response'`: the next one, since this one is used up, for the same request and summary. */
  readonly challenge?: Omit<ActionChallengeJson, 'summary'>;
  /** Beside `challenge`, where exactly this was done before: when, in epoch milliseconds. */
  readonly spentAt?: number;
  /** The passkey is in no store: the browser may forget it. */
  readonly unknownCredential?: true;
}

/** 403 `step_up_unavailable`. */
export interface StepUpUnavailableJson extends RefusalJson {
  readonly code: 'step_up_unavailable';
  readonly rule?: RuleJson;
  /** What could be set up. */
  readonly methods?: readonly MethodJson[];
}

/** 429. */
export interface TooManyJson extends RefusalJson {
  readonly code: 'method_locked' | 'too_many_pending' | 'slow_down';
  /** Seconds, as in `Retry-After`. */
  readonly retryAfter: number;
}

/** An approval as its asker gets it. */
export interface ApprovalJson extends EndJson {
  readonly id: string;
  /** With the id, as `<id>.<token>` in `Stepgate-Approval`, it is what the asker looks and asks again with. Said once. */
  readonly token?: string;
  /** What would be done, in words. */
  readonly summary: string;
  /** How many seconds to wait between two looks. */
  readonly interval: number;
  /** A page of the app's to approve it on. */
  readonly url?: string;
}

export type ApprovalStatus = 'pending' | 'approved' | 'denied' | 'expired' | 'spent';

/** 401 `approval_required`. */
export interface ApprovalRequiredJson extends RefusalJson {
  readonly code: 'approval_required';
  /** `'missing'`: it was asked for just now. `'mismatch'`: the request isn't the one that the approval is for. */
  readonly reason: 'missing' | 'mismatch' | 'pending' | 'denied' | 'expired' | 'spent';
  readonly approval?: ApprovalJson;
}

/** 409 `approval_decided`. */
export interface ApprovalDecidedRefusalJson extends RefusalJson {
  readonly code: 'approval_decided';
  readonly approval: { readonly status: ApprovalStatus };
}

/** `GET {mount}/approvals/:id`, for who asked. */
export interface ApprovalStatusJson extends ApprovalJson {
  readonly status: ApprovalStatus;
}

/** An approval as who may decide it gets it: what the server stored when it was asked for. */
export interface PendingApprovalJson extends EndJson {
  readonly id: string;
  readonly summary: string;
  readonly httpMethod: string;
  readonly url: string;
  readonly payload: unknown;
  /** The methods that may answer for it. */
  readonly methods: readonly string[];
  readonly asker: {
    readonly kind: 'session' | 'api-key';
    readonly userId: string;
    /** The session's label, or the key's id. */
    readonly label: string | null;
    readonly ip: string | null;
    readonly userAgent: string | null;
    /** When its session began, in epoch milliseconds; null for a key. */
    readonly since: number | null;
  };
  /** Epoch milliseconds. */
  readonly requestedAt: number;
}

/** `GET {mount}/approvals`: oldest first. */
export interface ApprovalsJson {
  readonly approvals: readonly PendingApprovalJson[];
}

/** `POST {mount}/approvals/:id/approve` and `/deny`. */
export interface ApprovalDecidedJson {
  readonly status: 'approved' | 'denied';
}

export interface ProofJson {
  readonly method: string;
  /** Epoch milliseconds. */
  readonly verifiedAt: number;
}

/** A session as its user's pages get it. */
export interface SessionJson extends EndJson {
  readonly id: string;
  readonly userId: string;
  readonly delivery: 'cookie' | 'bearer' | 'token-cookies';
  readonly createdAt: number;
  readonly authenticatedAt: number;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  readonly userAgent: string | null;
  readonly ip: string | null;
  readonly label: string | null;
  /** Only where the router lists it. */
  readonly data?: unknown;
}

/** `GET {mount}/session`. */
export interface CurrentSessionJson {
  readonly session: SessionJson;
  readonly proofs: readonly ProofJson[];
}

/** `GET {mount}/sessions`. */
export interface SessionsJson {
  readonly sessions: readonly (SessionJson & { readonly current: boolean })[];
  /** Where the next page begins; null after the last. */
  readonly after: string | null;
}

/** What a sign-in, a refresh and a step-up hand out, by the session's delivery: with cookies no token. */
export interface SignedInJson {
  readonly session_id: string;
  /** Seconds that the access token lives; not with `'cookie'`. */
  readonly expires_in?: number;
  readonly token_type?: 'Bearer';
  readonly access_token?: string;
  /** Only where a new one was made. */
  readonly refresh_token?: string;
  /** Of a step-up beside a session that the app keeps, without cookies: to be sent in `Stepgate-Step-Up`. */
  readonly step_up_token?: string;
}

/** `GET {mount}/step-up`. */
export interface StepUpStateJson {
  readonly methods: readonly (MethodJson & { readonly verifiedAt: number | null })[];
}

/** `POST {mount}/step-up/options`. */
export interface StepUpBegunJson extends EndJson {
  readonly challengeId: string;
  readonly method: string;
  /** For the client's ceremony; null for a method without one. */
  readonly options: object | null;
}

/** `POST {mount}/step-up/verify`. */
export interface StepUpVerifiedJson extends Partial<SignedInJson> {
  readonly verified: true;
  readonly userId: string;
  readonly method: string;
  readonly verifiedAt: number;
}

/** `POST {mount}/passkeys/options` and `POST {mount}/sign-in/passkey/options`. */
export interface CeremonyJson extends EndJson {
  readonly challengeId: string;
  readonly options: object;
}

/** A passkey as its owner sees it. */
export interface PasskeyJson {
  readonly id: string;
  readonly label: string | null;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  readonly backedUp: boolean;
  readonly transports: readonly string[];
}

/** `GET {mount}/passkeys`: all of them. */
export interface PasskeysJson {
  readonly passkeys: readonly PasskeyJson[];
  /** The domain that browsers keep them under. */
  readonly rpId: string;
}

/** `POST {mount}/totp`. */
export interface TotpJson {
  /** Base32, for typing. */
  readonly secret: string;
  /** `otpauth://…`, for a QR code. */
  readonly uri: string;
}

/** `POST {mount}/recovery-codes`: shown this once. */
export interface RecoveryCodesJson {
  readonly codes: readonly string[];
}
