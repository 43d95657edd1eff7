import assert from 'node:assert/strict';
import type { Response } from 'supertest';
import type { Method } from '../../lib/methods/method.js';
import { type PasskeyMethod, passkey } from '../../lib/methods/passkey/index.js';
import type { AuthenticationVariant } from '../../lib/testing/authenticator/variants.js';
import { type SoftwareAuthenticator, softwareAuthenticator } from '../../lib/testing/index.js';
import type { Browser } from '../support/browser.js';
import { ORIGIN } from '../support/instance.js';
import { begin, type Purpose, type StepUpApp, type StepUpAppOptions, stepUpApp, verify } from './app.js';
import { fakeCode } from './fake-methods.js';

/** An app whose users may have passkeys, and all a `code`. */
export function passkeyApp(options: StepUpAppOptions = {}): StepUpApp {
  const all: readonly Method[] = [passkeyMethod(), fakeCode()];
  const rules = { '/passkey': { method: 'passkey', maxAge: '5m' } } as const;
  const users = { find: (id: string) => ({ name: `${id}@app.example` }) };
  return stepUpApp({ methods: all, rules, users, ...options });
}

function passkeyMethod(): PasskeyMethod {
  return passkey({ rpID: 'app.example', rpName: 'Example', origins: [ORIGIN] });
}

export interface WithPasskey {
  readonly browser: Browser;
  readonly authenticator: SoftwareAuthenticator;
}

/** A user with a new passkey, who signed in with a code an hour ago. */
export async function withPasskey(
  { auth, signIn, clock }: StepUpApp,
  userId = 'ada',
  authenticator: SoftwareAuthenticator = softwareAuthenticator({ origin: ORIGIN }),
): Promise<WithPasskey> {
  const browser = await signIn(userId, { method: 'code' });
  const { challengeId, options } = (await browser.post('/auth/passkeys/options')).body;
  const response = authenticator.create(options);
  const enrolled = await browser.post('/auth/passkeys', { body: { challengeId, response } });
  assert.equal(enrolled.status, 201, enrolled.text);
  await auth.flush();
  clock.advance('1h');
  return { browser, authenticator };
}

/** Steps up, or only verifies, by an assertion that may differ from a good one. */
export async function assertPresence(
  { browser, authenticator }: WithPasskey,
  variant: AuthenticationVariant = {},
): Promise<Response> {
  const { challengeId, response } = await assertion({ browser, authenticator }, variant);
  return verify(browser, 'passkey', response, challengeId);
}

/** A challenge for the browser, and what the authenticator makes of it. */
export async function assertion(
  { browser, authenticator }: WithPasskey,
  variant: AuthenticationVariant = {},
  purpose: Purpose = 'step-up',
): Promise<{ readonly challengeId: string; readonly response: object }> {
  const { challengeId, options } = await begin(browser, 'passkey', purpose);
  return { challengeId, response: authenticator.get(options as never, variant) }; // the options are the browser's JSON
}
