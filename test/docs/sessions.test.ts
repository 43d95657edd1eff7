import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, it } from '@jest/globals';
import type { Express } from 'express';
import type { Stepgate } from '../../lib/index.js';
import { Browser, setCookies } from '../support/browser.js';
import { cleanUp } from '../support/clean-up.js';
import { SECRET } from '../support/instance.js';
import { addPasskey, TOTP_SECRET } from '../support/method-app.js';
import { totpCode, wrongCode } from '../support/totp.js';
import { compile } from './compile.js';
import { codeBlocks, read } from './markdown.js';

/** Those blocks of the page that handle routes. */
const handlers = codeBlocks(read('docs/sessions.md'), 'ts').filter(({ text }) =>
  ['/login', '/login-or-remember', '/login-with-two', '/support/act-as', '/reset', '/password'].some((path) =>
    text.includes(`app.post('${path}',`),
  ),
);
const [refusals = ''] = codeBlocks(read('docs/errors.md'), 'ts').map(({ text }) => text);

const page = `
import express from 'express';
import { memoryStore, password, stepgate } from 'stepgate';
import { passkey } from 'stepgate/passkey';
import { totp } from 'stepgate/totp';
import 'stepgate/express';

export function create() {
  const passwords = new Map<string, string>();
  const db = {
    checkPassword: async (email: string, given: string) => (passwords.get(email) ?? 'sesame') === given ? { id: email } : null,
    setPassword: async (userId: string, given: string) => void passwords.set(userId, given),
    takeResetToken: async (token: string) => (token === 'a link of ada' ? { id: 'ada' } : null),
  };
  const isSupport = async (userId: string) => userId === 'sue';
  const auth = stepgate({
    secret: '${SECRET}',
    issuer: 'https://app.example',
    store: memoryStore(),
    methods: [
      passkey({ rpID: 'app.example', rpName: 'Example', origins: ['https://app.example'] }),
      totp(),
      password({ verify: async (userId, given) => (await db.checkPassword(userId, given)) !== null }),
    ],
    users: { find: (id) => ({ name: id }) },
  });
  const app = express().use(express.json());
  app.use('/auth', auth.router());
  ${handlers.map(({ text }) => text).join('\n')}
  app.get('/me', auth.requireSession, (req, res) => { res.json(req.auth); });
  app.post('/role', auth.requireFreshStepUp({ method: 'passkey', maxAge: '5m' }), (_req, res) => { res.json({}); });
  ${refusals.replace(/^import .*$/gm, '')}
  return { app, auth };
}
${(refusals.match(/^import .*$/gm) ?? []).join('\n')}
`;

interface Site {
  readonly app: Express;
  readonly auth: Stepgate<'passkey' | 'totp' | 'password'>;
}

let create: () => Site;

function start(): Site {
  const site = create();
  cleanUp(() => site.auth.close());
  return site;
}

async function signIn({ app }: Site, email: string): Promise<Browser> {
  const browser = new Browser(app);
  const answer = await browser.post('/login', { body: { email, password: 'sesame' } });
  assert.equal(answer.status, 200, answer.text);
  return browser;
}

describe('the app of docs/sessions.md', () => {
  beforeAll(async () => {
    assert.equal(handlers.length, 6);
    const folder = compile('sessions-page', { app: page });
    ({ create } = await import(pathToFileURL(join(folder, 'app.js')).href));
  });

  it('signs in who has the password, and nobody else', async () => {
    const site = start();
    const ada = await signIn(site, 'ada');
    assert.equal((await ada.get('/me')).body.userId, 'ada');
    const wrong = await new Browser(site.app).post('/login', { body: { email: 'ada', password: 'guessed' } });
    assert.deepEqual([wrong.status, setCookies(wrong)], [401, []]);
  });

  it('remembers who asks for it, and forgets others with the browser', async () => {
    const { app } = start();
    for (const [remember, age] of [
      [true, /Max-Age=\d+/],
      [false, /^(?!.*Max-Age)/],
    ] as const) {
      const browser = new Browser(app);
      const answer = await browser.post('/login-or-remember', { body: { email: 'ada', password: 'sesame', remember } });
      assert.match(setCookies(answer).find((line) => line.startsWith('__Host-session=')) ?? '', age);
      const { idleExpiresAt, createdAt } = (await browser.get('/me')).body.session;
      assert.equal(idleExpiresAt - createdAt <= 3_600_000, !remember);
    }
  });

  it('makes a session of two factors, and none of the first alone', async () => {
    const { app, auth } = start();
    const browser = new Browser(app);
    const begin = () => browser.post('/login-with-two', { body: { email: 'ada', password: 'sesame' } });
    assert.equal((await begin()).body.code, 'step_up_unavailable'); // she has no second one
    await auth.methods.import('ada', 'totp', { secret: TOTP_SECRET });
    const { pending, methods } = (await begin()).body;
    assert.deepEqual(methods, ['totp']);
    const sessions = async (): Promise<number> => (await auth.sessions.listForUser('ada')).sessions.length;
    const complete = (code: string) =>
      browser.post('/auth/sign-in/complete', { body: { pending, method: 'totp', response: { code } } });
    assert.equal((await complete(wrongCode(TOTP_SECRET, Date.now()))).body.code, 'step_up_failed');
    assert.deepEqual([await sessions(), (await browser.get('/me')).status], [0, 401]);
    assert.equal((await complete(totpCode(TOTP_SECRET, Date.now()))).status, 200);
    const { userId, proofs } = (await browser.get('/me')).body;
    assert.deepEqual([userId, await sessions()], ['ada', 1]);
    assert.deepEqual(proofs.map(({ method }: { method: string }) => method).sort(), ['password', 'totp']);
  });

  it('lets support act as a user and come back, and proves nothing meanwhile', async () => {
    const site = start();
    const [ada, sue] = [await signIn(site, 'ada'), await signIn(site, 'sue')];
    const actAs = { body: { userId: 'bea', ticket: 'ticket 7' } };
    for (const browser of [ada, sue]) {
      assert.equal((await browser.post('/support/act-as', actAs)).body.code, 'step_up_unavailable');
      const key = await addPasskey(browser);
      const { challengeId, options } = (await browser.post('/auth/step-up/options', { body: { method: 'passkey' } }))
        .body;
      const body = { method: 'passkey', challengeId, response: key.get(options) };
      assert.equal((await browser.post('/auth/step-up/verify', { body })).status, 200);
    }
    assert.equal((await ada.post('/support/act-as', actAs)).status, 403);
    assert.equal((await ada.get('/me')).body.userId, 'ada');

    assert.equal((await sue.post('/support/act-as', actAs)).status, 200);
    const { userId, impersonator } = (await sue.get('/me')).body;
    assert.deepEqual([userId, impersonator.userId, impersonator.reason], ['bea', 'sue', 'ticket 7']);
    assert.equal((await sue.post('/role')).body.code, 'restricted');
    assert.equal((await sue.post('/support/back')).status, 200);
    assert.equal((await sue.get('/me')).body.userId, 'sue');
  });

  it('ends the other sessions after a reset of the password', async () => {
    const site = start();
    const thief = await signIn(site, 'ada');
    const ada = new Browser(site.app);
    assert.equal((await ada.post('/reset', { body: { token: 'guessed', password: 'new' } })).status, 400);
    assert.equal((await ada.post('/reset', { body: { token: 'a link of ada', password: 'new' } })).status, 200);
    assert.deepEqual([(await ada.get('/me')).status, (await thief.get('/me')).status], [200, 401]);
  });

  it('ends the other sessions after a change of the password, and replaces the token of this one', async () => {
    const site = start();
    const thief = await signIn(site, 'ada');
    const ada = await signIn(site, 'ada');
    const copy = new Browser(site.app, new Map(ada.cookies));
    assert.equal((await ada.post('/password', { body: { password: 'new' } })).status, 200);
    const statuses = await Promise.all([ada, thief, copy].map(async (each) => (await each.get('/me')).status));
    assert.deepEqual(statuses, [200, 401, 401]);
  });
});
