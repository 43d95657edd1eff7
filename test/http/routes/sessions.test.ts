import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import type { Session } from '../../../lib/stores/contract/sessions.js';
import type { Store } from '../../../lib/stores/contract/store.js';
import { assertRefused } from '../../support/answers.js';
import { handle, testApp } from '../../support/app.js';
import { Browser, setCookies } from '../../support/browser.js';
import { type TestInstance, testInstance } from '../../support/instance.js';
import { forRules } from '../../support/stores.js';

interface Scene extends TestInstance {
  readonly laptop: Browser;
  readonly phone: Browser;
  readonly eve: Browser;
  /** The sessions of Ada's laptop and phone, and of Eve. */
  readonly ids: { readonly laptop: string; readonly phone: string; readonly eve: string };
}

/** Ada on two devices, the phone signed in a minute after the laptop, and Eve. */
async function arrange(makeStore: () => Promise<Store>): Promise<Scene> {
  const instance = testInstance({ store: await makeStore() });
  const changed = handle((req, res) => instance.auth.credentialsChanged(req, res));
  const { app } = testApp(instance.auth, { routes: { '/changed': [changed] } });
  const [laptop, phone, eve] = [new Browser(app), new Browser(app), new Browser(app)];
  const ids = { laptop: '', phone: '', eve: '' };
  ids.laptop = (await laptop.signIn({ label: 'laptop' })).session.id;
  instance.clock.advance('1m');
  ids.phone = (await phone.signIn({ label: 'phone' })).session.id;
  ids.eve = (await eve.signIn({ userId: 'eve' })).session.id;
  instance.events.length = 0;
  return { ...instance, laptop, phone, eve, ids };
}

function assertEmpty(response: Response): void {
  assert.equal(response.status, 204, response.text);
  assert.equal(response.text, '');
  assert.equal(response.headers['cache-control'], 'no-store');
}

function assertCleared(response: Response): void {
  assert.deepEqual(
    setCookies(response).map((line) => line.split(';')[0]),
    ['__Host-session=', '__Host-access=', '__Host-refresh='],
  );
  for (const line of setCookies(response))
    assert.match(line, /=; Max-Age=0; Path=\/; .*HttpOnly; Secure; SameSite=Lax$/);
}

const isOver = async (browser: Browser): Promise<boolean> => (await browser.get('/me')).status === 401;

forRules((_name, makeStore) => {
  describe('GET /session', () => {
    it('gives the session and its proofs', async () => {
      const { laptop, ids, clock } = await arrange(makeStore);
      const me = await laptop.get('/me');
      const response = await laptop.get('/auth/session');
      assert.equal(response.status, 200);
      assert.equal(response.headers['content-type'], 'application/json; charset=utf-8');
      assert.equal(response.headers['cache-control'], 'no-store');
      assert.equal(response.body.session.id, ids.laptop);
      const { data: _data, ...session } = me.body.session;
      const { expiresIn, ...shown } = response.body.session;
      assert.equal(expiresIn, (session.expiresAt - clock.now()) / 1_000);
      assert.deepEqual({ ...response.body, session: shown }, { session, proofs: me.body.proofs });
    });

    it('gives nobody anything', async () => {
      const { auth } = await arrange(makeStore);
      assertRefused(await new Browser(testApp(auth).app).get('/auth/session'), 401, 'session_required');
    });
  });

  describe('GET /sessions', () => {
    it('lists the live sessions of the user alone, newest activity first, and says which one asks', async () => {
      const { laptop, phone, ids, auth, clock } = await arrange(makeStore);
      const list = async (browser: Browser): Promise<unknown> => {
        const { body } = await browser.get('/auth/sessions');
        return body.sessions.map(({ id, current }: Session & { current: boolean }) => [id, current]);
      };
      assert.deepEqual(await list(laptop), [
        [ids.phone, false],
        [ids.laptop, true],
      ]);
      clock.advance('1h');
      await laptop.get('/me');
      await auth.flush();
      assert.deepEqual(await list(phone), [
        [ids.laptop, false],
        [ids.phone, true],
      ]);
    });

    it('shows all that is public of each and no hash', async () => {
      const { laptop, ids, auth, clock } = await arrange(makeStore);
      const { body } = await laptop.get('/auth/sessions');
      const { data: _data, ...session } = (await auth.sessions.get(ids.laptop)) ?? {};
      const expiresIn = (body.sessions[1].expiresAt - clock.now()) / 1_000;
      assert.deepEqual(body.sessions[1], { ...session, expiresIn, current: true });
      assert.equal(Object.keys(body.sessions[1]).length, 13);
      assert.equal(body.after, null);
    });

    it('gives one page after the other, each session once, and says where the next begins', async () => {
      const { auth } = testInstance({ store: await makeStore() });
      const browsers = Array.from({ length: 5 }, () => new Browser(testApp(auth).app));
      const ids: string[] = [];
      for (const browser of browsers) ids.push((await browser.signIn()).session.id); // at one time: the id decides
      const [browser = new Browser('')] = browsers;
      const seen: string[] = [];
      const sizes: number[] = [];
      let query = '?limit=2';
      do {
        const { body, status, text } = await browser.get(`/auth/sessions${query}`);
        assert.equal(status, 200, text);
        seen.push(...body.sessions.map(({ id }: Session) => id));
        sizes.push(body.sessions.length);
        query = body.after === null ? '' : `?after=${body.after}&limit=2`;
      } while (query !== '');
      assert.deepEqual([seen, sizes], [ids.toSorted(), [2, 2, 1]]);
    });

    it('leaves out what has expired', async () => {
      const { laptop, phone, ids, auth, clock } = await arrange(makeStore);
      clock.advance('6d');
      await phone.get('/me');
      await auth.flush();
      clock.advance('1d'); // the laptop has been idle for a week
      const { body } = await phone.get('/auth/sessions');
      assert.deepEqual(
        body.sessions.map(({ id }: Session) => id),
        [ids.phone],
      );
      assertRefused(await laptop.get('/auth/sessions'), 401, 'session_invalid');
    });

    it('answers a HEAD request without a body', async () => {
      const { laptop } = await arrange(makeStore);
      const response = await laptop.send('HEAD', '/auth/sessions');
      assert.equal(response.status, 200);
      assert.equal(response.text, undefined);
    });
  });

  describe('DELETE /sessions/:id', () => {
    it('ends another session of the user and no other', async () => {
      const { laptop, phone, eve, ids, events, clock } = await arrange(makeStore);
      const response = await laptop.delete(`/auth/sessions/${ids.phone}`);
      assertEmpty(response);
      assert.deepEqual(setCookies(response), []);
      assert.deepEqual(await Promise.all([laptop, phone, eve].map(isOver)), [false, true, false]);
      const { sessionId, userId, by, at } = {
        ...events[0],
        userId: 'ada',
        sessionId: ids.phone,
        by: 'user',
        at: clock.now(),
      };
      assert.deepEqual(events[0], { type: 'session.revoked', userId, sessionId, by, at });
    });

    it('of the session that asks ends it and clears the cookies', async () => {
      const { laptop, ids } = await arrange(makeStore);
      const headers = { Cookie: laptop.cookieHeader() };
      const response = await laptop.delete(`/auth/sessions/${ids.laptop}`);
      assertEmpty(response);
      assertCleared(response);
      assertRefused(await laptop.get('/me', { headers }), 401, 'session_invalid');
    });

    it("answers the same 404 for another user's session, an unknown and a malformed id", async () => {
      const { laptop, eve, ids, events } = await arrange(makeStore);
      const unknown = 'AAAAAAAAAAAAAAAAAAAAAA';
      const bodies = new Set<string>();
      for (const id of [
        ids.eve,
        unknown,
        'x',
        `${ids.phone}A`,
        ids.phone.slice(1),
        '%00',
        `${ids.phone}%00`,
        "'--",
        '..%2f',
      ]) {
        const response = await laptop.delete(`/auth/sessions/${id}`);
        assertRefused(response, 404, 'not_found');
        bodies.add(response.text);
      }
      assert.equal(bodies.size, 1);
      assert.equal(await isOver(eve), false);
      assert.deepEqual(events, []);
    });

    it('of a session that is gone already is a 404', async () => {
      const { laptop, ids, events } = await arrange(makeStore);
      assertEmpty(await laptop.delete(`/auth/sessions/${ids.phone}`));
      assertRefused(await laptop.delete(`/auth/sessions/${ids.phone}`), 404, 'not_found');
      assert.equal(events.length, 1);
    });

    it('takes no token or hash of one for an id', async () => {
      const { laptop, phone } = await arrange(makeStore);
      const token = phone.cookies.get('__Host-session');
      assertRefused(await laptop.delete(`/auth/sessions/${token}`), 404, 'not_found');
      assert.equal(await isOver(phone), false);
    });

    it('takes no fields', async () => {
      const { laptop, phone, ids } = await arrange(makeStore);
      const path = `/auth/sessions/${ids.phone}`;
      assertRefused(await laptop.delete(path, { body: { userId: 'eve' } }), 400, 'request_invalid');
      assert.equal(await isOver(phone), false);
      assertEmpty(await laptop.delete(path, { body: {} }));
    });
  });

  describe('DELETE /sessions', () => {
    it('ends all sessions of the user, the one that asks as well, and clears its cookies', async () => {
      const { laptop, phone, eve, ids, events } = await arrange(makeStore);
      const headers = { Cookie: laptop.cookieHeader() };
      const response = await laptop.delete('/auth/sessions');
      assertEmpty(response);
      assertCleared(response);
      assertRefused(await laptop.get('/me', { headers }), 401, 'session_invalid');
      assert.deepEqual(await Promise.all([phone, eve].map(isOver)), [true, false]);
      const revoked = events.flatMap((event) =>
        event.type === 'session.revoked' && event.by === 'user' ? event.sessionId : [],
      );
      assert.deepEqual(new Set(revoked), new Set([ids.laptop, ids.phone]));
    });

    it('with ?keep=current ends the others and keeps the cookies', async () => {
      const { laptop, phone, eve } = await arrange(makeStore);
      const response = await laptop.delete('/auth/sessions?keep=current');
      assertEmpty(response);
      assert.deepEqual(setCookies(response), []);
      assert.deepEqual(await Promise.all([laptop, phone, eve].map(isOver)), [false, true, false]);
    });

    for (const query of [
      'keep=curent',
      'keep',
      'keep=',
      'Keep=current',
      'keep=current&keep=current',
      'keep=current&x',
      'x=1',
      'keep[]=current',
      'keep=current?',
    ]) {
      it(`ends nothing for the query ?${query}`, async () => {
        const { laptop, phone } = await arrange(makeStore);
        assertRefused(await laptop.delete(`/auth/sessions?${query}`), 400, 'request_invalid');
        assert.deepEqual(await Promise.all([laptop, phone].map(isOver)), [false, false]);
      });
    }

    it('ends nothing when `keep` comes in the body', async () => {
      const { laptop, phone } = await arrange(makeStore);
      assertRefused(await laptop.delete('/auth/sessions', { body: { keep: 'current' } }), 400, 'request_invalid');
      assert.deepEqual(await Promise.all([laptop, phone].map(isOver)), [false, false]);
    });
  });

  describe('POST /logout', () => {
    it('ends the session and clears the cookies; a repeat is no error', async () => {
      const { laptop, phone, events } = await arrange(makeStore);
      const headers = { Cookie: laptop.cookieHeader() };
      for (let time = 0; time < 2; time += 1) {
        const response = await laptop.post('/auth/logout', { headers });
        assertEmpty(response);
        assertCleared(response);
      }
      assertRefused(await laptop.get('/me', { headers }), 401, 'session_invalid');
      assert.equal(await isOver(phone), false);
      assert.deepEqual(
        events.flatMap((event) => (event.type === 'session.revoked' ? event.by : [])),
        ['sign-out'],
      );
    });

    it('answers 204 without a cookie, with a malformed one and when the session has expired', async () => {
      const { laptop, clock } = await arrange(makeStore);
      const cookie = laptop.cookieHeader();
      clock.advance('30d');
      for (const Cookie of [undefined, '__Host-session=x', `__Host-session=${'A'.repeat(43)}`, cookie]) {
        const response = await laptop.post('/auth/logout', { headers: { Cookie } });
        assertEmpty(response);
        assertCleared(response);
      }
    });

    it('ends every genuine session when a cookie is there twice', async () => {
      const { laptop, phone, auth } = await arrange(makeStore);
      const Cookie = `${laptop.cookieHeader()}; ${phone.cookieHeader()}`;
      assertEmpty(await laptop.post('/auth/logout', { headers: { Cookie } }));
      assert.deepEqual((await auth.sessions.listForUser('ada')).sessions, []);
    });
  });

  describe('auth.credentialsChanged', () => {
    it("ends the user's other sessions, gives this one a new cookie and takes its proofs", async () => {
      const { laptop, phone, eve, ids, clock, events } = await arrange(makeStore);
      const headers = { Cookie: laptop.cookieHeader() };
      const response = await laptop.post('/changed');
      assert.equal(response.status, 200, response.text);
      assert.equal(response.body.session.id, ids.laptop);
      assert.notEqual(laptop.cookieHeader(), headers.Cookie);
      assertRefused(await laptop.get('/me', { headers }), 401, 'session_invalid');
      const me = await laptop.get('/me');
      assert.deepEqual([me.status, me.body.session.id, me.body.proofs], [200, ids.laptop, []]);
      assert.deepEqual(await Promise.all([phone, eve].map(isOver)), [true, false]);
      assert.deepEqual(events[0], {
        type: 'session.revoked',
        userId: 'ada',
        sessionId: ids.phone,
        by: 'credentials-changed',
        at: clock.now(),
      });
    });

    it('refuses nobody and those whose session has expired, and writes nothing', async () => {
      const { laptop, phone, auth, ids } = await arrange(makeStore);
      assertRefused(await laptop.post('/changed', { headers: { Cookie: undefined } }), 401, 'session_required');
      await auth.sessions.revoke(ids.laptop);
      assertRefused(await laptop.post('/changed'), 401, 'session_invalid');
      assert.equal(await isOver(phone), false);
    });
  });
});
