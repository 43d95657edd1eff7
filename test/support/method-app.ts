import assert from 'node:assert/strict';
import bodyParser from 'body-parser';
import type { Response } from 'supertest';
import { passkey } from '../../lib/methods/passkey/index.js';
import { recoveryCode } from '../../lib/methods/recovery-code/index.js';
import { totp } from '../../lib/methods/totp/index.js';
import type { Store } from '../../lib/stores/contract/store.js';
import { type SoftwareAuthenticator, softwareAuthenticator } from '../../lib/testing/index.js';
import { begin, type StepUpApp, type StepUpAppOptions, stepUpApp, verify } from '../step-up/app.js';
import { fakeCode } from '../step-up/fake-methods.js';
import type { Browser, Sent } from './browser.js';
import { ORIGIN } from './instance.js';
import { totpCode } from './totp.js';

export const TOTP_SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

export type MethodName = 'passkey' | 'totp' | 'code';

/** What a user can prove presence with. */
export type Ceremony = (options: unknown) => object;

/**
 * An app whose users may have passkeys, TOTP and recovery codes, and all have a `code`. `/passkey`, `/totp` and `/code` ask for a proof of
 * the last five minutes, `/pay-by-passkey` and the like for an approval.
 */
export function methodApp({ routes, ...options }: StepUpAppOptions & { store: Store }): StepUpApp {
  const code = fakeCode();
  const names: readonly MethodName[] = ['passkey', 'totp', 'code'];
  const app = stepUpApp({
    methods: [passkey({ rpID: 'app.example', rpName: 'Example', origins: [ORIGIN] }), totp(), code, recoveryCode()],
    users: { find: (id) => ({ name: `${id}@app.example` }) },
    rules: Object.fromEntries(names.map((method) => [`/${method}`, { method, maxAge: '5m' }])),
    routes: (auth) => ({
      ...Object.fromEntries(
        names.map((method) => [
          `/pay-by-${method}`,
          [bodyParser.json(), auth.requireFreshStepUp({ method, bind: ({ body }) => ({ to: body['to'] }) })],
        ]),
      ),
      ...routes?.(auth),
    }),
    ...options,
  });
  // Everybody has the code: these tests sign in whomever they like.
  code.users.has = () => true;
  return app;
}

/** A passkey that this browser's user adds. */
export async function addPasskey(browser: Browser): Promise<SoftwareAuthenticator> {
  const key = softwareAuthenticator({ origin: ORIGIN });
  const begun = await browser.post('/auth/passkeys/options');
  assert.equal(begun.status, 200, begun.text);
  const { challengeId, options } = begun.body;
  const added = await browser.post('/auth/passkeys', { body: { challengeId, response: key.create(options) } });
  assert.equal(added.status, 201, added.text);
  return key;
}

export function byPasskey(key: SoftwareAuthenticator): Ceremony {
  return (options) => key.get(options as never); // the browser's JSON
}

/** The code of the secret above, at the time of the app. */
export function byTotp({ clock }: Pick<StepUpApp, 'clock'>): Ceremony {
  return () => ({ code: totpCode(TOTP_SECRET, clock.now()) });
}

/** Answers a challenge of its own. */
export async function prove(browser: Browser, method: MethodName, ceremony: Ceremony): Promise<Response> {
  const { challengeId, options } = await begin(browser, method);
  return verify(browser, method, ceremony(options), challengeId);
}

/** The request that has to be approved by this method. */
export function payment(method: MethodName): { readonly path: string } & Sent {
  return { path: `/pay-by-${method}`, body: { to: 'bea' } };
}

/** Approves the payment, which has not been sent again then. */
export async function approvePayment(browser: Browser, method: MethodName, ceremony: Ceremony): Promise<Response> {
  const { path, ...sent } = payment(method);
  const { challenge } = (await browser.post(path, sent)).body;
  return verify(browser, method, ceremony(challenge.methods[method].options), challenge.id);
}
