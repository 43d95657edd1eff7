// Two instances on one store, as for customers and staff: a customer brings their own credentials to the staff's routes under
// the names that those look for. Whoever signed in to one app must be nobody in the other.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Delivery } from '../../lib/index.js';
import { SetupError } from '../../lib/internal/setup-error.js';
import type { Store } from '../../lib/stores/contract/store.js';
import { forEachStore } from '../support/stores.js';
import { cookieHeader, cookiesOf, opened, type TokenApp, type TokenAppOptions, tokenApp } from '../tokens/app.js';

const DELIVERIES: readonly Delivery[] = ['cookie', 'token-cookies', 'bearer'];

const STAFF: Readonly<Record<string, TokenAppOptions>> = {
  'another cookie name': { cookieName: 'staff' },
  'another issuer': { issuer: 'https://staff.example' },
  'another audience': { audience: 'https://staff.example' },
  'everything of its own': {
    cookieName: 'staff',
    issuer: 'https://staff.example',
    audience: 'https://api.staff.example',
    secret: 'the secret of the staff, of thirty-two bytes or more',
  },
};

interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

/** What a sign-in to the customers' app gives, under the names of the staff's cookies. */
async function credentialsOf(customers: TokenApp, delivery: Delivery, cookieName = 'session'): Promise<Credentials> {
  const res = await customers.http.post('/login').send({ delivery }).expect(200);
  const { access_token = '', refresh_token } = res.body;
  if (delivery === 'bearer') return { headers: { Authorization: `Bearer ${access_token}` }, body: { refresh_token } };
  const {
    '__Host-session': session = '',
    '__Host-access': access = '',
    '__Host-refresh': refresh = '',
  } = cookiesOf(res);
  const prefix = cookieName === 'session' ? '__Host-' : `__Host-${cookieName}-`;
  const cookies = { [`__Host-${cookieName}`]: session, [`${prefix}access`]: access, [`${prefix}refresh`]: refresh };
  return { headers: { Cookie: cookieHeader(cookies) }, body: {} };
}

const ROUTES = [
  ['get', '/me'],
  ['get', '/optional'],
  ['get', '/auth/session'],
  ['get', '/auth/sessions'],
  ['delete', '/auth/sessions'],
  ['post', '/auth/token/refresh'],
  ['post', '/auth/logout'],
  ['post', '/password'],
  ['post', '/sign-out'],
] as const;

/** Knocks at every route of the staff, and finds no door. */
async function assertNobody(staff: TokenApp, { headers, body }: Credentials): Promise<void> {
  for (const [method, path] of ROUTES) {
    const { status, body: answer } = await staff.http[method](path).set(headers).send(body);
    const isNobody = status === 204 ? path.endsWith('out') : [400, 401, 500].includes(status);
    assert.ok(isNobody || answer === null, `${method} ${path}: ${status}`); // null: the optional guard saw nobody
  }
}

describe('the session of another instance on the same store', () => {
  forEachStore((_name, makeStore) => {
    for (const delivery of DELIVERIES) {
      for (const [how, options] of Object.entries(STAFF)) {
        it(`opens nothing and ends nothing: by ${delivery}, at an instance with ${how}`, async () => {
          const { customers, staff } = twoInstances(await opened(makeStore), options);
          const credentials = await credentialsOf(customers, delivery, options.cookieName);
          const own = await credentialsOf(customers, delivery);
          await assertNobody(staff, credentials);
          await staff.http.post('/login').send({ delivery }).expect(500);
          assertTold(staff);
          const { sessions } = await customers.auth.sessions.listForUser('ada');
          assert.equal(sessions.length, 2);
          await customers.http.get('/me').set(own.headers).expect(200);
        });
      }
    }

    it('opens nothing the other way round either: who came second is refused', async () => {
      const { customers, staff } = twoInstances(await opened(makeStore), { cookieName: 'staff' });
      await staff.http.post('/login').send({}).expect(200);
      await customers.http.post('/login').send({}).expect(500);
      assertTold(customers);
    });
  });
});

function twoInstances(store: Store, options: TokenAppOptions) {
  return { customers: tokenApp({ store }), staff: tokenApp({ store, ...options }) };
}

/** Loudly: in an event, with what to do. */
function assertTold({ events }: TokenApp): void {
  const failures = events.filter((event) => event.type === 'dependency.failed');
  assert.ok(failures.length > 0);
  for (const { error } of failures) {
    assert.ok(error instanceof SetupError);
    assert.match(error.message, /another `issuer`, `audience` or `cookieName`.*`prefix`/);
  }
}
