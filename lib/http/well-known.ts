import { SetupError } from '../internal/setup-error.js';
import type { Services } from '../services.js';
import type { Middleware } from './require-session.js';
import { sendJson } from './router.js';

const PATH = '/.well-known/webauthn';
const MAX_AGE = 3_600;

/**
 * Serves what browsers look up at `rpID` before they let a page of another domain use its passkeys (WebAuthn Level 3,
 * 5.11): the origins of the method, those of native apps left out. It is public, and the same for everybody. Throws a
 * `SetupError` for a kit without passkeys.
 */
export function createWellKnown({ settings }: Pick<Services, 'settings'>): Middleware {
  const party = settings.methods.find(({ relyingParty }) => relyingParty !== undefined)?.relyingParty;
  if (party === undefined) {
    throw new SetupError(
      '`wellKnown` has nothing to serve.',
      'Give the kit `passkey({ rpID, rpName, origins })`, or leave it out.',
    );
  }
  const origins = party.origins.filter((origin) => /^https?:/.test(origin));
  return function wellKnown(req, res, next) {
    const isAsked = (req.method === 'GET' || req.method === 'HEAD') && pathOf(req.url) === PATH;
    if (!isAsked) return next();
    res.setHeader('Cache-Control', `public, max-age=${MAX_AGE}`);
    sendJson(res, 200, { origins });
  };
}

function pathOf(url: string | undefined): string {
  return (url ?? '').split('?', 1)[0] ?? '';
}
