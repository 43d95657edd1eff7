import type { IncomingMessage, ServerResponse } from 'node:http';
import { isStorable, parseUserId } from '../internal/arguments.js';
import { SetupError } from '../internal/setup-error.js';
import { decodeToken, encode, hashToken, newToken, type TokenHash } from '../internal/tokens.js';
import { refuseUnknownKeys } from '../internal/unknown-keys.js';
import type { Services } from '../services.js';
import { publicSession } from '../session/sessions.js';
import { withNewToken } from './authenticate.js';
import { sentFrom } from './client.js';
import { assertUnsent } from './credentials.js';
import { Refusal } from './refusal.js';
import type { SignedIn } from './sign-in.js';

export interface ImpersonateOptions {
  /** Whom to act as: 1 to 255 characters, another than the admin. */
  readonly userId: string;
  /** Why, for the records: 1 to 255 characters. The user never sees it. */
  readonly reason: string;
}

/**
 * Lets a signed-in admin act as a user, and go back to the same session. The app says who may: call it behind a guard
 * and a check of the role, best behind `requireFreshStepUp`.
 *
 * The admin's own session takes no session token meanwhile. What goes out for it is a return token in a cookie of its
 * own, good for nothing but `endImpersonation`, and only together with the token of the session it began.
 */
export interface Impersonation {
  /**
   * Rejects with a `Refusal`: `restricted` for a session that is itself one of an impersonator, `request_invalid` for one
   * that comes by another delivery than `'cookie'`, `cross_origin`, `session_invalid`, `sign_in_refused` (the user's
   * sessions were revoked in this very moment); with a `SetupError` for wrong options and once the headers were sent.
   */
  readonly impersonate: (req: IncomingMessage, res: ServerResponse, options: ImpersonateOptions) => Promise<SignedIn>;
  /**
   * Ends the impersonated session and goes back to the admin's, with a new token and without proofs. Rejects with the
   * `Refusal` `session_invalid` where either cookie is missing or expired: the admin signs in again then.
   */
  readonly endImpersonation: (req: IncomingMessage, res: ServerResponse) => Promise<SignedIn>;
}

const MAX_REASON = 255;

export function createImpersonation({
  store,
  returnTokens,
  sessions,
  cookies,
  states,
  deliver,
  requireCaller,
  requireCurrentToken,
  isSameOrigin,
  wwwAuthenticate,
  clock,
  emit,
}: Pick<
  Services,
  | 'store'
  | 'returnTokens'
  | 'sessions'
  | 'cookies'
  | 'states'
  | 'deliver'
  | 'requireCaller'
  | 'requireCurrentToken'
  | 'isSameOrigin'
  | 'wwwAuthenticate'
  | 'clock'
  | 'emit'
>): Impersonation {
  function invalid(): Refusal {
    return new Refusal('session_invalid', { headers: { 'WWW-Authenticate': wwwAuthenticate.invalidToken } });
  }

  function refuseOtherOrigins(req: IncomingMessage): void {
    if (isSameOrigin(req)) return;
    emit({ type: 'session.refused', reason: 'cross-origin', ...sentFrom(req) });
    throw new Refusal('cross_origin');
  }

  return {
    async impersonate(req, res, options) {
      const { userId, reason } = parseOptions(options);
      assertUnsent(res, 'impersonate');
      refuseOtherOrigins(req);
      const { row: admin } = await requireCurrentToken(req);
      if (admin.delivery !== 'cookie') {
        throw new Refusal('request_invalid', { detail: 'Only a session in a cookie can act as another user.' });
      }
      if (admin.userId === userId) {
        throw new SetupError('`userId` must be another user than the one who is signed in.', 'Check it before.');
      }
      const now = clock.now();
      // First, since nobody has its token yet: a failure in between leaves the admin signed in.
      const created = await sessions.create({
        userId,
        delivery: 'cookie',
        authenticatedAt: now,
        amr: [],
        acr: null,
        proofs: {},
        userAgent: null,
        ip: null,
        label: null,
        data: null,
        idleLifetime: admin.idleLifetime,
        absoluteLifetime: admin.expiresAt - now,
        persistent: admin.persistent,
        restricted: false,
        impersonator: { userId: admin.userId, sessionId: admin.id, reason },
        replaces: null,
      });
      if (created.outcome === 'too-late') throw new Refusal('sign_in_refused');
      const returnToken = returnTokens.issue();
      const change = handOver(admin.userId, admin.tokenHash, returnToken.hash);
      const lent = await store.sessions.change(admin.id, change, now);
      if (lent === null) {
        await sessions.revoke(created.row.id, null, 'impersonator');
        throw invalid();
      }
      const { row, token } = created;
      const about = { userId, sessionId: row.id, impersonatorId: admin.userId };
      emit({ type: 'impersonation.started', ...about, reason, ...sentFrom(req) });
      const body = deliver(res, created);
      cookies.set(res, 'return', encode(returnToken.token), lent.persistent ? lent.expiresAt - now : null);
      states.set(req, withNewToken({ row, token, proofsId: row.id }));
      return { session: publicSession(row), body };
    },

    async endImpersonation(req, res) {
      assertUnsent(res, 'endImpersonation');
      refuseOtherOrigins(req);
      const { row: impersonated } = await requireCaller(req);
      const { impersonator } = impersonated;
      const values = cookies.all(req, 'return');
      const returnToken = values.length === 1 ? decodeToken(values[0]) : null;
      if (impersonator === null || returnToken === null) throw invalid();
      const admin = await sessions.get(impersonator.sessionId);
      const presented = returnTokens.hashesOf(returnToken).find((hash) => hash === admin?.tokenHash);
      if (admin === null || presented === undefined) throw invalid();
      // First: should the store fail in between, nobody is left who acts as the user.
      await sessions.revoke(impersonated.id, impersonated.userId, 'impersonator');
      const token = newToken();
      const change = handOver(admin.userId, presented, hashToken(token));
      const row = await store.sessions.change(admin.id, change, clock.now());
      if (row === null) throw invalid();
      const about = { userId: impersonated.userId, sessionId: impersonated.id, impersonatorId: admin.userId };
      emit({ type: 'impersonation.ended', ...about, ...sentFrom(req) });
      const body = deliver(res, { row, token, refreshToken: null });
      cookies.clearOne(res, 'return');
      states.set(req, withNewToken({ row, token, proofsId: row.id }));
      return { session: publicSession(row), body };
    },
  };
}

/** Another token takes the place of the current one: at once, and without proofs. */
function handOver(userId: string, presented: TokenHash, tokenHash: TokenHash) {
  return { type: 'replace-credentials', userId, presented, tokenHash, refreshHash: null } as const;
}

function parseOptions(options: ImpersonateOptions): ImpersonateOptions {
  if (typeof options !== 'object' || options === null) {
    throw new SetupError(
      '`impersonate` takes an object of options.',
      'Write `impersonate(req, res, { userId, reason })`.',
    );
  }
  refuseUnknownKeys(options, ['userId', 'reason'], 'options');
  const { reason } = options;
  const userId = parseUserId(options.userId);
  if (isStorable(reason) && reason.trim() !== '' && reason.length <= MAX_REASON) return { userId, reason };
  throw new SetupError(
    `\`reason\` must be a string of 1 to ${MAX_REASON} characters, without NUL and without half a surrogate pair.`,
    'Write for example the number of the support ticket.',
  );
}
