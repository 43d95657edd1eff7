import { SetupError } from '../internal/setup-error.js';
import type { Services } from '../services.js';
import type { Middleware } from './require-session.js';
import { sendJson } from './router.js';

const WEBAUTHN = '/.well-known/webauthn';
const RECORD_KEYS = '/.well-known/stepgate-record-keys.json';
const MAX_AGE = 3_600;

/**
 * Serves what browsers look up at `rpID` before they let a page of another domain use its passkeys (WebAuthn Level 3,
 * 5.11): the origins of the method, those of native apps left out; and the public keys of approval records (RFC 7517). It
 * is public, and the same for everybody. Throws a `SetupError` for an instance with neither passkeys nor records.
 */
export function createWellKnown({ settings }: Pick<Services, 'settings'>): Middleware {
  const party = settings.methods.find(({ relyingParty }) => relyingParty !== undefined)?.relyingParty;
  const { records } = settings.approvals;
  if (party === undefined && records === null) {
    throw new SetupError(
      '`wellKnown` has nothing to serve.',
      'Give stepgate `passkey({ rpID, rpName, origins })` or `approvals.records`, or leave it out.',
    );
  }
  const served = new Map<string, object>();
  if (party !== undefined) served.set(WEBAUTHN, { origins: party.origins.filter((origin) => /^https?:/.test(origin)) });
  if (records !== null) served.set(RECORD_KEYS, records.publicKeys);
  return function wellKnown(req, res, next) {
    const body = req.method === 'GET' || req.method === 'HEAD' ? served.get(pathOf(req.url)) : undefined;
    if (body === undefined) return next();
    res.setHeader('Cache-Control', `public, max-age=${MAX_AGE}`);
    sendJson(res, 200, body);
  };
}

function pathOf(url: string | undefined): string {
  return (url ?? '').split('?', 1)[0] ?? '';
}
