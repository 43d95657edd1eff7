import assert from 'node:assert/strict';
import { describe, it, jest } from '@jest/globals';
import type { Response } from 'supertest';
import type { SessionRow } from '../../lib/stores/contract/sessions.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { assertRefused } from '../support/answers.js';
import { handle, testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { type FaultyStore, faultyStore, type Operation } from '../support/faulty-store.js';
import { type TestInstanceOptions, testInstance } from '../support/instance.js';

async function arrange(options: TestInstanceOptions = {}) {
  const store = faultyStore(memoryStore());
  const instance = testInstance({ storeTimeout: 0.02, ...options, store });
  const routes = {
    '/changed': [handle((req, res) => instance.auth.credentialsChanged(req, res))],
    '/out': [handle((req, res) => instance.auth.signOut(req, res))],
  };
  const app = testApp(instance.auth, { routes });
  const browser = new Browser(app.app);
  const { session } = await browser.signIn();
  instance.events.length = 0;
  return { ...instance, ...app, store, browser, session };
}

type Scene = Awaited<ReturnType<typeof arrange>>;

/** Every request that needs an operation. */
const REQUESTS: readonly (readonly [operation: Operation, method: string, path: string])[] = [
  ['find', 'GET', '/me'],
  ['find', 'GET', '/maybe'],
  ['find', 'GET', '/auth/session'],
  ['find', 'POST', '/auth/logout'],
  ['find', 'POST', '/out'],
  ['find', 'POST', '/changed'],
  ['insert', 'POST', '/login'],
  ['listForUser', 'GET', '/auth/sessions'],
  ['revoke', 'DELETE', '/auth/sessions/:id'],
  ['revoke', 'POST', '/auth/logout'],
  ['revoke', 'POST', '/out'],
  ['revokeAllForUser', 'DELETE', '/auth/sessions'],
  ['revokeAllForUser', 'DELETE', '/auth/sessions?keep=current'],
  ['replaceCredentials', 'POST', '/changed'],
];

/** What no operation may do. `run` is never called, so that nothing has happened. */
const FAULTS: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw new Error('canary');
  },
  'throws no error': () => {
    // biome-ignore lint/style/useThrowOnlyError: a store may do it
    throw 'canary';
  },
  rejects: async () => Promise.reject(new Error('canary')),
  'rejects with nothing': async () => Promise.reject(),
  'never answers': () => new Promise(() => {}),
  'answers undefined': () => undefined,
  'answers a promise of undefined': async () => undefined,
  'answers a string': async () => 'canary',
  'answers a number': async () => 7,
  'answers an empty object': async () => ({}),
  'answers a list of nothing': async () => [undefined],
  'answers a list of something': async () => [{ canary: 'canary' }],
  'answers an unknown outcome': async () => ({ outcome: 'canary' }),
  'answers an outcome and nothing else': async () => ({ outcome: 'inserted' }),
  'answers another outcome and nothing else': async () => ({ outcome: 'replaced' }),
};

function send({ browser, session }: Scene, method: string, path: string): Promise<Response> {
  return browser.send(method, path.replace(':id', session.id), path === '/login' ? { body: {} } : {});
}

/** 500, the handler not run, the cookies kept, the cause in an event and nowhere else. */
function assertUnavailable(response: Response, { handled, errors, events }: Scene, operation: string): void {
  assertRefused(response, 500, 'store_unavailable');
  assert.ok(!response.text.includes('canary'));
  assert.deepEqual(handled, []);
  assert.deepEqual(errors, []);
  assert.deepEqual(
    events.map((event) => event.type === 'dependency.failed' && event.operation),
    [operation],
  );
}

describe('a store', () => {
  for (const [how, behave] of Object.entries(FAULTS)) {
    for (const [operation, method, path] of REQUESTS) {
      it(`that ${how} at ${operation} leaves ${method} ${path} with 500 and everything as it was`, async () => {
        const scene = await arrange();
        scene.store.replace(operation, behave);
        assertUnavailable(await send(scene, method, path), scene, `sessions.${operation}`);
        scene.store.mend();
        assert.equal((await scene.browser.get('/me')).status, 200);
        const { sessions: live } = await scene.auth.sessions.listForUser('ada');
        assert.deepEqual(live, [scene.session]);
      });
    }
  }
});

/** A row with one thing wrong in it. */
const WRONG_ROWS: Readonly<Record<string, (row: SessionRow) => object>> = {
  ...Object.fromEntries(
    (
      [
        ...(['id', 'userId', 'delivery', 'createdAt', 'authenticatedAt', 'lastSeenAt', 'idleExpiresAt'] as const),
        ...(['expiresAt', 'userAgent', 'ip', 'label', 'data', 'tokenHash', 'previousTokenHash', 'tokenNonce'] as const),
        ...([
          'tokenMethod',
          'tokenConfirmedAt',
          'refreshHash',
          'parentRefreshHash',
          'refreshNonce',
          'refreshedAt',
        ] as const),
        ...(['refreshConfirmedAt', 'amr', 'acr', 'signInProofs', 'stepUpProofs'] as const),
      ] satisfies readonly (keyof SessionRow)[]
    ).flatMap((name) => [
      [`without \`${name}\``, (row: SessionRow) => ({ ...row, [name]: undefined })],
      [`with a symbol for \`${name}\``, (row: SessionRow) => ({ ...row, [name]: Symbol('canary') })],
    ]),
  ),
  'with a time as a string': (row) => ({ ...row, expiresAt: String(row.expiresAt) }),
  'with a time that is no number': (row) => ({ ...row, idleExpiresAt: Number.NaN }),
  'with an unknown delivery': (row) => ({ ...row, delivery: 'header' }),
  'with proofs in a string': (row) => ({ ...row, signInProofs: JSON.stringify(row.signInProofs) }),
};

describe('a row', () => {
  for (const [what, spoil] of Object.entries(WRONG_ROWS)) {
    it(`${what} is a failure of the store`, async () => {
      const scene = await arrange();
      const spoiled = (run: () => unknown): unknown => {
        const answer = run() as SessionRow | readonly SessionRow[]; // of `find` and `listForUser`
        return Array.isArray(answer) ? answer.map(spoil) : spoil(answer as SessionRow);
      };
      for (const [operation, path] of [
        ['find', '/me'],
        ['listForUser', '/auth/sessions'],
      ] as const) {
        scene.store.replace(operation, spoiled);
        assertUnavailable(await scene.browser.get(path), scene, `sessions.${operation}`);
        scene.store.mend();
        scene.events.length = 0;
      }
    });
  }

  it('of another session than the one that was asked for is a failure of the store', async () => {
    const scene = await arrange();
    const eve = new Browser(scene.app);
    const { session } = await eve.signIn({ userId: 'eve' });
    const row = await scene.store.sessions.get(session.id);
    scene.events.length = 0;
    for (const [operation, path, answer] of [
      ['find', '/me', row],
      ['listForUser', '/auth/sessions', [row]],
    ] as const) {
      scene.store.replace(operation, () => answer);
      assertUnavailable(await scene.browser.get(path), scene, `sessions.${operation}`);
      scene.store.mend();
      scene.events.length = 0;
    }
  });
});

describe('without a credential', () => {
  it('the store is not asked, so that its failure concerns nobody', async () => {
    const { browser, store } = await arrange();
    store.calls.length = 0;
    for (const headers of [{ Cookie: undefined }, { Cookie: '__Host-session=malformed' }]) {
      assert.equal((await browser.get('/me', { headers })).status, 401);
      assert.equal((await browser.get('/maybe', { headers })).status, 200);
      assert.equal((await browser.post('/auth/logout', { headers })).status, 204);
    }
    assert.deepEqual(store.calls, []);
  });
});

describe('a store that answers late', () => {
  it("changes nothing of the refusal, and its late failure is nobody's crash", async () => {
    const scene = await arrange();
    let fail = (_error: Error): void => {};
    scene.store.replace(
      'find',
      () =>
        new Promise((_resolve, reject) => {
          fail = reject;
        }),
    );
    assertUnavailable(await scene.browser.get('/me'), scene, 'sessions.find');
    fail(new Error('late'));
    await new Promise(setImmediate); // an unhandled rejection would fail this file
    assert.equal(scene.events.length, 1);
  });

  it('finds an answer that the app has given meanwhile, and leaves it alone', async () => {
    for (const [path, method, operation] of [
      ['/me', 'GET', 'find'],
      ['/auth/session', 'GET', 'find'],
      ['/auth/sessions', 'DELETE', 'revokeAllForUser'],
      ['/auth/logout', 'POST', 'find'],
    ] as const) {
      // What is found late goes on to the handler, and at /me that is the app's own.
      for (const fails of path === '/me' ? [true] : [true, false]) {
        const store: FaultyStore = faultyStore(memoryStore());
        const { auth, events } = testInstance({ store });
        const { promise, settle } = settleable();
        const { app, errors } = testApp(auth, {
          before: [
            (req, res, next) => {
              if (req.url === '/login') return next();
              next();
              res.end('The app took too long.');
              settle();
            },
          ],
        });
        const browser = new Browser(app);
        await browser.signIn();
        events.length = 0;
        store.replace(operation, async (run) => {
          await promise;
          return fails ? Promise.reject(new Error('canary')) : run();
        });
        const response = await browser.send(method, path);
        assert.deepEqual([response.status, response.text], [200, 'The app took too long.']);
        assert.equal(response.headers['set-cookie'], undefined);
        await new Promise(setImmediate);
        assert.deepEqual(errors, [], `${method} ${path}`);
        store.mend();
      }
    }
  });
});

function settleable(): { readonly promise: Promise<void>; readonly settle: () => void } {
  let settle = (): void => {};
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
}

describe('a store that failed when the cookie was already to be set', () => {
  it('leaves the cookie of the carried session as it is', async () => {
    const scene = await arrange();
    const before = scene.browser.cookieHeader();
    scene.store.replace('insert', FAULTS['rejects'] ?? (() => {}));
    await scene.browser.post('/login', { body: {} });
    assert.equal(scene.browser.cookieHeader(), before);
  });
});

describe('an `onEvent` that fails', () => {
  for (const [how, onEvent] of Object.entries({
    throws: () => {
      throw new Error('a mistake of the app');
    },
    rejects: async () => Promise.reject(new Error('a mistake of the app')),
  })) {
    it(`as it ${how} changes no answer`, async () => {
      const errors = jest.spyOn(console, 'error').mockImplementation(() => {});
      const { auth } = testInstance({ onEvent });
      const browser = new Browser(testApp(auth).app);
      await browser.signIn();
      assert.equal((await browser.get('/me')).status, 200);
      assertRefused(await browser.get('/me', { headers: { Cookie: '__Host-session=x' } }), 401, 'session_invalid');
      assert.equal(errors.mock.calls.length, 2);
      assert.match(String(errors.mock.calls[0]?.[0]), /onEvent failed/);
    });
  }
});
