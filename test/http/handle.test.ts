import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { copyOf, stepUp, stepUpApp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { handle as answering, sendJson } from '../support/app.js';
import type { Browser } from '../support/browser.js';

const RULE = { method: 'code', maxAge: '5m' } as const;

function arrange() {
  const [key, code] = [fakeKey(), fakeCode()];
  const app = stepUpApp({
    methods: [key, code],
    routes: (auth) => ({
      '/handle': [auth.requireSession, (req, res) => sendJson(res, { handle: auth.handle(req) })],
      '/changed': [answering((req, res) => auth.credentialsChanged(req, res))],
    }),
  });
  const handleOf = async (browser: Browser): Promise<string> => (await browser.get('/handle')).body.handle;
  const outcomeOf = async (handle: string, rule?: typeof RULE): Promise<string> => {
    const answer = await app.auth.checkHandle(handle, rule);
    return answer.outcome === 'refused' ? answer.refusal.code : answer.outcome;
  };
  return { ...app, key, code, handleOf, outcomeOf };
}

describe('a handle', () => {
  it('is live while the session is, and over when that ended', async () => {
    const app = arrange();
    const browser = await app.signIn();
    const handle = await app.handleOf(browser);
    const answer = await app.auth.checkHandle(handle);
    assert.ok(answer.outcome === 'live');
    assert.deepEqual(answer.session, (await browser.get('/me')).body.session);
    await browser.post('/auth/logout');
    assert.deepEqual(await app.auth.checkHandle(handle), { outcome: 'over' });
  });

  for (const [end, options] of [
    ['idle', { idleLifetime: '1h' }],
    ['absolute', { absoluteLifetime: '1h' }],
  ] as const) {
    it(`expires at the ${end} end`, async () => {
      const app = arrange();
      const handle = await app.handleOf(await app.signIn('ada', options));
      app.clock.advance(3_599);
      assert.equal(await app.outcomeOf(handle), 'live');
      app.clock.advance(1);
      assert.equal(await app.outcomeOf(handle), 'over');
    });
  }

  for (const delivery of ['cookie', 'token-cookies'] as const) {
    it(`has ended after a change of credentials, and goes on over step-ups and refreshes, with ${delivery}`, async () => {
      const app = arrange();
      const browser = await app.signIn('ada', { delivery });
      const handle = await app.handleOf(browser);
      for (let n = 0; n < 3; n++) {
        await stepUp(browser, app.code);
        app.clock.advance('5m');
        if (delivery === 'token-cookies') await browser.post('/auth/token/refresh');
        await browser.delete('/auth/step-up');
      }
      assert.equal(await app.outcomeOf(handle), 'live');
      const { session } = (await browser.post('/changed')).body;
      assert.equal(await app.outcomeOf(handle), 'over');
      assert.equal(await app.outcomeOf(await app.handleOf(browser)), 'live');
      assert.equal((await app.auth.checkHandle({ userId: 'ada', sessionId: session.id })).outcome, 'live');
      await browser.post('/changed');
      assert.equal(await app.outcomeOf(handle), 'over');
    });
  }

  it('slides nothing by being asked for', async () => {
    const app = arrange();
    const handle = await app.handleOf(await app.signIn('ada', { idleLifetime: '1h' }));
    for (let n = 0; n < 59; n++) {
      app.clock.advance(60);
      assert.equal(await app.outcomeOf(handle), 'live');
      await app.auth.flush();
    }
    app.clock.advance(60);
    assert.equal(await app.outcomeOf(handle), 'over');
  });

  it('meets a rule while its token is the current one, and its proof is fresh', async () => {
    const app = arrange();
    const browser = await app.signIn();
    const before = await app.handleOf(browser);
    assert.equal(await app.outcomeOf(before, RULE), 'step_up_required');
    await stepUp(browser, app.code);
    assert.equal(await app.outcomeOf(before, RULE), 'step_up_required');
    const after = await app.handleOf(browser);
    assert.equal(await app.outcomeOf(after, RULE), 'live');
    app.clock.advance(300);
    assert.equal(await app.outcomeOf(after, RULE), 'step_up_required');
    assert.equal(await app.outcomeOf(after), 'live');
  });

  it('says what is missing, and that nothing would do', async () => {
    const app = arrange();
    const handle = await app.handleOf(await app.signIn());
    app.code.users.delete('ada');
    assert.equal(await app.outcomeOf(handle, RULE), 'step_up_unavailable');
  });

  it('is made after `authenticate` as well, for a socket', async () => {
    const app = arrange();
    const browser = await app.signIn();
    const req = { headers: { cookie: browser.cookieHeader() }, method: 'GET' } as never; // as an upgrade comes
    assert.equal((await app.auth.authenticate(req)).outcome, 'authenticated');
    assert.equal(await app.outcomeOf(app.auth.handle(req)), 'live');
  });

  it('answers for a bare id whether it lives, for its user alone', async () => {
    const app = arrange();
    const browser = await app.signIn();
    const { id: sessionId } = (await browser.get('/me')).body.session;
    assert.equal((await app.auth.checkHandle({ userId: 'ada', sessionId })).outcome, 'live');
    assert.equal((await app.auth.checkHandle({ userId: 'bea', sessionId })).outcome, 'over');
    assert.equal((await app.auth.checkHandle({ userId: 'ada', sessionId: 'nothing' })).outcome, 'over');
    await assert.rejects(app.auth.checkHandle({ userId: 'ada', sessionId }, RULE), /A session id meets no rule/);
  });

  it('cannot be had for nobody', () => {
    const app = arrange();
    assert.throws(() => app.auth.handle({ headers: {} } as never), /No guard of this instance ran/);
  });

  for (const [what, given] of Object.entries({
    'a word': 'handle',
    nothing: undefined,
    'a list of too few': Buffer.from('["a","b"]').toString('base64url'),
    'an object of another shape': { id: 'x' },
  })) {
    it(`is not ${what}`, async () => {
      const app = arrange();
      await assert.rejects(app.auth.checkHandle(given as never), { name: 'SetupError' });
    });
  }

  it('confirms no single request', async () => {
    const app = arrange();
    const handle = await app.handleOf(await app.signIn());
    const rule = { method: 'code', once: true } as never; // which TypeScript refuses
    await assert.rejects(app.auth.checkHandle(handle, rule), /no request that could be confirmed/);
  });
});

describe('a handle of a cookie that was copied before a step-up', () => {
  it('never meets the rule, whatever the owner does then', async () => {
    const app = arrange();
    const owner = await app.signIn();
    const thief = copyOf(owner, app.app);
    const early = await app.handleOf(thief);
    await stepUp(owner, app.code);
    const late = await app.handleOf(thief); // by the previous token
    for (const handle of [early, late]) assert.equal(await app.outcomeOf(handle, RULE), 'step_up_required');
    await stepUp(owner, app.code);
    for (const handle of [early, late]) assert.equal(await app.outcomeOf(handle, RULE), 'step_up_required');
  });
});
