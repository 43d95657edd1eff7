import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import type { RefusedReason } from '../../lib/events.js';
import type { RefusalCode } from '../../lib/http/refusal.js';
import type { SignedIn } from '../../lib/http/sign-in.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { assertRefused } from '../support/answers.js';
import { type App, frameworks, type TestApp, testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { type FaultyStore, faultyStore } from '../support/faulty-store.js';
import { type TestInstance, testInstance } from '../support/instance.js';

const COOKIE = '__Host-session';

interface Scene extends TestInstance, TestApp {
  readonly store: FaultyStore;
  readonly browser: Browser;
  /** The session that the browser is signed in with, and its token. */
  readonly signedIn: SignedIn;
  readonly token: string;
}

type Headers = Readonly<Record<string, string | undefined>>;
/** `passes`: as the signed-in user; `anonymous`: the handler runs with `req.auth` null. */
type Expected = 'passes' | 'anonymous' | readonly [status: number, code: RefusalCode];

interface State {
  readonly arrange: (scene: Scene) => Headers | Promise<Headers>;
  readonly required: Expected;
  readonly optional: Expected;
  /** What the event says; null for none. */
  readonly reason?: RefusedReason;
}

/** The browser's own cookies, after something was done. */
const and = (_done: unknown): Headers => ({});
const cookie = (value: string): Headers => ({ Cookie: `${COOKIE}=${value}` });
const bearer = (value: string): Headers => ({ Cookie: undefined, Authorization: `Bearer ${value}` });
const session_invalid = [401, 'session_invalid'] as const;
const session_required = [401, 'session_required'] as const;
const store_unavailable = [500, 'store_unavailable'] as const;

/** Signs the same user in by another delivery; nothing of it gets into the browser's jar. */
async function otherDelivery(
  { app }: Scene,
  delivery: 'bearer' | 'token-cookies',
): Promise<Browser & { access: string }> {
  const other = new Browser(app);
  const { body } = await other.signIn({ delivery });
  const access = 'access_token' in body ? body.access_token : (other.cookies.get('__Host-access') ?? '');
  return Object.assign(other, { access });
}

function jtiOf(accessToken: string): string {
  return JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()).jti;
}

const STATES: Readonly<Record<string, State>> = {
  'no credential': {
    arrange: () => ({ Cookie: undefined }),
    required: session_required,
    optional: 'anonymous',
  },
  'cookies, but none of ours': {
    arrange: ({ token }) => ({ Cookie: `session=${token}; __host-session=${token}; x${COOKIE}=${token}` }),
    required: session_required,
    optional: 'anonymous',
  },
  'a token in the query': {
    arrange: () => ({ Cookie: undefined }),
    required: session_required,
    optional: 'anonymous',
  },
  'an authorization of another scheme': {
    arrange: () => ({ Cookie: undefined, Authorization: 'Basic YWRhOnBhc3N3b3Jk' }),
    required: session_required,
    optional: 'anonymous',
  },
  'a live session': {
    arrange: () => ({}),
    required: 'passes',
    optional: 'passes',
  },
  'a live session beside cookies of others': {
    arrange: ({ token }) => ({ Cookie: `theme=dark; ${COOKIE}=${token};session=x; a=b=c; ;=` }),
    required: 'passes',
    optional: 'passes',
  },
  'a live session beside an authorization of another scheme': {
    arrange: () => ({ Authorization: 'Basic YWRhOnBhc3N3b3Jk' }),
    required: 'passes',
    optional: 'passes',
  },
  'a live session by its access token': {
    arrange: async (scene) => bearer((await otherDelivery(scene, 'bearer')).access),
    required: 'passes',
    optional: 'passes',
  },
  'a malformed cookie': {
    arrange: () => cookie('malformed'),
    required: session_invalid,
    optional: 'anonymous',
    reason: 'malformed',
  },
  'an empty cookie': {
    arrange: () => cookie(''),
    required: session_invalid,
    optional: 'anonymous',
    reason: 'malformed',
  },
  'a token that nobody issued': {
    arrange: () => cookie('A'.repeat(43)),
    required: session_invalid,
    optional: 'anonymous',
    reason: 'unknown',
  },
  'an altered token': {
    arrange: ({ token }) => cookie(`${token.startsWith('A') ? 'B' : 'A'}${token.slice(1)}`),
    required: session_invalid,
    optional: 'anonymous',
    reason: 'unknown',
  },
  'an idle session': {
    arrange: ({ clock }) => and(clock.advance('7d')),
    required: session_invalid,
    optional: 'anonymous',
    reason: 'idle-expired',
  },
  'a session past its absolute end': {
    arrange: ({ clock }) => and(clock.advance('30d')),
    required: session_invalid,
    optional: 'anonymous',
    reason: 'expired',
  },
  'a revoked session': {
    arrange: async ({ auth, signedIn }) => and(await auth.sessions.revoke(signedIn.session.id)),
    required: session_invalid,
    optional: 'anonymous',
    reason: 'unknown',
  },
  'the token of a bearer session as a cookie': {
    arrange: async (scene) => cookie(jtiOf((await otherDelivery(scene, 'bearer')).access)),
    required: session_invalid,
    optional: 'anonymous',
    reason: 'delivery-mismatch',
  },
  'the token of a cookie session as a bearer token': {
    arrange: ({ token }) => bearer(token),
    required: session_invalid,
    optional: session_invalid,
    reason: 'token-invalid',
  },
  'a bearer token that is no good beside a live cookie': {
    arrange: () => ({ Authorization: 'Bearer no.good.token' }),
    required: session_invalid,
    optional: session_invalid,
    reason: 'token-invalid',
  },
  'an empty bearer token beside a live cookie': {
    arrange: () => ({ Authorization: 'Bearer' }),
    required: session_invalid,
    optional: session_invalid,
    reason: 'token-invalid',
  },
  'two cookies of one name': {
    arrange: ({ token }) => ({ Cookie: `${COOKIE}=${token}; ${COOKIE}=${token}` }),
    required: session_invalid,
    optional: session_invalid,
    reason: 'several-credentials',
  },
  'cookies of two deliveries': {
    arrange: async (scene) => {
      const other = await otherDelivery(scene, 'token-cookies');
      return { Cookie: `${scene.browser.cookieHeader()}; __Host-access=${other.access}` };
    },
    required: session_invalid,
    optional: session_invalid,
    reason: 'several-credentials',
  },
  'an API key': {
    arrange: () => bearer('key_good'),
    required: [403, 'api_key_refused'],
    optional: [403, 'api_key_refused'],
  },
  'an API key of nobody': {
    arrange: () => bearer('key_of_nobody'),
    required: session_invalid,
    optional: session_invalid,
    reason: 'api-key',
  },
  'an API key in a cookie': {
    arrange: () => cookie('key_good'),
    required: session_invalid,
    optional: 'anonymous',
    reason: 'malformed',
  },
  'an API key while its owner cannot be asked': {
    arrange: () => bearer('key_that_throws'),
    required: store_unavailable,
    optional: store_unavailable,
  },
  'a store that throws': {
    arrange: ({ store }) => and(store.replace('find', () => fail())),
    required: store_unavailable,
    optional: store_unavailable,
  },
  'a store that rejects': {
    arrange: ({ store }) => and(store.replace('find', async () => fail())),
    required: store_unavailable,
    optional: store_unavailable,
  },
  'a store that answers with a promise': {
    arrange: ({ store }) => and(store.replace('find', async (run) => run())),
    required: 'passes',
    optional: 'passes',
  },
};

function fail(): never {
  throw new Error('The store is on fire.');
}

const API_KEYS = {
  prefix: 'key_',
  verify: (key: string) => {
    if (key === 'key_that_throws') throw new Error('The owner of the keys is on fire.');
    return key === 'key_good' ? { userId: 'ada', key: 'the key of a job' } : null;
  },
};

async function arrange(create: () => App): Promise<Scene> {
  const store = faultyStore(memoryStore());
  const instance = testInstance({ store, apiKeys: API_KEYS });
  const app = testApp(instance.auth, { create });
  const browser = new Browser(app.app);
  const signedIn = await browser.signIn();
  return { ...instance, ...app, store, browser, signedIn, token: browser.cookies.get(COOKIE) ?? '' };
}

function check(response: Response, scene: Scene, expected: Expected): void {
  if (typeof expected !== 'string') {
    assertRefused(response, ...expected);
    assert.deepEqual(scene.handled, [], 'the handler ran');
  } else {
    assert.equal(response.status, 200, response.text);
    assert.equal(response.body?.userId, expected === 'passes' ? 'ada' : undefined);
    assert.equal(response.headers['set-cookie'], undefined);
    assert.equal(scene.handled.length, 1);
  }
  assert.deepEqual(scene.errors, []);
}

for (const [framework, create] of Object.entries(frameworks)) {
  describe(`requireSession on ${framework}`, () => {
    for (const [name, state] of Object.entries(STATES)) {
      for (const guard of ['required', 'optional'] as const) {
        const expected = state[guard];
        const what = typeof expected === 'string' ? expected : `${expected[0]} ${expected[1]}`;
        it(`answers ${name}, ${guard}: ${what}`, async () => {
          const scene = await arrange(create);
          const headers = await state.arrange(scene);
          scene.events.length = 0;
          const query = name === 'a token in the query' ? `?session=${scene.token}&access_token=${scene.token}` : '';
          const response = await scene.browser.get(`${guard === 'required' ? '/me' : '/maybe'}${query}`, { headers });
          check(response, scene, expected);
          const refused = scene.events.filter(({ type }) => type === 'session.refused');
          assert.deepEqual(
            refused.map((event) => 'reason' in event && event.reason),
            state.reason === undefined ? [] : [state.reason],
          );
        });
      }
    }
  });
}
