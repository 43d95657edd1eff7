import { jest } from '@jest/globals';
import type { Response } from 'supertest';
import type { StepgateEvent } from '../../lib/events.js';
import type { Refusal } from '../../lib/http/refusal.js';
import { sendRefusal } from '../../lib/http/router.js';
import type { Method } from '../../lib/methods/method.js';
import { passkey } from '../../lib/methods/passkey/index.js';
import { recoveryCode } from '../../lib/methods/recovery-code/index.js';
import { totp } from '../../lib/methods/totp/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { type SoftwareAuthenticator, softwareAuthenticator } from '../../lib/testing/index.js';
import { testApp } from '../support/app.js';
import { Browser, type Sent, setCookies } from '../support/browser.js';
import { faultyStore } from '../support/faulty-store.js';
import { ORIGIN, SECRET, testInstance } from '../support/instance.js';

export const PIN = 'canary-pin';
export const API_KEY = 'key_canary';

/** Everybody but Carol has one. */
const pin: Method<'pin'> = {
  name: 'pin',
  acr: null,
  amr: ['pin'],
  guessable: true,
  needs: [],
  enrolled: ({ userId }) => userId !== 'carol',
  verify: ({ response }) =>
    JSON.stringify(response).includes(`"${PIN}"`) ? { outcome: 'verified' } : { outcome: 'failed', reason: 'rejected' },
};

/** An app with every kind of secret in it, which remembers all secrets and all that was said. */
export function secretsApp() {
  const secrets = new Set([SECRET, PIN, API_KEY]);
  const refusals: Refusal[] = [];
  const printed: unknown[][] = [];
  for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    jest.spyOn(console, name).mockImplementation((...args: unknown[]) => void printed.push(args));
  }
  const store = faultyStore(memoryStore(), (args) => collectHashes(args, secrets));
  const instance = testInstance({
    store,
    storeTimeout: 0.02,
    maxSessionsPerUser: 3,
    methods: [passkey({ rpID: 'app.example', rpName: 'Example', origins: [ORIGIN] }), pin, totp(), recoveryCode()],
    users: { find: (id) => ({ name: id }) },
    apiKeys: { prefix: 'key_', verify: (key) => (key === API_KEY ? { userId: 'ada' } : null) },
    onRefusal: (refusal, _req, res) => {
      refusals.push(refusal);
      sendRefusal(res, refusal);
    },
  });
  const { requireFreshStepUp } = instance.auth;
  const { app, errors } = testApp(instance.auth, {
    routes: {
      '/fresh': [requireFreshStepUp({ method: 'pin', maxAge: '5m' })],
      '/act': [
        (req, res, next) => {
          instance.auth.impersonate(req, res, { userId: 'ada', reason: 'ticket 7' }).then(() => res.end(), next);
        },
      ],
      '/back': [(req, res, next) => void instance.auth.endImpersonation(req, res).then(() => res.end(), next)],
      '/approved': [
        requireFreshStepUp({
          method: 'pin',
          bind: (req) => ({ url: req.originalUrl }),
          summary: ({ url }) => `Go to ${url}`,
          approver: 'user',
        }),
        (_req, res) => res.end(),
      ],
      '/once': [requireFreshStepUp({ method: 'pin', once: true }), (_req, res) => res.end()],
      '/incomplete': [
        requireFreshStepUp({ method: 'pin', bind: (req) => ({ cookie: req.headers.cookie, amount: undefined }) }),
      ],
    },
  });
  const responses: Response[] = [];

  /** A browser that remembers what it was answered, and which of that is secret. */
  class WatchedBrowser extends Browser {
    override async send(method: string, path: string, sent?: Sent): Promise<Response> {
      const response = await super.send(method, path, sent);
      responses.push(response);
      for (const line of setCookies(response)) addSecret(secrets, line.slice(line.indexOf('=') + 1).split(';')[0]);
      const { access_token, refresh_token } = response.body?.body ?? response.body ?? {};
      for (const token of [access_token, refresh_token]) addSecret(secrets, token);
      addSecret(secrets, response.body?.approval?.token);
      for (const code of response.body?.codes ?? []) addSecret(secrets, code);
      return response;
    }
  }

  return {
    ...instance,
    app,
    errors,
    store,
    secrets,
    refusals,
    printed,
    responses,
    newBrowser: (): Browser => new WatchedBrowser(app),
    newKey: (): SoftwareAuthenticator => softwareAuthenticator({ origin: ORIGIN }),
    /** The events so far, by their types. */
    seen: (): ReadonlySet<StepgateEvent['type']> => new Set(instance.events.map(({ type }) => type)),
  };
}

export type SecretsApp = ReturnType<typeof secretsApp>;

/** A token, and the session token inside an access token. */
function addSecret(secrets: Set<string>, token: unknown): void {
  if (typeof token !== 'string' || token === '') return;
  secrets.add(token);
  const [, payload] = token.split('.');
  if (payload !== undefined) secrets.add(JSON.parse(Buffer.from(payload, 'base64url').toString()).jti);
}

/** Every hash that went to the store: 32 bytes as base64url. */
function collectHashes(value: unknown, secrets: Set<string>): void {
  if (typeof value === 'string' && /^[\w-]{43}$/.test(value)) secrets.add(value);
  else if (typeof value === 'object' && value !== null)
    for (const one of Object.values(value)) collectHashes(one, secrets);
}
