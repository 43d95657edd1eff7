import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { pin } from '../support/pin.js';
import { forRules } from '../support/stores.js';
import { codeOf, opened } from '../tokens/app.js';
import { type Client, enrolmentApp } from './enrolment-app.js';

async function codesOf(client: Client): Promise<readonly string[]> {
  return (await client.post('/recovery-codes').expect(201)).body.codes;
}

describe('POST /recovery-codes', () => {
  it('answers with ten codes, for no cache to keep, and tells it', async () => {
    const { client, told } = enrolmentApp();
    const bea = await client('bea');
    const res = await bea.post('/recovery-codes').expect(201);
    assert.deepEqual(Object.keys(res.body), ['codes']);
    assert.equal(res.body.codes.length, 10);
    for (const code of res.body.codes) assert.match(code, /^([0-9A-Z]{4}-){3}[0-9A-Z]{4}$/);
    assert.equal(res.get('Cache-Control'), 'no-store');
    assert.equal(res.get('Pragma'), 'no-cache');
    assert.equal(await bea.has('recovery-code'), true);
    const about = { userId: 'bea', sessionId: bea.sessionId, method: 'recovery-code' };
    assert.deepEqual(told('method.enrolled'), [{ type: 'method.enrolled', ...about }]);
  });

  it('takes no fields, and no query but ?revokeOthers=true', async () => {
    const { client } = enrolmentApp();
    const bea = await client('bea');
    assert.equal(codeOf(await bea.post('/recovery-codes', { count: 100 }).expect(400)), 'request_invalid');
    assert.equal(codeOf(await bea.post('/recovery-codes?revokeOther=true').expect(400)), 'request_invalid');
    assert.equal(await bea.has('recovery-code'), false);
  });

  it('ends the user’s other sessions when asked to', async () => {
    const { client, told } = enrolmentApp();
    const [bea, other] = [await client('bea'), await client('bea')];
    await codesOf(bea);
    await other.get('/session').expect(200);
    await bea.post('/recovery-codes?revokeOthers=true').expect(201);
    await other.get('/session').expect(401);
    const ended = { type: 'session.revoked', userId: 'bea', sessionId: other.sessionId, by: 'user' };
    assert.deepEqual(told('session.revoked'), [ended]);
  });

  // Codes that somebody lays by with a copied session would still be good when the user has set up a method.
  it('gives none to a user who has nothing to recover', async () => {
    const { client } = enrolmentApp();
    const ada = await client();
    const res = await ada.post('/recovery-codes').expect(403);
    assert.equal(codeOf(res), 'step_up_unavailable');
    assert.deepEqual(res.body.methods, [
      { method: 'totp', enrolled: false },
      { method: 'password', enrolled: false },
    ]);
    assert.equal(await ada.has('recovery-code'), false);
  });

  it('is there only where the method is configured, and answers nobody without a session', async () => {
    for (const methods of [[pin], [{ ...pin, name: 'recovery-code' }]]) {
      const { client } = enrolmentApp({ methods });
      const res = await (await client()).post('/recovery-codes').expect(404);
      assert.equal(res.get('Content-Type'), 'text/html; charset=utf-8'); // the app's own 404
    }
    assert.equal(codeOf(await enrolmentApp().http.post('/auth/recovery-codes').expect(401)), 'session_required');
  });

  it('shows the codes once, and no event has one', async () => {
    const { client, events } = enrolmentApp();
    const bea = await client('bea');
    const codes = await codesOf(bea);
    const [used] = codes;
    const answers = [
      await bea.stepUp('recovery-code', { code: used }),
      await bea.stepUp('recovery-code', { code: used }),
    ];
    const seen = JSON.stringify([events, answers.map(({ headers, body }) => [headers, body])]);
    for (const code of codes) assert.ok(!seen.includes(code) && !seen.includes(code.replaceAll('-', '')));
  });
});

describe('a recovery code', () => {
  it('steps up once', async () => {
    const { client, told } = enrolmentApp();
    const bea = await client('bea');
    const [code = '', another = ''] = await codesOf(bea);
    await bea.prove('recovery-code', { code: code.toLowerCase().replaceAll('-', '') });
    assert.equal(codeOf(await bea.stepUp('recovery-code', { code }).expect(403)), 'step_up_failed');
    await bea.prove('recovery-code', { code: another });
    assert.equal(told('step-up.succeeded').length, 2);
  });

  it('is counted like everything that can be guessed', async () => {
    const { client } = enrolmentApp();
    const bea = await client('bea');
    const [code = ''] = await codesOf(bea);
    const guess = '0000-0000-0000-0000';
    for (let count = 0; count < 5; count++) await bea.stepUp('recovery-code', { code: guess }).expect(403);
    assert.equal(codeOf(await bea.stepUp('recovery-code', { code }).expect(429)), 'method_locked');
    await (await client('bea')).stepUp('recovery-code', { code }).expect(200);
  });
});

forRules((_name, makeStore) => {
  describe('a recovery code', () => {
    it('steps up one of 50 parallel sessions', async () => {
      const store = await opened(makeStore);
      const { client } = enrolmentApp({ store });
      const [code] = await codesOf(await client('bea'));
      const sessions = await Promise.all(Array.from({ length: 50 }, () => client('bea')));
      const answers = await Promise.all(sessions.map((session) => session.stepUp('recovery-code', { code })));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    });
  });
});
