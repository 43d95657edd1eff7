import assert from 'node:assert/strict';
import type { Response } from 'supertest';
import type { Middleware } from '../../lib/http/require-session.js';
import type { Method } from '../../lib/methods/method.js';
import { passkey } from '../../lib/methods/passkey/index.js';
import type { Stepgate } from '../../lib/stepgate.js';
import {
  type AuthenticationVariant,
  type SoftwareAuthenticator,
  softwareAuthenticator,
} from '../../lib/testing/index.js';
import { type App, testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { cleanUp } from '../support/clean-up.js';
import { ORIGIN, type TestInstanceOptions, testInstance } from '../support/instance.js';

const passkeys: Method = passkey({ rpID: 'app.example', rpName: 'Example', origins: [ORIGIN] });

export type PasskeyAppOptions = TestInstanceOptions<readonly Method[]> & {
  readonly create?: () => App;
  readonly routes?: (auth: Stepgate<string>) => Readonly<Record<string, readonly Middleware[]>>;
};

/** An app whose users have passkeys. */
export function passkeyApp({ create, routes, ...options }: PasskeyAppOptions = {}) {
  const users = { find: (id: string) => ({ name: `${id}@app.example` }) };
  const instance = testInstance<readonly Method[]>({ methods: [passkeys], users, ...options });
  const { app, errors } = testApp(instance.auth, {
    routes: routes?.(instance.auth) ?? {},
    ...(create ? { create } : {}),
  });
  cleanUp(() => assert.deepEqual(errors, []));
  return {
    ...instance,
    app,
    /** A browser in which this user has signed in and added a passkey. */
    async userWithPasskey(userId = 'ada'): Promise<{ browser: Browser; key: SoftwareAuthenticator }> {
      const browser = new Browser(app);
      await browser.signIn({ userId });
      const key = softwareAuthenticator({ origin: ORIGIN });
      const begun = (await browser.post('/auth/passkeys/options')).body;
      const body = { challengeId: begun.challengeId, response: key.create(begun.options) };
      const response = await browser.post('/auth/passkeys', { body });
      assert.equal(response.status, 201, response.text);
      instance.clock.advance('1m'); // a passkey answers no challenge that is as old as it is
      return { browser, key };
    },
    /** What was told of a type, without its time and address. */
    told: (type: string): readonly object[] =>
      instance.events
        .filter((event) => event.type === type)
        .map((event) => Object.fromEntries(Object.entries(event).filter(([name]) => name !== 'at' && name !== 'ip'))),
  };
}

export interface SignInOptionsJson {
  readonly challengeId: string;
  readonly options: { readonly challenge: string };
  readonly expiresAt: number;
}

export async function beginSignIn(browser: Browser): Promise<SignInOptionsJson> {
  const response = await browser.post('/auth/sign-in/passkey/options');
  assert.equal(response.status, 200, response.text);
  return response.body;
}

/** Signs in by a passkey, with what else is to be sent. */
export async function signInBy(
  browser: Browser,
  key: SoftwareAuthenticator,
  { variant = {}, ...more }: { readonly variant?: AuthenticationVariant; readonly delivery?: unknown } = {},
): Promise<Response> {
  const { challengeId, options } = await beginSignIn(browser);
  return browser.post('/auth/sign-in/passkey', { body: { challengeId, response: key.get(options, variant), ...more } });
}
