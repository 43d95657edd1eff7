import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { RouterOptions } from '../../../lib/stepgate.js';
import type { Session } from '../../../lib/stores/contract/sessions.js';
import { assertRefused } from '../../support/answers.js';
import { testApp } from '../../support/app.js';
import { Browser } from '../../support/browser.js';
import { testInstance } from '../../support/instance.js';

/** A browser that is signed in for the last of so many sessions. */
async function arrange(count: number): Promise<Browser> {
  const { auth } = testInstance();
  const { app } = testApp(auth);
  for (let made = 1; made < count; made += 1) await new Browser(app).signIn();
  const browser = new Browser(app);
  await browser.signIn();
  return browser;
}

describe('GET /sessions', () => {
  it('gives 100 sessions unless it is asked for fewer', async () => {
    const browser = await arrange(101);
    const { body } = await browser.get('/auth/sessions');
    assert.equal(body.sessions.length, 100);
    const rest = await browser.get(`/auth/sessions?after=${body.after}`);
    assert.deepEqual([rest.body.sessions.length, rest.body.after], [1, null]);
    assert.equal((await browser.get('/auth/sessions?limit=100')).body.sessions.length, 100);
    assert.equal((await browser.get('/auth/sessions?limit=1')).body.sessions.length, 1);
  });

  it('gives an empty page after a full one that was the last', async () => {
    const browser = await arrange(2);
    const { body } = await browser.get('/auth/sessions?limit=2');
    const rest = await browser.get(`/auth/sessions?limit=2&after=${body.after}`);
    assert.deepEqual(rest.body, { sessions: [], after: null });
  });

  it('goes on after a session that has ended meanwhile', async () => {
    const browser = await arrange(3);
    const { body } = await browser.get('/auth/sessions?limit=1');
    const [{ id, current }] = body.sessions;
    if (!current) assert.equal((await browser.delete(`/auth/sessions/${id}`)).status, 204);
    const rest = await browser.get(`/auth/sessions?after=${body.after}`);
    assert.equal(rest.body.sessions.length, 2);
  });

  it('shows nobody a session of another user, whatever the place', async () => {
    const { auth } = testInstance();
    const { app } = testApp(auth);
    const [eve, ada] = [new Browser(app), new Browser(app)];
    for (let made = 0; made < 3; made += 1) await new Browser(app).signIn({ userId: 'eve' });
    await eve.signIn({ userId: 'eve' });
    await ada.signIn({ userId: 'ada' });
    const { after } = (await eve.get('/auth/sessions?limit=1')).body;
    const { sessions } = (await ada.get(`/auth/sessions?after=${after}`)).body;
    assert.ok(sessions.every(({ userId }: Session) => userId === 'ada'));
  });

  const forged = Buffer.alloc(32, 0xff).toString('base64url');
  for (const query of [
    'limit=0',
    'limit=101',
    'limit=1000',
    'limit=-1',
    'limit=01',
    'limit=1.5',
    'limit=1e2',
    'limit=0x5',
    'limit=%20 5',
    'limit=',
    'limit',
    'limit=٥',
    'limit=5&limit=6',
    'limit[]=5',
    'after=',
    'after=null',
    'after=x',
    `after=${'A'.repeat(43)}A`,
    `after=${'A'.repeat(42)}B`,
    `after=f${'_'.repeat(41)}8`,
    `after=${'A'.repeat(43)}&after=${'A'.repeat(43)}`,
    'limits=5',
    'page=2',
    '__proto__=1',
    '_=1',
  ]) {
    it(`refuses the query ${query}`, async () => {
      const browser = await arrange(1);
      assertRefused(await browser.get(`/auth/sessions?${encodeURI(query)}`), 400, 'request_invalid');
    });
  }

  it('takes an empty query for none, and a place of nobody for a place', async () => {
    const browser = await arrange(1);
    for (const query of ['', '&']) {
      assert.equal((await browser.get(`/auth/sessions?${query}`)).body.sessions.length, 1);
    }
    assert.equal((await browser.get(`/auth/sessions?after=${'A'.repeat(43)}`)).body.sessions.length, 0);
    assert.equal((await browser.get(`/auth/sessions?after=${forged}`)).body.sessions.length, 0);
  });
});

describe('the data of a session', () => {
  const data = { by: 'agent-7', reason: 'suspected fraud' };

  /** What the routes and a handler show of it. */
  async function shown(options: RouterOptions | undefined): Promise<readonly unknown[]> {
    const { auth } = testInstance();
    const router = auth.router.bind(auth, options);
    const browser = new Browser(testApp({ ...auth, router }).app);
    await browser.signIn({ data });
    const [session, list, handler] = [
      (await browser.get('/auth/session')).body.session,
      (await browser.get('/auth/sessions')).body.sessions[0],
      (await browser.get('/me')).body.session,
    ];
    assert.deepEqual('data' in session, 'data' in list);
    assert.deepEqual(handler.data, data);
    return [session.data, list.data];
  }

  for (const options of [undefined, {}, { listData: false }]) {
    it(`is for handlers only with ${JSON.stringify(options)}`, async () => {
      assert.deepEqual(await shown(options), [undefined, undefined]);
    });
  }

  it('is shown to the user with `listData: true`', async () => {
    assert.deepEqual(await shown({ listData: true }), [data, data]);
  });

  it('is shown by nothing else: another value, or a misspelt option, is a SetupError', () => {
    const { auth } = testInstance();
    for (const listData of [null, 'true', 1, {}, () => true]) {
      const options = { listData } as unknown as RouterOptions; // as untyped code may write it
      assert.throws(() => auth.router(options), { name: 'SetupError', message: /`listData` must be a boolean/ });
    }
    const misspelt = { listdata: true } as RouterOptions; // as untyped code may write it
    assert.throws(() => auth.router(misspelt), { name: 'SetupError', message: /Did you mean `listData`\?/ });
  });
});
