import assert from 'node:assert/strict';
import { type SoftwareAuthenticator, softwareAuthenticator } from 'stepgate/testing';
import request, { type Response } from 'supertest';
import { totpCode } from '../support/totp.js';

export const PASSWORD = 'correct horse battery staple';

/** A browser of its own: it keeps its cookies. */
export type Browser = ReturnType<typeof request.agent>;

/** Somebody with an account, and what they hold in their hands. */
export interface Customer {
  readonly id: string;
  readonly email: string;
  readonly browser: Browser;
  /** What their passkeys are in. */
  readonly key: SoftwareAuthenticator;
}

let customers = 0;

/** A new customer, signed in by the sign-up; their browser shows the bank's pages under this address. */
export async function newCustomer(origin: string, page = origin): Promise<Customer> {
  const email = `customer-${++customers}@example.com`;
  const browser = request.agent(origin);
  const { body } = await browser.post('/signup').send({ email, password: PASSWORD }).expect(201);
  return { id: body.id, email, browser, key: softwareAuthenticator({ origin: page }) };
}

/** A further session of theirs. */
export async function signInAgain(origin: string, { email }: Customer): Promise<Browser> {
  const browser = request.agent(origin);
  await browser.post('/login').send({ email, password: PASSWORD }).expect(200);
  return browser;
}

export async function addPasskey({ browser, key }: Customer, label?: string): Promise<Response> {
  const { body } = await browser.post('/auth/passkeys/options').expect(200);
  const { challengeId, options } = body;
  return browser
    .post('/auth/passkeys')
    .send({ challengeId, response: key.create(options), label })
    .expect(201);
}

export interface Totp {
  /** A code that is good now and was never used. There is one only: the next one is not good before half a minute has passed. */
  readonly unusedCode: () => string;
}

export async function setUpTotp({ browser }: Customer): Promise<Totp> {
  const { body } = await browser.post('/auth/totp').expect(201);
  const { secret } = body;
  await browser
    .post('/auth/totp/confirm')
    .send({ code: totpCode(secret, Date.now()) })
    .expect(204);
  // The code of the next half minute: the one of this was used up just now.
  return { unusedCode: () => totpCode(secret, Date.now() + 30_000) };
}

/** The whole of a step-up by passkey. */
export async function proveByPasskey({ browser, key }: Customer): Promise<Response> {
  const { body } = await browser.post('/auth/step-up/options').send({ method: 'passkey' }).expect(200);
  const { challengeId, options } = body;
  return verify(browser, 'passkey', { challengeId, response: key.get(options) });
}

export function verify(browser: Browser, method: string, answer: object): Promise<Response> {
  return browser
    .post('/auth/step-up/verify')
    .send({ method, ...answer })
    .expect(200);
}

/** Approves by passkey what the bank has asked for in this answer. */
export async function approve({ browser, key }: Customer, asked: Response): Promise<Response> {
  assertAsked(asked);
  const { id: challengeId, methods } = asked.body.challenge;
  return verify(browser, 'passkey', { challengeId, response: key.get(methods.passkey.options) });
}

/** That the bank wants a proof before it does what this answers. */
export function assertAsked({ status, body, text }: Response): void {
  assert.equal(status, 401, text);
  assert.equal(body.code, 'step_up_required');
}

/** A further session, by a passkey and without a name. */
export async function signInByPasskey(origin: string, { key }: Pick<Customer, 'key'>): Promise<Browser> {
  const browser = request.agent(origin);
  const { body } = await browser.post('/auth/sign-in/passkey/options').expect(200);
  const { challengeId, options } = body;
  await browser
    .post('/auth/sign-in/passkey')
    .send({ challengeId, response: key.get(options) })
    .expect(200);
  return browser;
}
