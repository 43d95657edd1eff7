import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { passkeyRow } from '../../lib/conformance/step-up-rows.js';
import type { Method } from '../../lib/methods/method.js';
import { passkey } from '../../lib/methods/passkey/index.js';
import type { Store } from '../../lib/stores/contract/store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { type SoftwareAuthenticator, signedIn, softwareAuthenticator } from '../../lib/testing/index.js';
import { assertRefused } from '../support/answers.js';
import { type App, frameworks, testApp } from '../support/app.js';
import { Browser, type Sent } from '../support/browser.js';
import { parseChallenges } from '../support/challenges.js';
import { cleanUp } from '../support/clean-up.js';
import { ORIGIN, type TestInstanceOptions, testInstance } from '../support/instance.js';
import { pin } from '../support/pin.js';

const passkeys = passkey({ rpID: 'app.example', rpName: 'Example', origins: [ORIGIN] });
const newKey = (): SoftwareAuthenticator => softwareAuthenticator({ origin: ORIGIN });
const users = { find: (id: string) => ({ name: `${id}@app.example` }) };

function setUp(options: TestInstanceOptions<readonly Method[]> = {}, create?: () => App) {
  const instance = testInstance<readonly Method[]>({ methods: [passkeys], users, ...options });
  const { app, errors } = testApp(instance.auth, create === undefined ? {} : { create });
  cleanUp(() => assert.deepEqual(errors, []));
  const browserOf = async (userId: string, signIn: object = {}): Promise<Browser> => {
    const browser = new Browser(app);
    await browser.signIn({ userId, ...signIn });
    return browser;
  };
  return { ...instance, app, browserOf };
}

async function begin(browser: Browser, sent: Sent = {}): Promise<{ challengeId: string; options: never }> {
  const response = await browser.post('/auth/passkeys/options', sent);
  assert.equal(response.status, 200, response.text);
  return response.body;
}

/** Goes through the whole ceremony; `more` are further fields of the last request. */
async function enrol(
  browser: Browser,
  key = newKey(),
  { query = '', ...more }: { query?: string; label?: string } = {},
) {
  const { challengeId, options } = await begin(browser);
  return browser.post(`/auth/passkeys${query}`, { body: { challengeId, response: key.create(options), ...more } });
}

async function stepUp(browser: Browser, key: SoftwareAuthenticator) {
  const { body } = await browser.post('/auth/step-up/options', { body: { method: 'passkey' } });
  const { challengeId, options } = body;
  return browser.post('/auth/step-up/verify', {
    body: { method: 'passkey', challengeId, response: key.get(options) },
  });
}

async function list(browser: Browser): Promise<{ id: string; label: string | null }[]> {
  const response = await browser.get('/auth/passkeys');
  assert.equal(response.status, 200, response.text);
  return response.body.passkeys;
}

for (const [framework, create] of Object.entries(frameworks)) {
  describe(`a user's passkeys on ${framework}`, () => {
    it('are added, listed, named and removed', async () => {
      const { browserOf, clock, events } = setUp({}, create);
      const browser = await browserOf('ada');
      const session = (await browser.get('/auth/session')).body.session.id;
      assert.deepEqual(await list(browser), []);

      const { challengeId, options, ...rest } = (await browser.post('/auth/passkeys/options')).body;
      assert.deepEqual(rest, { expiresAt: clock.now() + 300_000, expiresIn: 300 });
      assert.equal(options.user.name, 'ada@app.example');
      const key = newKey();
      const body = { challengeId, response: key.create(options), label: ' laptop ' };
      const added = await browser.post('/auth/passkeys', { body });
      assert.equal(added.status, 201, added.text);
      assert.equal(added.headers['cache-control'], 'no-store');
      const { id } = added.body;
      assert.deepEqual(added.body, {
        id,
        label: 'laptop',
        createdAt: clock.now(),
        lastUsedAt: null,
        backedUp: false,
        transports: ['internal'],
      });
      assert.deepEqual(await list(browser), [added.body]);

      clock.advance('1m');
      assert.equal((await stepUp(browser, key)).status, 200);
      const renamed = await browser.send('PATCH', `/auth/passkeys/${id}`, { body: { label: 'old laptop' } });
      assert.equal(renamed.status, 200, renamed.text);
      assert.deepEqual(renamed.body, { ...added.body, label: 'old laptop', lastUsedAt: clock.now() });
      assert.deepEqual(await list(browser), [renamed.body]);

      const removed = await browser.delete(`/auth/passkeys/${id}`);
      assert.deepEqual([removed.status, removed.text], [204, '']);
      assert.deepEqual(await list(browser), []);
      assert.equal((await browser.get('/auth/session')).body.session.id, session);
      const at = { enrolled: clock.now() - 60_000, removed: clock.now() };
      const about = { userId: 'ada', method: 'passkey', sessionId: session, credentialId: id };
      assert.deepEqual(
        events.filter(({ type }) => type.startsWith('method.')),
        [
          { type: 'method.enrolled', ...about, at: at.enrolled },
          { type: 'method.removed', ...about, at: at.removed },
        ],
      );
    });
  });
}

describe('the first passkey', () => {
  it('needs an interactive sign-in within five minutes, at both ends', async () => {
    const { browserOf, clock } = setUp();
    const browser = await browserOf('ada');
    clock.advance(299);
    const { challengeId, options } = await begin(browser);
    clock.advance('1s');
    for (const path of ['/auth/passkeys/options', '/auth/passkeys']) {
      const body = path.endsWith('options') ? {} : { challengeId, response: newKey().create(options) };
      const response = await browser.post(path, { body });
      assert.equal(response.status, 401, response.text);
      assert.equal(response.body.code, 'step_up_required');
      assert.match(response.body.detail, /Sign in again/);
      assert.deepEqual(response.body.methods, []);
    }
    assert.deepEqual(await list(browser), []);
  });

  it('is not for a session that nobody has signed in to', async () => {
    const { browserOf } = setUp();
    const browser = await browserOf('ada', { interactive: false });
    assert.equal((await browser.post('/auth/passkeys/options')).status, 401);
  });

  it('is one, however many begin at once', async () => {
    const { browserOf, store } = setUp();
    const browsers = await Promise.all(Array.from({ length: 10 }, () => browserOf('ada')));
    const begun = await Promise.all(browsers.map(async (browser) => ({ browser, ...(await begin(browser)) })));
    const answers = await Promise.all(
      begun.map(({ browser, challengeId, options }) =>
        browser.post('/auth/passkeys', { body: { challengeId, response: newKey().create(options) } }),
      ),
    );
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    for (const { status, body } of answers.filter((answer) => answer.status !== 201)) {
      assert.ok(['403 step_up_failed', '401 step_up_required'].includes(`${status} ${body.code}`));
    }
    assert.equal((await store.passkeys?.listForUser('ada'))?.length, 1);
  });
});

describe('a further passkey', () => {
  it('needs a fresh proof by one that the user has; the sign-in does no more', async () => {
    const { browserOf, clock, events } = setUp();
    const browser = await browserOf('ada');
    const key = newKey();
    await enrol(browser, key);
    const [first] = await list(browser);

    const refused = await browser.post('/auth/passkeys/options');
    assert.equal(refused.status, 401);
    assert.equal(refused.body.code, 'step_up_required');
    assert.deepEqual(refused.body.methods, [{ method: 'passkey', enrolled: true }]);
    const [challenge] = parseChallenges(refused.headers['www-authenticate'] ?? '');
    assert.equal(challenge?.params['acr_values'], 'phr');
    assert.equal(challenge.params['max_age'], '300');
    assert.ok(events.some(({ type }) => type === 'step-up.asked'));

    clock.advance('1m');
    await stepUp(browser, key);
    const { challengeId, options } = await begin(browser);
    const { excludeCredentials } = options as { excludeCredentials: { id: string }[] };
    assert.deepEqual(
      excludeCredentials.map(({ id }) => id),
      [first?.id],
    );
    assert.throws(() => key.create(options), { name: 'InvalidStateError' });
    const body = { challengeId, response: newKey().create(options) };
    assert.equal((await browser.post('/auth/passkeys', { body })).status, 201);
    assert.equal((await list(browser)).length, 2);

    clock.advance('5m');
    assert.equal((await browser.post('/auth/passkeys/options')).status, 401);
  });

  it('needs it at the end, too', async () => {
    const { browserOf, clock } = setUp();
    const browser = await browserOf('ada');
    const key = newKey();
    await enrol(browser, key);
    clock.advance('1m');
    await stepUp(browser, key);
    clock.advance(299);
    const { challengeId, options } = await begin(browser);
    clock.advance('1s');
    const response = await browser.post('/auth/passkeys', {
      body: { challengeId, response: newKey().create(options) },
    });
    assert.equal(response.status, 401);
    assert.equal((await list(browser)).length, 1);
  });

  it('needs the strongest method that the user has, not just any', async () => {
    const { auth, app, store } = setUp({ methods: [passkeys, pin] });
    const own = newKey();
    await enrol(await signedInBrowser({ pin: '1m' }), own); // with a PIN alone, that is the strongest
    const browser = await signedInBrowser({ pin: '1m' });
    const refused = await browser.post('/auth/passkeys/options');
    assert.equal(refused.status, 401);
    assert.deepEqual(refused.body.methods, [{ method: 'passkey', enrolled: true }]);
    assert.equal((await (await signedInBrowser({ passkey: '1m' })).post('/auth/passkeys/options')).status, 200);
    assert.equal((await store.passkeys?.listForUser('ada'))?.length, 1);

    async function signedInBrowser(proofs: { pin?: '1m'; passkey?: '1m' }): Promise<Browser> {
      const { headers } = await signedIn(auth, { userId: 'ada', proofs });
      const signedInAs = new Browser(app);
      const [name = '', value = ''] = (headers['cookie'] ?? '').split('=');
      signedInAs.cookies.set(name, value);
      return signedInAs;
    }
  });

  it('cannot answer a challenge that is older than itself', async () => {
    const { browserOf, clock, events } = setUp();
    const browser = await browserOf('ada');
    const [old, young] = [newKey(), newKey()];
    await enrol(browser, old);
    clock.advance('1m');
    await stepUp(browser, old);
    const { body } = await browser.post('/auth/step-up/options', { body: { method: 'passkey' } });
    clock.advance('1s');
    assert.equal((await enrol(browser, young)).status, 201);
    const { allowCredentials: _, ...options } = body.options;
    const answer = { method: 'passkey', challengeId: body.challengeId, response: young.get(options) };
    const response = await browser.post('/auth/step-up/verify', { body: answer });
    assert.equal(response.status, 403);
    assert.ok(events.some((event) => event.type === 'step-up.failed' && event.reason === 'enrolled-after-challenge'));
    clock.advance('1s');
    assert.equal((await stepUp(browser, young)).status, 200);
  });
});

describe('a user with 50 passkeys', () => {
  /** Gives the user further passkeys, which nobody has. */
  async function fill({ passkeys: part }: Store, count: number): Promise<void> {
    for (let n = 1; n <= count; n++) {
      const id = Buffer.alloc(32, n).toString('base64url');
      const inserted = await part?.insert(passkeyRow({ id, userId: 'ada' }), { onlyIfNone: false, max: 50 });
      assert.equal(inserted, 'inserted');
    }
  }

  it('can begin to add no other, until one is removed', async () => {
    const { browserOf, clock, store } = setUp();
    const browser = await browserOf('ada');
    const key = newKey();
    await enrol(browser, key);
    clock.advance('1m');
    await stepUp(browser, key);
    await fill(store, 49);
    const refused = await browser.post('/auth/passkeys/options');
    assertRefused(refused, 400, 'request_invalid');
    assert.match(refused.body.detail, /50 passkeys already: remove one/);
    await browser.delete(`/auth/passkeys/${Buffer.alloc(32, 7).toString('base64url')}`);
    await stepUp(browser, key);
    assert.equal((await enrol(browser)).status, 201);
    assert.equal((await list(browser)).length, 50);
  });

  it('can’t finish to add another either', async () => {
    const { browserOf, clock, events, store } = setUp();
    const browser = await browserOf('ada');
    const key = newKey();
    await enrol(browser, key);
    clock.advance('1m');
    await stepUp(browser, key);
    const { challengeId, options } = await begin(browser);
    await fill(store, 49);
    const refused = await browser.post('/auth/passkeys', { body: { challengeId, response: newKey().create(options) } });
    assertRefused(refused, 400, 'request_invalid');
    assert.match(refused.body.detail, /50 passkeys already: remove one/);
    assert.ok(events.some((event) => event.type === 'step-up.failed' && event.reason === 'full'));
    assert.equal((await list(browser)).length, 50);
    assert.equal((await stepUp(browser, key)).status, 200);
  });
});

describe('the challenge of an enrolment', () => {
  it('is good once, and used up by an answer that fails', async () => {
    const { browserOf, events } = setUp();
    const browser = await browserOf('ada');
    const { challengeId, options } = await begin(browser);
    const good = newKey().create(options);
    const bad = newKey().create(options, { userVerified: false });
    const refused = await browser.post('/auth/passkeys', { body: { challengeId, response: bad } });
    assertRefused(refused, 403, 'step_up_failed');
    assertRefused(
      await browser.post('/auth/passkeys', { body: { challengeId, response: good } }),
      403,
      'step_up_failed',
    );
    const reasons = events.flatMap((event) => (event.type === 'step-up.failed' ? [event.reason] : []));
    assert.deepEqual(reasons, ['rejected', 'no-challenge']);
    assert.deepEqual(await list(browser), []);
    assert.equal((await enrol(browser)).status, 201);
  });

  it('is of this session alone', async () => {
    const { browserOf } = setUp();
    const [here, there, bobs] = [await browserOf('ada'), await browserOf('ada'), await browserOf('bob')];
    const { challengeId, options } = await begin(there);
    const response = newKey().create(options);
    for (const browser of [here, bobs]) {
      assertRefused(await browser.post('/auth/passkeys', { body: { challengeId, response } }), 403, 'step_up_failed');
    }
    assert.equal((await there.post('/auth/passkeys', { body: { challengeId, response } })).status, 201);
  });

  it('is none for a step-up, nor the other way round', async () => {
    const { browserOf, clock } = setUp();
    const browser = await browserOf('ada');
    const key = newKey();
    await enrol(browser, key);
    clock.advance('1m');
    await stepUp(browser, key);
    const { challengeId, options } = await begin(browser);
    const { challenge } = options as { challenge: string };
    const response = key.get({ challenge, rpId: 'app.example' });
    for (const [path, body] of [
      ['/auth/step-up/verify', { method: 'passkey', challengeId, response }],
      ['/auth/passkey/verify-assertion', { challengeId: (await begin(browser)).challengeId, response }],
    ] as const) {
      assertRefused(await browser.post(path, { body }), 403, 'step_up_failed');
    }
    const asked = (await browser.post('/auth/step-up/options', { body: { method: 'passkey' } })).body;
    const created = newKey().create({ ...(options as object), challenge: asked.options.challenge } as never);
    const answer = { challengeId: asked.challengeId, response: created };
    assertRefused(await browser.post('/auth/passkeys', { body: answer }), 403, 'step_up_failed');
    assert.equal((await list(browser)).length, 1);
  });

  it('expires after five minutes', async () => {
    const { browserOf, clock } = setUp();
    const browser = await browserOf('ada');
    const key = newKey();
    await enrol(browser, key);
    clock.advance('1m');
    await stepUp(browser, key);
    const { challengeId, options } = await begin(browser);
    clock.advance('4m');
    await stepUp(browser, key);
    clock.advance('1m');
    const response = await browser.post('/auth/passkeys', {
      body: { challengeId, response: newKey().create(options) },
    });
    assertRefused(response, 403, 'step_up_failed');
  });
});

describe("another user's passkey", () => {
  it('is not found, and stays as it is', async () => {
    const { browserOf, clock, events, store } = setUp();
    const [ada, mallory] = [await browserOf('ada'), await browserOf('mallory')];
    const key = newKey();
    await enrol(ada);
    await enrol(mallory, key);
    clock.advance('1m');
    const before = await store.passkeys?.listForUser('ada');
    const [adas] = await list(ada);
    for (const id of [adas?.id, 'unknown', 'x'.repeat(2_000), '%00', '..%2Fsessions', '__proto__']) {
      await stepUp(mallory, key); // a removal has the proof taken away, whatever it found
      const renamed = await mallory.send('PATCH', `/auth/passkeys/${id}`, { body: { label: 'mine' } });
      assertRefused(renamed, 404, 'not_found');
      assertRefused(await mallory.delete(`/auth/passkeys/${id}?revokeOthers=true`), 404, 'not_found');
    }
    assert.deepEqual(await store.passkeys?.listForUser('ada'), before);
    const told = ['method.removed', 'session.revoked', 'dependency.failed'];
    assert.deepEqual(
      events.filter(({ type }) => told.includes(type)),
      [],
    );
    assert.equal((await ada.get('/me')).status, 200);
  });

  it('cannot be registered again', async () => {
    const { browserOf, events } = setUp();
    const [ada, mallory] = [await browserOf('ada'), await browserOf('mallory')];
    await enrol(ada);
    const [adas] = await list(ada);
    const { challengeId, options } = await begin(mallory);
    const response = newKey().create(options, adas === undefined ? {} : { credentialId: adas.id });
    assertRefused(await mallory.post('/auth/passkeys', { body: { challengeId, response } }), 403, 'step_up_failed');
    assert.ok(events.some((event) => event.type === 'step-up.failed' && event.reason === 'already-enrolled'));
    assert.deepEqual(await list(mallory), []);
  });
});

describe('a copied cookie', () => {
  it('without a proof adds, names and removes nothing; it may look', async () => {
    const { browserOf } = setUp();
    const [ada, thief] = [await browserOf('ada'), await browserOf('ada')];
    await enrol(ada);
    const [adas] = await list(thief);
    for (const response of [
      await thief.post('/auth/passkeys/options'),
      await thief.post('/auth/passkeys', { body: { challengeId: 'x', response: {} } }),
      await thief.send('PATCH', `/auth/passkeys/${adas?.id}`, { body: { label: 'mine' } }),
      await thief.delete(`/auth/passkeys/${adas?.id}`),
    ]) {
      assert.deepEqual([response.status, response.body.code], [401, 'step_up_required']);
    }
    assert.deepEqual(await list(ada), [adas]);
  });

  it('from before the step-up manages nothing', async () => {
    const { browserOf, clock, app } = setUp();
    const ada = await browserOf('ada');
    const key = newKey();
    await enrol(ada, key);
    const thief = new Browser(app);
    for (const [name, value] of ada.cookies) thief.cookies.set(name, value);
    clock.advance('1m');
    await stepUp(ada, key);
    assertRefused(await thief.post('/auth/passkeys/options'), 401, 'session_invalid');
  });
});

describe('?revokeOthers=true', () => {
  const changes: Readonly<Record<string, (browser: Browser, query: string) => Promise<{ status: number }>>> = {
    'adding a passkey': (browser, query) => enrol(browser, newKey(), { query }),
    'naming a passkey': async (browser, query) =>
      browser.send('PATCH', `/auth/passkeys/${(await list(browser))[0]?.id}${query}`, { body: { label: 'phone' } }),
    'removing a passkey': async (browser, query) =>
      browser.delete(`/auth/passkeys/${(await list(browser))[0]?.id}${query}`),
  };

  for (const [what, change] of Object.entries(changes)) {
    it(`ends the user's other sessions when ${what}, and only then`, async () => {
      const { browserOf, clock } = setUp();
      const [ada, other, bob] = [await browserOf('ada'), await browserOf('ada'), await browserOf('bob')];
      const key = newKey();
      await enrol(ada, key);
      clock.advance('1m');
      await stepUp(ada, key);
      const statuses = async () => Promise.all([ada, other, bob].map(async (b) => (await b.get('/me')).status));

      for (const query of ['?revokeOthers=1', '?revokeothers=true', '?revokeOthers=true&x=1', '?x']) {
        assert.equal((await change(ada, query)).status, 400);
      }
      assert.equal((await list(ada)).length, 1);
      assert.equal((await list(ada))[0]?.label, null);
      assert.deepEqual(await statuses(), [200, 200, 200]);
      assert.ok((await change(ada, '?revokeOthers=true')).status < 300);
      assert.deepEqual(await statuses(), [200, 401, 200]);
    });
  }

  it('left out ends none', async () => {
    const { browserOf } = setUp();
    const [ada, other] = [await browserOf('ada'), await browserOf('ada')];
    assert.equal((await enrol(ada)).status, 201);
    assert.equal((await other.get('/me')).status, 200);
  });

  it('ends none when the passkey is refused', async () => {
    const { browserOf } = setUp();
    const [ada, other] = [await browserOf('ada'), await browserOf('ada')];
    const { challengeId, options } = await begin(ada);
    const response = newKey().create(options, { userVerified: false });
    const body = { challengeId, response };
    assert.equal((await ada.post('/auth/passkeys?revokeOthers=true', { body })).status, 403);
    assert.equal((await other.get('/me')).status, 200);
  });
});

describe('the routes of passkeys', () => {
  it('are for signed-in users', async () => {
    const { app } = setUp();
    const nobody = new Browser(app);
    for (const [method, path] of [
      ['GET', '/auth/passkeys'],
      ['POST', '/auth/passkeys'],
      ['POST', '/auth/passkeys/options'],
      ['PATCH', '/auth/passkeys/x'],
      ['DELETE', '/auth/passkeys/x'],
    ] as const) {
      assertRefused(await nobody.send(method, path), 401, 'session_required');
    }
  });

  it('refuse other origins and other methods', async () => {
    const { browserOf } = setUp();
    const browser = await browserOf('ada');
    const headers = { 'Sec-Fetch-Site': 'cross-site' };
    assertRefused(await browser.post('/auth/passkeys/options', { headers }), 403, 'cross_origin');
    assertRefused(await browser.delete('/auth/passkeys/x', { headers }), 403, 'cross_origin');
    assertRefused(await browser.get('/auth/passkeys/options'), 405, 'method_not_allowed');
    assertRefused(await browser.send('PUT', '/auth/passkeys/x'), 405, 'method_not_allowed');
  });

  it('say what is wrong with a request, and keep its challenge', async () => {
    const { browserOf } = setUp();
    const browser = await browserOf('ada');
    assertRefused(await browser.post('/auth/passkeys/options', { body: { user: 'bob' } }), 400, 'request_invalid');
    const { challengeId, options } = await begin(browser);
    const response = newKey().create(options);
    for (const wrong of [
      { response },
      { challengeId },
      { challengeId: 7, response },
      { challengeId: [challengeId], response },
      { challengeId, response: null },
      { challengeId, response: 'x' },
      { challengeId, response, label: '' },
      { challengeId, response, label: 'x'.repeat(65) },
      { challengeId, response, label: null },
      { challengeId, response, userId: 'bob' },
      [],
    ]) {
      assertRefused(await browser.post('/auth/passkeys', { body: wrong }), 400, 'request_invalid');
    }
    assert.equal((await browser.post('/auth/passkeys', { body: { challengeId, response } })).status, 201);
  });

  it('take a label of 1 to 64 characters', async () => {
    const { browserOf, clock } = setUp();
    const browser = await browserOf('ada');
    const key = newKey();
    await enrol(browser, key);
    clock.advance('1m');
    await stepUp(browser, key);
    const [own] = await list(browser);
    const rename = async (body: object) => browser.send('PATCH', `/auth/passkeys/${own?.id}`, { body });
    for (const body of [
      {},
      { label: '' },
      { label: ' ' },
      { label: 7 },
      { label: 'x'.repeat(65) },
      { label: 'a', id: 'b' },
    ]) {
      assertRefused(await rename(body), 400, 'request_invalid');
    }
    const label = '<b>ключ</b> 🔑';
    assert.equal((await rename({ label })).body.label, label);
  });

  it('take garbage for a passkey that is refused, never for a fault', async () => {
    const { browserOf, events } = setUp();
    const browser = await browserOf('ada');
    for (const response of [{}, [], { id: 'x' }, { id: 'eA', rawId: 'eA', type: 'public-key', response: {} }]) {
      const { challengeId } = await begin(browser);
      assertRefused(await browser.post('/auth/passkeys', { body: { challengeId, response } }), 403, 'step_up_failed');
    }
    const reasons = events.flatMap((event) => (event.type === 'step-up.failed' ? [event.reason] : []));
    assert.deepEqual(new Set(reasons), new Set(['malformed']));
  });

  it('add nothing for a user who is unknown or disabled', async () => {
    const { browserOf } = setUp({ users: { find: () => null } });
    const response = await (await browserOf('ada')).post('/auth/passkeys/options');
    assertRefused(response, 403, 'sign_in_refused');
  });

  it('answer 500 when the users or the store fail, and have added nothing', async () => {
    const store = memoryStore();
    const failing = { ...store.passkeys, insert: () => Promise.reject(new Error('the disk is full')) };
    const { browserOf, events } = setUp({ store: { ...store, passkeys: failing } });
    const browser = await browserOf('ada');
    assertRefused(await enrol(browser), 500, 'store_unavailable');
    assert.deepEqual(await list(browser), []);
    assert.ok(!events.some(({ type }) => type === 'method.enrolled'));

    const broken = setUp({ users: { find: () => Promise.reject(new Error('no database')) } });
    const response = await (await broken.browserOf('ada')).post('/auth/passkeys/options');
    assertRefused(response, 500, 'store_unavailable');
  });

  it('are not there without the method, nor for a method of the app by that name', async () => {
    for (const methods of [[pin], [{ ...pin, name: 'passkey' }]]) {
      const { browserOf } = setUp({ methods });
      assert.equal((await (await browserOf('ada')).get('/auth/passkeys')).status, 404);
    }
  });
});
