import type { Emit, FailedReason } from '../events.js';
import type { Secrets } from '../internal/keys.js';
import type { MaybePromise } from '../internal/maybe-promise.js';
import type { Store, StoreParts } from '../stores/contract/store.js';

export type MethodOutcome =
  | {
      readonly outcome: 'verified';
      /** Which of the user's credentials it was, in words of the method's own; never a secret. See `holds`. */
      readonly credential?: string;
    }
  | {
      readonly outcome: 'failed';
      readonly reason: FailedReason;
      /** Whether the credential that was shown is in no store at all: then whoever offers it may forget it. @default false */
      readonly isNobodys?: boolean;
    };

/** How the app names a user, in what an authenticator shows. */
export interface User {
  readonly name: string;
  readonly displayName?: string;
}

/** To whom credentials are bound that are good in one domain only. */
export interface RelyingParty {
  readonly rpID: string;
  /** The origins where they may be used. */
  readonly origins: readonly string[];
}

/** What stepgate lends to its methods. Every store call in it is watched: a failing store is a `DependencyError`. */
export interface MethodServices {
  readonly store: Store;
  readonly secrets: Secrets;
  readonly issuer: string;
  /** The domain of the instance's passkeys; null for an instance without them. */
  readonly rpID: string | null;
  readonly emit: Emit;
  /** Null: unknown or disabled. */
  readonly findUser: (userId: string) => Promise<User | null>;
}

export interface MethodContext {
  readonly services: MethodServices;
  /** The user of the session; never one that the request names. */
  readonly userId: string;
  readonly now: number;
}

export interface BeginContext extends MethodContext {
  /** What an authenticator is to sign, base64url. */
  readonly challenge: string;
}

export interface VerifyContext extends MethodContext {
  /** What the client sent: any JSON. */
  readonly response: unknown;
  /** The challenge that this answers, taken and so used up; null for a method without a ceremony. */
  readonly challenge: { readonly value: string; readonly createdAt: number } | null;
}

/** What a page without JavaScript asks for: one field, whose text is a member of the response. */
export interface MethodField {
  /** `'code'` for the response `{ code: '…' }`. */
  readonly member: string;
  readonly label: string;
  readonly type: 'text' | 'password';
  /** HTML's own: `'one-time-code'`, `'current-password'`, `'off'`. */
  readonly autocomplete: string;
  /** HTML's own: `'numeric'` for digits. */
  readonly inputMode?: string;
}

/**
 * A way to prove presence. The order of the instance's `methods` option is their strength, strongest first. A method
 * that throws has failed; one that says `verified` has been passed by the user of the session just now.
 */
export interface Method<Name extends string = string> {
  readonly name: Name;
  /** The `acr` that stands for it in challenges and access tokens, for example `'phr'`; null for none. */
  readonly acr: string | null;
  /** Its RFC 8176 values. */
  readonly amr: readonly string[];
  /** Whether an answer can be guessed, as a code or a password can: then attempts are limited by user as well. */
  readonly guessable: boolean;
  /**
   * Whether an answer is used up by being given, as a recovery code is: then a proof counts although the user may have
   * none left.
   * @default false
   */
  readonly oneTime?: boolean;
  /** For a method whose credentials are bound to a domain: to which. */
  readonly relyingParty?: RelyingParty;
  /** The store parts, and the `users` option, without which it can't work. */
  readonly needs: readonly (keyof StoreParts | 'users')[];
  /** Whether this user can pass it. */
  readonly enrolled: (context: MethodContext) => MaybePromise<boolean>;
  /**
   * Whether `begin` does something that a user notices, such as sending a code. Then it begins only when the client has
   * chosen it, by `POST {mount}/step-up/options`, and never because a request was refused.
   * @default false
   */
  readonly effect?: boolean;
  /** The options for the client's ceremony, where there is one. */
  readonly begin?: (context: BeginContext) => MaybePromise<object>;
  readonly verify: (context: VerifyContext) => MaybePromise<MethodOutcome>;
  /** What `auth.pages()` asks for. @default the method needs JavaScript, as every method with a ceremony does */
  readonly field?: MethodField;
  /**
   * Whether the user still has the credential that `verify` named. It is asked once more after a proof was made: one that
   * was removed meanwhile must not leave it behind. Without it, or where no credential was named, the answer stands.
   */
  readonly holds?: (context: MethodContext, credential: string) => MaybePromise<boolean>;
  /** For the app's own code: moves in what the user has elsewhere. Rejects with a `SetupError` for data of another shape. */
  readonly import?: (context: MethodContext, data: unknown) => Promise<void>;
  /** For the app's own code: removes one credential, or without an id all. False when there was none. */
  readonly remove?: (context: MethodContext, id: string | null) => Promise<boolean>;
}
