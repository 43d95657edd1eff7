import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Duration } from '../../lib/internal/duration.js';
import type { Rule } from '../../lib/step-up/rule.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { signedIn } from '../../lib/testing/signed-in.js';
import { answer, stepUp, stepUpApp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { Browser } from '../support/browser.js';

const FIVE = 300;

type Ages = Readonly<Record<string, Duration>>;
/** What a guard says to proofs of these ages. */
type Case = readonly [says: 'passes' | 'missing' | 'expired', proofs: Ages];

const RULES: readonly (readonly [rule: Rule<string>, cases: readonly Case[]])[] = [
  [
    { method: 'key', maxAge: '5m' },
    [
      ['passes', { key: 0 }],
      ['passes', { key: FIVE - 1 }],
      ['expired', { key: FIVE }],
      ['expired', { key: '12h' }],
      ['missing', {}],
      ['missing', { code: 0, word: 0 }],
      ['expired', { key: FIVE, code: 0 }],
    ],
  ],
  [
    { method: ['key', 'code'], maxAge: FIVE },
    [
      ['passes', { key: 0 }],
      ['passes', { code: FIVE - 1 }],
      ['passes', { key: '1h', code: 0 }],
      ['expired', { key: '1h', code: FIVE }],
      ['missing', { word: 0 }],
    ],
  ],
  [
    {
      anyOf: [
        { method: 'key', maxAge: '5m' },
        { method: 'code', maxAge: '1m' },
      ],
    },
    [
      ['passes', { key: FIVE - 1, code: FIVE }],
      ['passes', { code: 59 }],
      ['expired', { code: 60 }],
      ['expired', { key: FIVE, code: 60 }],
      ['missing', { word: 0 }],
    ],
  ],
  [
    {
      allOf: [
        { method: 'word', maxAge: '5m' },
        { method: 'code', maxAge: '1m' },
      ],
    },
    [
      ['passes', { word: FIVE - 1, code: 59 }],
      ['expired', { word: FIVE - 1, code: 60 }],
      ['expired', { word: FIVE, code: 59 }],
      ['missing', { word: 0 }],
      ['missing', { code: 0 }],
      ['missing', { word: FIVE }],
      ['missing', { key: 0, word: 0 }],
    ],
  ],
  [
    {
      anyOf: [
        { method: 'key', maxAge: '5m' },
        {
          allOf: [
            { method: 'word', maxAge: '5m' },
            { method: 'code', maxAge: '5m' },
          ],
        },
      ],
    },
    [
      ['passes', { key: 0 }],
      ['passes', { word: 0, code: 0 }],
      ['passes', { key: '1h', word: 0, code: 0 }],
      ['expired', { key: '1h', word: 0 }],
      ['expired', { word: '1h', code: 0 }],
      ['missing', { word: 0 }],
      ['missing', { code: 0 }],
    ],
  ],
  [
    { allOf: [{ anyOf: [{ method: ['code', 'word'], maxAge: '1m' }] }, { method: 'key', maxAge: '1d' }] },
    [
      ['passes', { key: '23h', word: 59 }],
      ['expired', { key: '23h', word: 60 }],
      ['missing', { key: '23h' }],
      ['missing', { code: 0, word: 0 }],
    ],
  ],
];

const METHODS = [fakeKey(), fakeCode(), fakeCode('word')];

describe('a rule at a guard', () => {
  for (const [rule, cases] of RULES) {
    for (const [says, proofs] of cases) {
      it(`${JSON.stringify(rule)}: ${says} with ${JSON.stringify(proofs)}`, async () => {
        const { auth, app, passed } = stepUpApp({ methods: METHODS, rules: { '/guarded': rule } });
        const { headers } = await signedIn(auth, { userId: 'ada', proofs });
        const response = await new Browser(app).post('/guarded', { headers });
        assert.deepEqual(
          [response.status, response.body.code, response.body.reason],
          says === 'passes' ? [200, undefined, undefined] : [401, 'step_up_required', says],
        );
        assert.deepEqual(passed, says === 'passes' ? ['/guarded'] : []);
      });
    }
  }

  it('is met by a step-up until its age has expired, and by the next one again', async () => {
    const key = fakeKey();
    const app = stepUpApp({ methods: [key, fakeCode()] });
    const browser = await app.signIn();
    assert.equal((await browser.post('/key')).body.reason, 'missing');
    await stepUp(browser, key);
    const verifiedAt = app.clock.now();
    app.clock.set(verifiedAt + 299_999);
    assert.equal((await browser.post('/key')).status, 200);
    assert.equal((await browser.post('/code')).body.reason, 'missing');
    app.clock.set(verifiedAt + 300_000);
    assert.equal((await browser.post('/key')).body.reason, 'expired');
    await stepUp(browser, key);
    assert.equal((await browser.post('/key')).status, 200);
  });

  it('is met by the later of the proofs of sign-in and step-up', async () => {
    const code = fakeCode();
    const app = stepUpApp({ methods: [fakeKey(), code] });
    const browser = await app.signIn('ada', { method: ['code', 'key'] });
    app.clock.advance('4m');
    await stepUp(browser, code);
    app.clock.advance('4m');
    assert.equal((await browser.post('/code')).status, 200);
    assert.equal((await browser.post('/key')).body.reason, 'expired');
  });

  it('takes a proof that another machine made up to 5 s ahead for made now, and none further ahead', async () => {
    const code = fakeCode();
    const store = memoryStore();
    const ahead = stepUpApp({ methods: [fakeKey(), code], store });
    const browser = await ahead.signIn();
    await stepUp(browser, code);
    const behind = stepUpApp({ methods: [fakeKey(), code], store });
    const there = new Browser(behind.app);
    for (const [name, value] of browser.cookies) there.cookies.set(name, value);
    behind.clock.set(ahead.clock.now() - 5_000);
    assert.equal((await there.post('/code')).status, 200);
    behind.clock.set(ahead.clock.now() - 5_001);
    assert.equal((await there.post('/code')).body.reason, 'missing');
  });
});

describe('a proof of the sign-in', () => {
  it('is made by a method that the user signed in with, as of when the credentials were taken', async () => {
    const { signIn, clock } = stepUpApp();
    const startedAt = clock.now() - 299_999;
    const browser = await signIn('ada', { method: 'code', startedAt });
    assert.equal((await browser.post('/code')).status, 200);
    clock.set(clock.now() + 1);
    assert.equal((await browser.post('/code')).body.reason, 'expired');
  });

  it('has a time of its own where the methods were passed one after the other', async () => {
    const { signIn, clock } = stepUpApp();
    const startedAt = { code: clock.now() - 240_000, key: clock.now() - 60_000 };
    const browser = await signIn('ada', { method: ['code', 'key'], startedAt });
    clock.advance('1m');
    assert.equal((await browser.post('/code')).body.reason, 'expired');
    assert.equal((await browser.post('/key')).status, 200);
  });

  it('is not made by a sign-in that was not interactive, as an impersonation', async () => {
    const { signIn } = stepUpApp();
    const browser = await signIn('ada', { method: ['key', 'code'], interactive: false });
    assert.deepEqual((await browser.get('/me')).body.proofs, []);
    for (const path of ['/key', '/code']) assert.equal((await browser.post(path)).body.reason, 'missing');
  });

  it('is not made of another method than the one that was named', async () => {
    const { signIn } = stepUpApp();
    const browser = await signIn('ada', { method: 'password' });
    for (const path of ['/key', '/code']) assert.equal((await browser.post(path)).body.reason, 'missing');
  });
});

describe('a failed step-up', () => {
  it('leaves the proofs and the token as they are', async () => {
    const { app, signIn } = stepUpApp({
      methods: [fakeKey(), { ...fakeCode(), verify: () => ({ outcome: 'failed', reason: 'rejected' }) }],
    });
    const browser = await signIn('ada', { method: 'key' });
    const { cookies } = browser;
    const token = cookies.get('__Host-session');
    assert.equal((await answer(browser, fakeCode())).status, 403);
    assert.equal(cookies.get('__Host-session'), token);
    assert.equal((await browser.post('/key')).status, 200);
    assert.equal((await new Browser(app).post('/key')).status, 401);
  });
});
