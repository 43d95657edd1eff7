import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, IncomingMessage, request } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { describe, it } from '@jest/globals';
import type { AuthenticateOutcome } from '../../lib/stepgate.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { cleanUp } from '../support/clean-up.js';
import { faultyStore } from '../support/faulty-store.js';
import { ORIGIN, type TestInstanceOptions, testInstance } from '../support/instance.js';

function requestWith(headers: IncomingHttpHeaders, method = 'GET'): IncomingMessage {
  return Object.assign(new IncomingMessage(new Socket()), { method, url: '/', headers });
}

async function signedIn(options: TestInstanceOptions = {}) {
  const instance = testInstance(options);
  const browser = new Browser(testApp(instance.auth).app);
  const { session } = await browser.signIn();
  return { ...instance, session, cookie: browser.cookieHeader() };
}

/** The outcome in one word: the code of a refusal, the user's id, or `anonymous`. */
function wordFor(outcome: AuthenticateOutcome): string {
  if (outcome.outcome === 'refused') return outcome.refusal.code;
  return outcome.outcome === 'authenticated' ? outcome.auth.userId : outcome.outcome;
}

describe('auth.authenticate', () => {
  it('gives the caller of a request', async () => {
    const { auth, session, cookie } = await signedIn();
    const outcome = await auth.authenticate(requestWith({ cookie }));
    assert.equal(outcome.outcome, 'authenticated');
    assert.deepEqual(outcome.auth.session, session);
    assert.equal(outcome.auth.via, 'cookie');
  });

  it('tells nobody from a refused credential', async () => {
    const { auth } = testInstance();
    assert.deepEqual(await auth.authenticate(requestWith({})), { outcome: 'anonymous' });
    assert.equal(wordFor(await auth.authenticate(requestWith({ cookie: '__Host-session=x' }))), 'session_invalid');
    assert.equal(wordFor(await auth.authenticate(requestWith({ authorization: 'Bearer x' }))), 'session_invalid');
  });

  it('never rejects: a store that fails is a refusal', async () => {
    const store = faultyStore(memoryStore());
    const { auth, cookie } = await signedIn({ store });
    for (const behave of [() => Promise.reject(new Error('on fire')), () => undefined, () => 'garbage']) {
      store.replace('find', behave);
      assert.equal(wordFor(await auth.authenticate(requestWith({ cookie }))), 'store_unavailable');
    }
  });

  it('takes API keys only when asked to', async () => {
    const { auth } = testInstance({ apiKeys: { prefix: 'key_', verify: () => ({ userId: 'ada' }) } });
    const authorization = 'Bearer key_1';
    assert.equal(wordFor(await auth.authenticate(requestWith({ authorization }))), 'api_key_refused');
    const outcome = await auth.authenticate(requestWith({ authorization }), { apiKeys: true });
    assert.deepEqual(outcome, {
      outcome: 'authenticated',
      auth: { via: 'api-key', userId: 'ada', session: null, key: null },
    });
  });

  it('looks at the origin of unsafe requests and of upgrades, and not of others', async () => {
    const { auth, cookie } = await signedIn({ trustedOrigins: ['https://admin.app.example'] });
    const upgrade = { cookie, upgrade: 'websocket', connection: 'Upgrade' };
    const cases: [string, IncomingHttpHeaders, string?][] = [
      ['ada', { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
      ['ada', { ...upgrade, origin: ORIGIN }],
      ['ada', { ...upgrade, origin: ORIGIN, 'sec-fetch-site': 'same-origin' }],
      ['ada', { ...upgrade, origin: 'https://admin.app.example', 'sec-fetch-site': 'same-site' }],
      ['cross_origin', { ...upgrade, origin: 'https://evil.example' }],
      ['cross_origin', { ...upgrade, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
      ['cross_origin', { ...upgrade, origin: 'null' }],
      ['cross_origin', { cookie, origin: 'https://evil.example' }, 'POST'],
      ['ada', { cookie, origin: ORIGIN }, 'POST'],
      ['anonymous', { upgrade: 'websocket', origin: 'https://evil.example' }],
    ];
    for (const [expected, headers, method] of cases) {
      assert.equal(wordFor(await auth.authenticate(requestWith(headers, method))), expected, JSON.stringify(headers));
    }
  });

  it('tells the caller of a real upgrade', async () => {
    const { auth, cookie } = await signedIn();
    const server = createServer();
    server.on('upgrade', (req, socket) => {
      const answer = async (): Promise<void> => {
        const outcome = wordFor(await auth.authenticate(req));
        socket.end(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\nX-Outcome: ${outcome}\r\n\r\n`,
        );
      };
      answer().catch((error: unknown) => socket.destroy(error as Error)); // nothing else is thrown here
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanUp(() => server.close());
    const outcomeFrom = async (Origin: string): Promise<unknown> => {
      const headers = { Connection: 'Upgrade', Upgrade: 'x', Cookie: cookie, Origin };
      const { port } = server.address() as AddressInfo; // it listens on a port
      const upgrading = request({ port, host: '127.0.0.1', headers }).end();
      const [res, socket] = await once(upgrading, 'upgrade');
      socket.destroy();
      return res.headers['x-outcome'];
    };
    assert.equal(await outcomeFrom(ORIGIN), 'ada');
    assert.equal(await outcomeFrom('https://evil.example'), 'cross_origin');
  });

  it('notes that the session was seen', async () => {
    const { auth, clock, session, cookie } = await signedIn();
    clock.advance('1h');
    await auth.authenticate(requestWith({ cookie }));
    await auth.flush();
    assert.equal((await auth.sessions.get(session.id))?.lastSeenAt, clock.now());
  });
});
