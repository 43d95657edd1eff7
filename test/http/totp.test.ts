import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { memoryStore } from '../../lib/index.js';
import { totp } from '../../lib/methods/totp/index.js';
import { pin } from '../support/pin.js';
import { totpCode, wrongCode } from '../support/totp.js';
import { codeOf, tokenApp } from '../tokens/app.js';
import { type Client, enrolmentApp, PASSWORD } from './enrolment-app.js';

/** Begins to set up TOTP; gives the secret. */
async function begun(client: Client): Promise<string> {
  return (await client.post('/totp').expect(201)).body.secret;
}

describe('POST /totp', () => {
  it('answers with the secret and its URI, for no cache to keep', async () => {
    const { client } = enrolmentApp();
    const res = await (await client()).post('/totp').expect(201);
    assert.deepEqual(Object.keys(res.body), ['secret', 'uri']);
    assert.equal(res.get('Cache-Control'), 'no-store');
    assert.equal(res.get('Pragma'), 'no-cache');
    const { secret } = res.body;
    assert.equal(
      res.body.uri,
      `otpauth://totp/app.example:ada?issuer=app.example&secret=${secret}&algorithm=SHA1&digits=6&period=30`,
    );
  });

  it('sets nothing up by itself', async () => {
    const { client, told } = enrolmentApp();
    const ada = await client();
    await begun(ada);
    assert.equal(await ada.has('totp'), false);
    assert.deepEqual(told('method.enrolled'), []);
  });

  it('begins another while TOTP is set up, for who has just proved that one, and leaves it as it is', async () => {
    const { client, clock } = enrolmentApp();
    const ada = await client();
    const secret = await ada.enrolTotp();
    assert.equal(codeOf(await ada.post('/totp').expect(401)), 'step_up_required');
    await ada.proveTotp(secret);
    const next = await begun(ada);
    assert.notEqual(next, secret);
    clock.advance('30s');
    const other = await client();
    const codes = [totpCode(next, clock.now()), totpCode(secret, clock.now())];
    assert.equal(codeOf(await other.stepUp('totp', { code: codes[0] }).expect(403)), 'step_up_failed');
    await other.stepUp('totp', { code: codes[1] }).expect(200);
  });

  it('refuses a user who is unknown or disabled, and answers 500 when the app can’t tell', async () => {
    const disabled = enrolmentApp({ users: { find: () => null } });
    assert.equal(codeOf(await (await disabled.client()).post('/totp').expect(403)), 'sign_in_refused');
    const failing = enrolmentApp({ users: { find: () => Promise.reject(new Error('the database is down')) } });
    assert.equal(codeOf(await (await failing.client()).post('/totp').expect(500)), 'store_unavailable');
  });

  it('takes no fields', async () => {
    const { client } = enrolmentApp();
    assert.equal(codeOf(await (await client()).post('/totp', { secret: 'mine' }).expect(400)), 'request_invalid');
  });
});

describe('POST /totp/confirm', () => {
  it('sets TOTP up, tells it, and answers nothing', async () => {
    const { client, clock, told } = enrolmentApp();
    const ada = await client();
    const res = await ada.post('/totp/confirm', { code: totpCode(await begun(ada), clock.now()) }).expect(204);
    assert.equal(res.text, '');
    assert.equal(await ada.has('totp'), true);
    const about = { userId: 'ada', sessionId: ada.sessionId, method: 'totp' };
    assert.deepEqual(told('method.enrolled'), [{ type: 'method.enrolled', ...about }]);
  });

  it('proves nothing, and uses its code up for step-ups', async () => {
    const { client, clock } = enrolmentApp();
    const ada = await client();
    const secret = await begun(ada);
    const code = totpCode(secret, clock.now());
    await ada.post('/totp/confirm', { code }).expect(204);
    assert.equal((await ada.get('/step-up').expect(200)).body.methods[0].verifiedAt, null);
    assert.equal(codeOf(await ada.stepUp('totp', { code }).expect(403)), 'step_up_failed');
    clock.advance('30s');
    await ada.stepUp('totp', { code: totpCode(secret, clock.now()) }).expect(200);
  });

  it('answers a wrong code as a step-up does, and tells why', async () => {
    const { client, clock, told } = enrolmentApp();
    const ada = await client();
    const secret = await begun(ada);
    for (const code of [wrongCode(secret, clock.now()), '12345', '']) {
      assert.equal(codeOf(await ada.post('/totp/confirm', { code }).expect(403)), 'step_up_failed');
    }
    const failed = { type: 'step-up.failed', userId: 'ada', sessionId: ada.sessionId, method: 'totp' };
    const reasons = ['rejected', 'malformed', 'malformed'].map((reason) => ({ ...failed, reason }));
    assert.deepEqual(told('step-up.failed'), reasons);
    await ada.post('/totp/confirm', { code: totpCode(secret, clock.now()) }).expect(204);
  });

  it('answers the same where nothing waits', async () => {
    const { client } = enrolmentApp();
    assert.equal(
      codeOf(await (await client()).post('/totp/confirm', { code: '123456' }).expect(403)),
      'step_up_failed',
    );
  });

  it('takes { code } only, and counts nothing else as an attempt', async () => {
    const { client, clock } = enrolmentApp();
    const ada = await client();
    const code = totpCode(await begun(ada), clock.now());
    const bodies = [
      {},
      { code: 123_456 },
      { code: null },
      { code: [code] },
      { code, secret: 'x' },
      { Code: code },
      [code],
    ];
    for (const body of bodies) {
      assert.equal(codeOf(await ada.post('/totp/confirm', body).expect(400)), 'request_invalid');
    }
    await ada.post('/totp/confirm', { code }).expect(204);
  });

  it('locks the session after five wrong codes, for 15 minutes, and no other session', async () => {
    const { client, clock, told } = enrolmentApp();
    const ada = await client();
    const secret = await begun(ada);
    const wrong = wrongCode(secret, clock.now());
    for (let count = 0; count < 5; count++) await ada.post('/totp/confirm', { code: wrong }).expect(403);
    const code = totpCode(secret, clock.now());
    const res = await ada.post('/totp/confirm', { code }).expect(429);
    assert.equal(codeOf(res), 'method_locked');
    assert.equal(res.get('Retry-After'), '900');
    const locked = { type: 'step-up.locked', userId: 'ada', sessionId: ada.sessionId, method: 'totp' };
    assert.deepEqual(told('step-up.locked'), [locked]);
    await (await client()).post('/totp/confirm', { code }).expect(204);
  });

  it('forgets the wrong codes before the right one', async () => {
    const { client, clock } = enrolmentApp();
    const ada = await client();
    const secret = await begun(ada);
    const wrong = wrongCode(secret, clock.now());
    for (let count = 0; count < 4; count++) await ada.post('/totp/confirm', { code: wrong }).expect(403);
    await ada.post('/totp/confirm', { code: totpCode(secret, clock.now()) }).expect(204);
    clock.advance('1m');
    const guess = { code: wrongCode(secret, clock.now()) };
    for (let count = 0; count < 4; count++) await ada.stepUp('totp', guess).expect(403);
    await ada.proveTotp(secret);
  });

  it('counts every one of 50 parallel wrong codes', async () => {
    const { client, clock } = enrolmentApp();
    const ada = await client();
    const wrong = wrongCode(await begun(ada), clock.now());
    const all = await Promise.all(Array.from({ length: 50 }, () => ada.post('/totp/confirm', { code: wrong })));
    assert.equal(all.filter(({ status }) => status === 403).length, 5);
    assert.equal(all.filter(({ status }) => status === 429).length, 45);
  });

  it('ends a session at ten failures in a row, whatever the method', async () => {
    const { client, clock, told } = enrolmentApp();
    const bea = await client('bea');
    for (let count = 0; count < 5; count++) await bea.stepUp('password', { password: 'a guess' }).expect(403);
    const wrong = wrongCode(await begun(bea), clock.now());
    for (let count = 0; count < 5; count++) await bea.post('/totp/confirm', { code: wrong }).expect(403);
    assert.equal(codeOf(await bea.post('/totp/confirm', { code: wrong }).expect(401)), 'session_invalid');
    const ended = { type: 'session.revoked', userId: 'bea', sessionId: bea.sessionId, by: 'attempts' };
    assert.deepEqual(told('session.revoked'), [ended]);
  });

  it('is disabled after 100 failures in a row, until TOTP is removed and set up anew', async () => {
    const { client, clock, told } = enrolmentApp();
    for (let window = 0; window < 5; window++) {
      for (let session = 0; session < 4; session++) {
        const ada = await client();
        const wrong = wrongCode(await begun(ada), clock.now());
        for (let count = 0; count < 5; count++) await ada.post('/totp/confirm', { code: wrong }).expect(403);
      }
      clock.advance('15m');
    }
    assert.deepEqual(told('method.disabled'), [{ type: 'method.disabled', userId: 'ada', method: 'totp' }]);
    const ada = await client();
    const code = totpCode(await begun(ada), clock.now());
    assert.equal(codeOf(await ada.post('/totp/confirm', { code }).expect(403)), 'method_disabled');
    await ada.delete('/totp').expect(204);
    await ada.enrolTotp();
  });
});

describe('POST /totp/confirm, while another TOTP is set up', () => {
  /** A user of two sessions who has proved the old one in both, and begun the new one. */
  async function beside(app = enrolmentApp()) {
    const [ada, laptop] = [await app.client(), await app.client()];
    const old = await ada.enrolTotp();
    await laptop.proveTotp(old);
    app.clock.advance('30s');
    await ada.proveTotp(old);
    const next = await begun(ada);
    app.events.length = 0;
    return { ...app, ada, laptop, old, next };
  }

  const provedAt = async (client: Client): Promise<number | null> =>
    (await client.get('/step-up').expect(200)).body.methods[0].verifiedAt;

  it('puts the new one in its place, and takes away what the old one proved, in all sessions', async () => {
    const { ada, laptop, old, next, clock, told } = await beside();
    assert.notEqual(await provedAt(laptop), null);
    await ada.post('/totp/confirm', { code: totpCode(next, clock.now()) }).expect(204);
    const about = { userId: 'ada', sessionId: ada.sessionId, method: 'totp' };
    assert.deepEqual(told('method.removed'), [{ type: 'method.removed', ...about }]);
    assert.deepEqual(told('method.enrolled'), [{ type: 'method.enrolled', ...about }]);
    for (const client of [ada, laptop]) assert.equal(await provedAt(client), null);
    clock.advance('1m');
    assert.equal(codeOf(await ada.stepUp('totp', { code: totpCode(old, clock.now()) }).expect(403)), 'step_up_failed');
    await ada.proveTotp(next);
    await laptop.stepUp('totp', { code: totpCode(next, clock.now() + 30_000) }).expect(200);
  });

  it('leaves everything as it was after a wrong code', async () => {
    const { ada, laptop, old, next, clock, told } = await beside();
    await ada.post('/totp/confirm', { code: wrongCode(next, clock.now()) }).expect(403);
    assert.deepEqual([told('method.removed'), told('method.enrolled')], [[], []]);
    assert.notEqual(await provedAt(laptop), null);
    clock.advance('30s');
    await laptop.proveTotp(old);
  });

  it('wants a fresh proof of the old one again, or a recovery code', async () => {
    const { ada, next, clock } = await beside();
    clock.advance('5m');
    const code = totpCode(next, clock.now());
    assert.equal(codeOf(await ada.post('/totp/confirm', { code }).expect(401)), 'step_up_required');
  });

  it('is for the one that was begun last, from whichever session', async () => {
    const { ada, laptop, old, next, clock } = await beside();
    clock.advance('30s');
    await laptop.proveTotp(old);
    const last = await begun(laptop);
    assert.equal(
      codeOf(await ada.post('/totp/confirm', { code: totpCode(next, clock.now()) }).expect(403)),
      'step_up_failed',
    );
    await laptop.post('/totp/confirm', { code: totpCode(last, clock.now()) }).expect(204);
  });

  it('replaces once, when both sessions confirm at once', async () => {
    const { ada, laptop, next, clock, told } = await beside();
    const code = totpCode(next, clock.now());
    const all = await Promise.all([ada, laptop].map((client) => client.post('/totp/confirm', { code })));
    const [winner, loser = 0] = all.map(({ status }) => status).sort((a, b) => a - b);
    assert.equal(winner, 204);
    assert.ok([401, 403].includes(loser)); // its proof may be gone by then
    assert.equal(told('method.enrolled').length, 1);
  });

  it('lets nobody who has locked the old one bar the new one', async () => {
    const { ada, next, clock, client } = await beside();
    for (let session = 0; session < 4; session += 1) {
      const eve = await client();
      for (let count = 0; count < 5; count += 1) await eve.stepUp('totp', { code: 'wrong' }).expect(403);
    }
    const eve = await client();
    assert.equal(codeOf(await eve.stepUp('totp', { code: '000000' }).expect(429)), 'method_locked');
    await ada.post('/totp/confirm', { code: totpCode(next, clock.now()) }).expect(204);
    clock.advance('30s');
    await (await client()).stepUp('totp', { code: totpCode(next, clock.now()) }).expect(200);
  });

  it('is gone with the old one when TOTP is removed', async () => {
    const { ada, next, clock } = await beside();
    await ada.delete('/totp').expect(204);
    const again = await ada.post('/totp/confirm', { code: totpCode(next, clock.now()) });
    assert.ok([401, 403].includes(again.status));
    assert.equal(await ada.has('totp'), false);
  });
});

describe('DELETE /totp', () => {
  it('removes TOTP after a proof of it, and tells it', async () => {
    const { client, told } = enrolmentApp();
    const ada = await client();
    await ada.proveTotp(await ada.enrolTotp());
    await ada.delete('/totp').expect(204);
    assert.equal(await ada.has('totp'), false);
    const about = { userId: 'ada', sessionId: ada.sessionId, method: 'totp' };
    assert.deepEqual(told('method.removed'), [{ type: 'method.removed', ...about }]);
  });

  it('is 404 where there is none', async () => {
    const { client, told } = enrolmentApp();
    const ada = await client();
    assert.equal(codeOf(await ada.delete('/totp').expect(404)), 'not_found');
    assert.deepEqual(told('method.removed'), []);
  });
});

describe('?revokeOthers=true', () => {
  it('ends the user’s other sessions when TOTP is confirmed or removed', async () => {
    const { client, clock, told } = enrolmentApp();
    const eve = await client('eve');
    const ended = async (other: Client): Promise<void> => {
      assert.equal(codeOf(await other.get('/session').expect(401)), 'session_invalid');
      const [event] = told('session.revoked').slice(-1);
      assert.deepEqual(event, { type: 'session.revoked', userId: 'ada', sessionId: other.sessionId, by: 'user' });
    };
    const [ada, first] = [await client(), await client()];
    const secret = await begun(ada);
    await ada.post('/totp/confirm?revokeOthers=true', { code: totpCode(secret, clock.now()) }).expect(204);
    await ended(first);

    clock.advance('1m');
    await ada.proveTotp(secret);
    const second = await client();
    await ada.delete('/totp?revokeOthers=true').expect(204);
    await ended(second);
    await ada.get('/session').expect(200);
    await eve.get('/session').expect(200);
  });

  it('ends none when nothing was changed', async () => {
    const { client, clock } = enrolmentApp();
    const [ada, other] = [await client(), await client()];
    const wrong = wrongCode(await begun(ada), clock.now());
    await ada.post('/totp/confirm?revokeOthers=true', { code: wrong }).expect(403);
    await (await client('eve')).delete('/totp?revokeOthers=true').expect(404);
    await other.get('/session').expect(200);
  });

  it('is the only query: with a misspelt one nothing is done', async () => {
    const { client, clock } = enrolmentApp();
    const ada = await client();
    const code = totpCode(await begun(ada), clock.now());
    for (const query of [
      'revokeOthers',
      'revokeOthers=1',
      'revokeothers=true',
      'revokeOthers=true&keep=current',
      'x',
    ]) {
      assert.equal(codeOf(await ada.post(`/totp/confirm?${query}`, { code }).expect(400)), 'request_invalid');
      assert.equal(codeOf(await ada.delete(`/totp?${query}`).expect(400)), 'request_invalid');
    }
    await ada.post('/totp/confirm?', { code }).expect(204);
  });
});

describe('the TOTP routes', () => {
  it('are there only where the method is configured', async () => {
    const own = { ...pin, name: 'totp' };
    for (const methods of [[pin], [own]]) {
      const { client } = enrolmentApp({ methods });
      const ada = await client();
      for (const request of [ada.post('/totp'), ada.post('/totp/confirm'), ada.delete('/totp')]) {
        assert.equal((await request.expect(404)).get('Content-Type'), 'text/html; charset=utf-8'); // the app's own 404
      }
    }
  });

  it('are refused at set-up where the store or the app’s users are missing', () => {
    const { totp: _, ...withoutTotp } = memoryStore();
    assert.throws(() => enrolmentApp({ store: withoutTotp }), /needs `totp` in the store/);
    assert.throws(() => tokenApp({ methods: [totp()] }), /needs `users`/);
  });

  it('answer nobody without a session', async () => {
    const { http } = enrolmentApp();
    const requests = [
      http.post('/auth/totp'),
      http.post('/auth/totp/confirm').send({ code: '123456' }),
      http.delete('/auth/totp'),
    ];
    for (const request of requests) assert.equal(codeOf(await request.expect(401)), 'session_required');
  });

  it('show a secret once, and no event has one', async () => {
    const { client, clock, events } = enrolmentApp();
    const bea = await client('bea');
    const secret = await bea.enrolTotp();
    const code = totpCode(secret, clock.now());
    const answers = [await bea.stepUp('totp', { code }), await bea.stepUp('totp', { code })];
    answers.push(await bea.stepUp('password', { password: PASSWORD }), await bea.get('/step-up'));
    const seen = JSON.stringify([events, answers.map(({ headers, body }) => [headers, body])]);
    for (const canary of [secret, code, PASSWORD]) assert.ok(!seen.includes(canary));
  });
});
