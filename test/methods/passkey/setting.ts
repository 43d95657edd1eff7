import assert from 'node:assert/strict';
import type { StepgateEvent } from '../../../lib/events.js';
import { parseSecrets } from '../../../lib/internal/keys.js';
import type { MethodOutcome, MethodServices } from '../../../lib/methods/method.js';
import { type PasskeyMethod, type PasskeyOptions, passkey } from '../../../lib/methods/passkey/index.js';
import type { RegistrationBeginOutcome, RegistrationOutcome } from '../../../lib/methods/passkey/registration.js';
import type { Store, StoreParts } from '../../../lib/stores/contract/store.js';
import { memoryStore } from '../../../lib/stores/memory/index.js';
import type { CreationOptionsJSON, RequestOptionsJSON } from '../../../lib/testing/authenticator/messages.js';
import {
  type SoftwareAuthenticator,
  softwareAuthenticator,
} from '../../../lib/testing/authenticator/software-authenticator.js';
import type { AuthenticationVariant, RegistrationVariant } from '../../../lib/testing/authenticator/variants.js';

export const ORIGIN = 'https://app.example';
export const RP_ID = 'app.example';
export const NOW = Date.UTC(2026, 0, 1);
const SECRET = 'the secret of these tests, long enough';

/** Challenges as stepgate makes them; these tests need no more of them than that each is another. */
let challenges = 0;
export function newChallenge(): string {
  challenges += 1;
  return Buffer.alloc(32, challenges).toString('base64url');
}

export interface Setting {
  readonly store: Store & StoreParts;
  readonly services: MethodServices;
  readonly method: PasskeyMethod;
  readonly events: Omit<StepgateEvent, 'at'>[];
  /** Registers at `NOW`, as a user of the app. */
  register(userId: string, by: SoftwareAuthenticator, variant?: RegistrationVariant): Promise<RegistrationOutcome>;
  /** Steps up a second later. */
  stepUp(userId: string, by: SoftwareAuthenticator, variant?: AuthenticationVariant): Promise<MethodOutcome>;
}

export interface SettingOptions extends Partial<PasskeyOptions> {
  readonly secret?: string | readonly string[];
  readonly store?: Store & StoreParts;
}

/** The method over a memory store, without an instance around it. */
export function setUp({ secret = SECRET, store = memoryStore(), ...options }: SettingOptions = {}): Setting {
  const events: Omit<StepgateEvent, 'at'>[] = [];
  const method = passkey({ rpID: RP_ID, rpName: 'Example', origins: [ORIGIN], ...options });
  const services: MethodServices = {
    store,
    secrets: parseSecrets(secret),
    issuer: ORIGIN,
    rpID: options.rpID ?? RP_ID,
    emit: (event) => events.push(event),
    findUser: async (userId) => (userId === 'nobody' ? null : { name: `${userId}@app.example` }),
  };
  return {
    store,
    services,
    method,
    events,
    async register(userId, by, variant) {
      const context = { services, userId, now: NOW };
      const challenge = newChallenge();
      const response = by.create(creationOptions(await method.registration.begin({ ...context, challenge })), variant);
      return method.registration.finish(context, { response, challenge, label: null, onlyIfNone: false });
    },
    async stepUp(userId, by, variant) {
      const context = { services, userId, now: NOW + 1_000 };
      const value = newChallenge();
      const response = by.get(requestOptions(await method.begin({ ...context, challenge: value })), variant);
      const outcome = await method.verify({ ...context, response, challenge: { value, createdAt: NOW + 1_000 } });
      return outcomeOf(outcome, response.id);
    },
  };
}

/** The outcome but for the credential, which has to be this one where there is one. */
export function outcomeOf(outcome: MethodOutcome, id: string): MethodOutcome {
  if (outcome.outcome === 'failed') return outcome;
  const { credential, ...rest } = outcome;
  assert.equal(credential, id);
  return rest;
}

export function authenticator(more: Partial<Parameters<typeof softwareAuthenticator>[0]> = {}): SoftwareAuthenticator {
  return softwareAuthenticator({ origin: ORIGIN, ...more });
}

/** The options are JSON for a browser, so their type says nothing; the authenticator reads what it needs. */
export function creationOptions(begun: RegistrationBeginOutcome): CreationOptionsJSON {
  return JSON.parse(JSON.stringify('options' in begun ? begun.options : begun));
}

export function requestOptions(options: object): RequestOptionsJSON {
  return JSON.parse(JSON.stringify(options));
}
