// No token, hash or secret in any answer, header, event, console line or inspected refusal (ASVS 16.2.5).

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { it } from '@jest/globals';
import type { StepgateEvent } from '../../lib/events.js';
import type { RefusalCode } from '../../lib/http/refusal.js';
import type { Browser } from '../support/browser.js';
import { API_KEY, PIN, type SecretsApp, secretsApp } from './secrets-app.js';

const FORGED = 'A'.repeat(86);
const bearer = (token: string) => ({ headers: { Cookie: undefined, Authorization: `Bearer ${token}` } });

async function signedIn(app: SecretsApp, options: object = {}): Promise<Browser> {
  const browser = app.newBrowser();
  await browser.signIn(options);
  return browser;
}

async function bearerTokens(app: SecretsApp): Promise<{ browser: Browser; access: string; refresh: string }> {
  const browser = app.newBrowser();
  const { body } = await browser.post('/login', { body: { delivery: 'bearer' } });
  return { browser, access: body.body.access_token, refresh: body.body.refresh_token };
}

/** Answers with the PIN, or with another one. */
function stepUp(browser: Browser, code: string, challengeId?: string) {
  return browser.post('/auth/step-up/verify', { body: { method: 'pin', response: { code }, challengeId } });
}

async function failPin(app: SecretsApp, times: number): Promise<Browser> {
  const browser = await signedIn(app);
  for (let count = 0; count < times; count += 1) await stepUp(browser, `${PIN}-wrong`);
  return browser;
}

async function enrolPasskey(app: SecretsApp, browser: Browser, key: ReturnType<SecretsApp['newKey']>): Promise<void> {
  await stepUp(browser, PIN);
  const { challengeId, options } = (await browser.post('/auth/passkeys/options')).body;
  const response = await browser.post('/auth/passkeys', { body: { challengeId, response: key.create(options) } });
  assert.equal(response.status, 201, response.text);
  app.clock.advance('1m'); // a passkey answers no challenge that is older than it
}

/** A request of one session that was approved in another. */
async function approved(app: SecretsApp, path: string) {
  await app.auth.sessions.revokeAllForUser('ada'); // there is a cap
  app.clock.advance('1s');
  const [asker, browser] = [await signedIn(app), await signedIn(app)];
  const asked = await asker.post(path);
  assert.equal(asked.body.reason, 'missing', asked.text);
  const { approval } = asked.body;
  const route = `/auth/approvals/${approval.id}`;
  const { challengeId } = (await browser.post(`${route}/options`, { body: { method: 'pin' } })).body;
  await browser.post(`${route}/approve`, { body: { method: 'pin', challengeId, response: { pin: PIN } } });
  return { asker, browser, approval };
}

/** Leads to each code, by requests that are full of secrets. */
const REFUSALS: Readonly<Record<RefusalCode, (app: SecretsApp) => Promise<unknown>>> = {
  session_required: async (app) => app.newBrowser().get('/me?access_token=canary'),
  async session_invalid(app) {
    const idle = await signedIn(app);
    app.clock.advance('7d');
    await idle.get('/me');
    const browser = await signedIn(app);
    const cookie = browser.cookieHeader() ?? '';
    await app.auth.sessions.revokeAllForUser('ada');
    app.clock.advance('1s');
    await browser.get('/me');
    const { access } = await bearerTokens(app);
    await browser.get('/me', { headers: { Cookie: `${cookie}; ${cookie}` } });
    await browser.get('/me', { headers: { Cookie: cookie.replace('session=', 'access=') } });
    await browser.get('/me', bearer(`${access}x`));
    app.clock.advance('1h');
    await browser.get('/me', bearer(access));
    return browser.delete('/auth/sessions', bearer(access));
  },
  async restricted(app) {
    const browser = await signedIn(app, { userId: 'admin' });
    await browser.post('/act');
    await browser.post('/back');
    await browser.post('/act');
    return browser.delete('/auth/sessions');
  },
  refresh_missing: async (app) => (await signedIn(app)).post('/auth/token/refresh', { headers: { Cookie: undefined } }),
  async refresh_invalid(app) {
    const { browser, refresh } = await bearerTokens(app);
    await browser.post('/auth/token/refresh', { body: { refresh_token: FORGED } });
    app.clock.advance('1m');
    const { access_token } = (await browser.post('/auth/token/refresh', { body: { refresh_token: refresh } })).body;
    await browser.get('/me', bearer(access_token));
    await app.auth.flush();
    app.clock.advance('1m');
    return browser.post('/auth/token/refresh', { body: { refresh_token: refresh } });
  },
  async request_invalid(app) {
    const { browser, refresh, access } = await bearerTokens(app);
    await browser.post('/auth/logout', { body: { [refresh]: access } });
    await browser.post('/auth/logout', {
      body: `{"refresh_token":"${refresh}`,
      headers: { 'Content-Type': 'application/json' },
    });
    return browser.delete(`/auth/sessions?keep=${refresh}`, bearer(access));
  },
  action_incomplete: async (app) => (await signedIn(app)).post('/incomplete'),
  step_up_required: async (app) => {
    const browser = await signedIn(app);
    await browser.post('/once');
    return browser.get('/fresh');
  },
  step_up_failed: async (app) => stepUp(await signedIn(app), `${PIN}-wrong`),
  step_up_unavailable: async (app) => (await signedIn(app, { userId: 'carol' })).get('/fresh'),
  sign_in_refused: async (app) => {
    const browser = await signedIn(app);
    return browser.post('/login', { body: { startedAt: 1, label: 'canary' } });
  },
  cross_origin: async (app) => {
    const browser = await signedIn(app);
    await browser.post('/me', { headers: { 'Sec-Fetch-Site': 'cross-site' } });
    return browser.post('/auth/logout', { headers: { 'Sec-Fetch-Site': 'cross-site' } });
  },
  api_key_refused: async (app) => {
    await app.newBrowser().get('/me', bearer(`${API_KEY}-of-nobody`));
    return app.newBrowser().get('/me', bearer(API_KEY));
  },
  async session_changed(app) {
    return (await signedIn(app)).get('/me', { headers: { 'Stepgate-Session': 'canary' } });
  },
  async method_locked(app) {
    return stepUp(await failPin(app, 5), PIN);
  },
  async method_disabled(app) {
    for (let round = 0; round < 20; round += 1) {
      app.clock.advance('15m');
      await failPin(app, 5);
    }
    app.clock.advance('15m');
    return stepUp(await signedIn(app), PIN);
  },
  async not_found(app) {
    const browser = await signedIn(app);
    return browser.delete(`/auth/sessions/${browser.cookies.get('__Host-session')}`);
  },
  approval_required: async (app) => (await signedIn(app)).post('/approved'),
  async approval_decided(app) {
    await app.auth.sessions.revokeAllForUser('ada'); // there is a cap
    app.clock.advance('1s');
    const { approval } = (await (await signedIn(app)).post('/approved?2')).body;
    const browser = await signedIn(app);
    await browser.post(`/auth/approvals/${approval.id}/deny`);
    return browser.post(`/auth/approvals/${approval.id}/deny`);
  },
  async too_many_pending(app) {
    const browser = await signedIn(app);
    let response = await browser.post('/approved?0');
    for (let n = 1; response.status === 401 && n < 20; n += 1) response = await browser.post(`/approved?${n}`);
    app.clock.advance('1h');
    return response;
  },
  async slow_down(app) {
    const browser = await signedIn(app);
    const { approval } = (await browser.post('/approved?3')).body;
    const headers = { 'Stepgate-Approval': `${approval.id}.${approval.token}` };
    await browser.get(`/auth/approvals/${approval.id}`, { headers });
    return browser.get(`/auth/approvals/${approval.id}`, { headers });
  },
  method_not_allowed: async (app) => (await signedIn(app)).get('/auth/logout'),
  body_too_large: async (app) => {
    const browser = await signedIn(app);
    return browser.post('/auth/logout', { body: { refresh_token: 'x'.repeat(70_000) } });
  },
  unsupported_media_type: async (app) => {
    const { browser, refresh } = await bearerTokens(app);
    return browser.post('/auth/logout', { body: refresh, headers: { 'Content-Type': 'text/plain' } });
  },
  async store_unavailable(app) {
    const browser = await signedIn(app);
    for (const [operation, send] of [
      ['find', () => browser.get('/me')],
      ['insert', () => browser.post('/login', { body: {} })],
      ['revoke', () => browser.post('/auth/logout')],
    ] as const) {
      for (const behave of [() => Promise.reject(new Error('on fire')), () => 'garbage', () => new Promise(() => {})]) {
        app.store.replace(operation, behave);
        await send();
      }
      app.store.mend();
    }
    app.store.replace('find', () => Promise.reject(new Error('on fire')));
    const response = await browser.get('/me');
    app.store.mend();
    return response;
  },
};

/** Leads to each event that no refusal above has led to; `null` for those that one has. */
const EVENTS: Readonly<Record<StepgateEvent['type'], ((app: SecretsApp) => Promise<unknown>) | null>> = {
  'session.created': null,
  'session.refreshed': null,
  'session.refresh-reused': null,
  'session.revoked': null,
  'session.refused': null,
  'impersonation.started': null,
  'impersonation.ended': null,
  'dependency.failed': null,
  'step-up.asked': null,
  'step-up.failed': null,
  'step-up.locked': null,
  'method.disabled': null,
  'method.unlocked': (app) => app.auth.methods.unlock('ada', 'pin'),
  'step-up.succeeded': async (app) => stepUp(await signedIn(app), PIN),
  'step-up.dropped': async (app) => (await signedIn(app)).delete('/auth/step-up'),
  async 'grant.spent'(app) {
    const browser = await signedIn(app);
    const { challenge } = (await browser.post('/once')).body;
    await stepUp(browser, PIN, challenge.id);
    return browser.post('/once');
  },
  'approval.requested': null,
  'approval.denied': null,
  async 'approval.approved'(app) {
    const { asker, approval } = await approved(app, '/approved?4');
    await asker.post('/approved?4', { headers: { 'Stepgate-Approval': `${approval.id}.${approval.token}` } });
  },
  'approval.spent': null,
  async 'approval.withdrawn'(app) {
    const { browser, approval } = await approved(app, '/approved?5');
    await browser.post(`/auth/approvals/${approval.id}/deny`);
  },
  async 'approval.expired'(app) {
    const browser = await signedIn(app);
    const { approval } = (await browser.post('/approved?6')).body;
    app.clock.advance('10m');
    return browser.post('/approved?6', { headers: { 'Stepgate-Approval': `${approval.id}.${approval.token}` } });
  },
  async 'method.enrolled'(app) {
    const browser = await signedIn(app);
    await enrolPasskey(app, browser, app.newKey());
    await app.auth.methods.remove('ada', 'passkey');
    await stepUp(browser, PIN);
    return browser.post('/auth/recovery-codes');
  },
  async 'method.removed'(app) {
    const browser = await signedIn(app, { userId: 'bea' });
    const key = app.newKey();
    await enrolPasskey(app, browser, key);
    const { challengeId, options } = (await browser.post('/auth/step-up/options', { body: { method: 'passkey' } }))
      .body;
    const body = { method: 'passkey', challengeId, response: key.get(options) };
    await browser.post('/auth/step-up/verify', { body });
    const { passkeys } = (await browser.get('/auth/passkeys')).body;
    return browser.delete(`/auth/passkeys/${passkeys[0].id}`);
  },
  async 'passkey.counter-regressed'(app) {
    const browser = await signedIn(app, { userId: 'dan' });
    const key = app.newKey();
    await enrolPasskey(app, browser, key);
    for (const counter of [7, 3]) {
      const begun = await browser.post('/auth/step-up/options', { body: { method: 'passkey' } });
      const { challengeId, options } = begun.body;
      const body = { method: 'passkey', challengeId, response: key.get(options, { counter }) };
      await browser.post('/auth/step-up/verify', { body });
    }
  },
  'totp.weak-secret': (app) => app.auth.methods.import('eve', 'totp', { secret: 'JBSWY3DPEHPK3PXP' }),
  async 'touch.failed'(app) {
    const browser = await signedIn(app);
    app.clock.advance('1h');
    await browser.get('/me');
    app.store.replace('touch', () => Promise.reject(new Error('on fire')));
    await app.auth.flush();
    app.store.mend();
  },
  async 'sessions.expired-deleted'(app) {
    app.clock.advance('30d');
    await app.auth.sessions.deleteExpired();
  },
};

/** That of an approval is said to who asks for it, once. */
function withoutToken(text: string): string {
  return text.replace(/("code":"approval_required".*),"token":"[\w-]{43}"/, '$1');
}

it('no answer, header, event, console line or inspected refusal holds a token, a hash or a secret', async () => {
  const app = secretsApp();
  for (const [code, lead] of Object.entries(REFUSALS)) {
    const before = app.responses.length;
    await lead(app);
    const codes = app.responses.slice(before).map(({ body }) => body?.code);
    assert.ok(codes.includes(code), `${code} is not among ${codes.join()}`);
  }
  for (const [type, lead] of Object.entries(EVENTS)) {
    if (lead !== null) await lead(app);
    assert.ok(
      app.events.some((event) => event.type === type),
      type,
    );
  }
  assert.deepEqual(app.errors, []);

  const deep = (value: unknown): string =>
    inspect(value, { depth: 20, showHidden: true, maxStringLength: null, maxArrayLength: null });
  const said = [
    ...app.responses
      .filter(({ status }) => status >= 400)
      .map(({ text, headers }) => withoutToken(text) + deep(headers)),
    ...app.responses.filter(({ request }) => request.method === 'GET').map(({ text }) => text),
    ...app.events.flatMap((event) => [deep(event), JSON.stringify(event)]),
    ...app.refusals.flatMap((refusal) => [deep(refusal), JSON.stringify(refusal), String(refusal.stack)]),
    ...app.printed.map(deep),
    deep(app.auth),
  ];
  assert.ok(
    app.secrets.size > 100 && said.length > 300 && app.refusals.length > 10,
    `${app.secrets.size} ${said.length}`,
  );
  for (const secret of app.secrets) {
    const found = said.find((text) => text.includes(secret));
    assert.equal(found, undefined, `${secret} is in ${found}`);
  }
});
