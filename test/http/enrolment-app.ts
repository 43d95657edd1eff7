import assert from 'node:assert/strict';
import type { Test } from 'supertest';
import { password, recoveryCode } from '../../lib/index.js';
import { totp } from '../../lib/methods/totp/index.js';
import { signedIn } from '../../lib/testing/index.js';
import { totpCode } from '../support/totp.js';
import { type TokenAppOptions, tokenApp } from '../tokens/app.js';

export const PASSWORD = 'correct horse battery staple';

/**
 * An app whose users may have TOTP, a password and recovery codes, strongest first. Only Bea has a password that
 * stepgate knows of; whoever signs in has a fresh proof of that sign-in.
 */
export function enrolmentApp(options: TokenAppOptions = {}) {
  const app = tokenApp({
    methods: [
      totp(),
      password({ verify: (_, given) => given === PASSWORD, enrolled: (userId) => userId === 'bea' }),
      recoveryCode(),
    ],
    users: { find: (userId) => ({ name: userId }) },
    ...options,
  });
  const { clock, events, http } = app;

  /** A new session of this user, who has signed in just now unless it says otherwise. */
  async function client(userId = 'ada', { interactive = true } = {}): Promise<Client> {
    const proofs = interactive ? { password: 0 } : {};
    const { headers, session } = await signedIn(app.auth, { userId, delivery: 'bearer', proofs });
    return clientOf(headers['authorization']?.split(' ')[1] ?? '', session.id);
  }

  function clientOf(token: string, sessionId: string): Client {
    let current = token;
    const authorized = (request: Test): Test => request.set('Authorization', `Bearer ${current}`);
    const self: Client = {
      sessionId,
      get: (path) => authorized(http.get(`/auth${path}`)),
      post: (path, body = {}) => authorized(http.post(`/auth${path}`)).send(body),
      delete: (path) => authorized(http.delete(`/auth${path}`)),
      stepUp: (method, response) => self.post('/step-up/verify', { method, response }),
      async prove(method, response) {
        current = (await self.stepUp(method, response).expect(200)).body.access_token;
      },
      copy: () => clientOf(current, sessionId),
      async enrolTotp() {
        const { secret } = (await self.post('/totp').expect(201)).body;
        await self.post('/totp/confirm', { code: totpCode(secret, clock.now()) }).expect(204);
        clock.advance('1m'); // so that none of the codes from now on is used up
        return secret;
      },
      async proveTotp(secret) {
        await self.prove('totp', { code: totpCode(secret, clock.now()) });
      },
      async has(method) {
        const { methods } = (await self.get('/step-up').expect(200)).body;
        const found = methods.find((one: { method: string }) => one.method === method);
        assert.ok(found, method);
        return found.enrolled;
      },
    };
    return self;
  }

  return {
    ...app,
    client,
    /** What was told of a type, without its time. */
    told(type: string): object[] {
      return events
        .filter((event) => event.type === type)
        .map((event) => {
          const { at: _, ...rest } = event;
          return rest;
        });
    },
  };
}

/** What a signed-in user's page does. */
export interface Client {
  readonly sessionId: string;
  get(path: string): Test;
  post(path: string, body?: object): Test;
  delete(path: string): Test;
  stepUp(method: string, response: object): Test;
  /** Steps up, and goes on with the new token. */
  prove(method: string, response: object): Promise<void>;
  /** Another holder of the present token. */
  copy(): Client;
  /** Sets up TOTP, lets a minute pass, and gives the secret. */
  enrolTotp(): Promise<string>;
  proveTotp(secret: string): Promise<void>;
  has(method: string): Promise<boolean>;
}
