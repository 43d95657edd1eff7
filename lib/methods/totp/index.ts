import type { RoutedMethod } from '../../http/method-routes.js';
import { isTooYoung } from '../../internal/clock.js';
import { andThen } from '../../internal/maybe-promise.js';
import { isUnderFirst } from '../../internal/sealed.js';
import { SetupError } from '../../internal/setup-error.js';
import { hashToken } from '../../internal/tokens.js';
import { refuseUnknownKeys } from '../../internal/unknown-keys.js';
import type { TotpRow } from '../../stores/contract/totp.js';
import { onlyMember } from '../answer.js';
import type { Method, MethodOutcome, VerifyContext } from '../method.js';
import { findStep, latestStep, parseCode } from './code.js';
import { decryptSecret, encryptSecret } from './encrypted-secret.js';
import { createTotpEnrolment, importTotp, type TotpEnrolment, totpOf } from './enrolment.js';
import { totpRoutes } from './routes.js';

export type {
  ImportedTotp,
  TotpBeginOutcome,
  TotpConfirmation,
  TotpConfirmOutcome,
  TotpEnrolment,
  TotpSetup,
} from './enrolment.js';

export interface TotpOptions {
  /** What authenticator apps show beside the user's name, without a colon. @default the host of the instance's `issuer` */
  readonly issuer?: string | undefined;
}

export interface TotpMethod extends RoutedMethod<'totp'> {
  readonly enrolment: TotpEnrolment;
  readonly holds: NonNullable<Method['holds']>;
  readonly import: NonNullable<Method['import']>;
  readonly remove: NonNullable<Method['remove']>;
}

/**
 * Codes of an authenticator app (RFC 6238: SHA-1, 6 digits, 30 seconds), on otpauth. No code is accepted twice, the one
 * that confirms the enrolment included. Not phishing-resistant: a user can be talked into typing a code elsewhere.
 *
 * Secrets are stored encrypted with the first of the instance's `secret`, and encrypted anew with it at their next use
 * where an older one was the first. Throws a `SetupError` for wrong options.
 */
export function totp(options: TotpOptions = {}): TotpMethod {
  const issuer = parseIssuer(options);
  const method: TotpMethod = {
    name: 'totp',
    acr: null,
    amr: ['otp'],
    guessable: true,
    needs: ['totp', 'users'],
    field: {
      member: 'code',
      label: 'Code of your authenticator app',
      type: 'text',
      autocomplete: 'one-time-code',
      inputMode: 'numeric',
    },
    enrolled: ({ services, userId }) => andThen(totpOf(services).find(userId), (row) => isConfirmed(row)),
    async verify(context) {
      const code = parseCode(onlyMember(context.response, 'code'));
      if (code === null) return { outcome: 'failed', reason: 'malformed' };
      const row = await totpOf(context.services).find(context.userId);
      return isConfirmed(row) ? checkCode(context, row, code) : { outcome: 'failed', reason: 'unknown-credential' };
    },
    holds: ({ services, userId }, credential) =>
      andThen(totpOf(services).find(userId), (row) => isConfirmed(row) && nameOf(row.encryptedSecret) === credential),
    enrolment: createTotpEnrolment(issuer),
    import: importTotp,
    remove: async ({ services, userId }, id) => id === null && totpOf(services).remove(userId), // there is one, without an id
    routes: (services) => totpRoutes(method, services),
  };
  return method;
}

async function checkCode(
  context: VerifyContext,
  { encryptedSecret, confirmedAt }: ConfirmedRow,
  code: string,
): Promise<MethodOutcome> {
  const { services, userId, now, challenge } = context;
  if (isTooYoung(confirmedAt, { challenge, now })) return { outcome: 'failed', reason: 'enrolled-after-challenge' };
  const secret = decryptSecret(encryptedSecret, userId, services.secrets);
  if (secret === null) return { outcome: 'failed', reason: 'method-error' };
  const step = findStep(secret, code, now);
  if (step === null) return { outcome: 'failed', reason: 'rejected' };
  const renewed = isUnderFirst(encryptedSecret, services.secrets)
    ? encryptedSecret
    : encryptSecret(secret, userId, services.secrets);
  // RFC 6238 5.2: not twice. The store compares, so that of parallel attempts with one code one passes.
  if (await totpOf(services).useStep({ userId, encryptedSecret, renewed, step, latest: latestStep(now) })) {
    return { outcome: 'verified', credential: nameOf(renewed) };
  }
  const row = await totpOf(services).find(userId);
  // Another attempt was faster, and has encrypted the secret anew.
  if (isConfirmed(row) && row.encryptedSecret !== encryptedSecret) return checkCode(context, row, code);
  return { outcome: 'failed', reason: 'replayed' };
}

/** Names the secret without telling it: another one of the user's has another name. */
function nameOf(encryptedSecret: string): string {
  return hashToken(Buffer.from(encryptedSecret));
}

type ConfirmedRow = TotpRow & { readonly confirmedAt: number };

function isConfirmed(row: TotpRow | null): row is ConfirmedRow {
  return row !== null && row.confirmedAt !== null;
}

function parseIssuer(options: TotpOptions): string | null {
  refuseUnknownKeys(options, ['issuer'], 'totp');
  const { issuer } = options;
  if (issuer === undefined) return null;
  if (typeof issuer === 'string' && issuer !== '' && !issuer.includes(':')) return issuer;
  throw new SetupError('`totp.issuer` must be a name.', "Write the app's name without a colon, or leave it out.");
}
