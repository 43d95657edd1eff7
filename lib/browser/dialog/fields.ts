/** What is asked for a method that takes something typed. */
export interface MethodField {
  /** The member of the response: `{ code: '…' }`. */
  readonly member: string;
  /** The HTML attribute: `'one-time-code'`, `'current-password'`, `'off'`. */
  readonly autocomplete: AutoFill;
  /** @default 'text' */
  readonly type?: 'text' | 'password';
  /** `'numeric'` for digits. */
  readonly inputMode?: string;
  /** Whether it begins only when the user has chosen it, since that sends them something. @default false */
  readonly begins?: boolean;
}

/** Those of stepgate's own methods. A passkey has none: the browser asks for it. */
export const FIELDS: Readonly<Record<string, MethodField>> = {
  totp: { member: 'code', autocomplete: 'one-time-code', inputMode: 'numeric' },
  password: { member: 'password', autocomplete: 'current-password', type: 'password' },
  'recovery-code': { member: 'code', autocomplete: 'off' },
};
