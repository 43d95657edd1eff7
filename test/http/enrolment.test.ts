import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import { memoryStore } from '../../lib/index.js';
import { PASSKEY } from '../methods/context.js';
import { parseChallenges } from '../support/challenges.js';
import { forRules } from '../support/stores.js';
import { totpCode } from '../support/totp.js';
import { codeOf, opened } from '../tokens/app.js';
import { type Client, enrolmentApp, PASSWORD } from './enrolment-app.js';

/** Every route that changes a user's methods. */
const CHANGES: Readonly<Record<string, (client: Client) => Promise<Response>>> = {
  'POST /totp': (client) => client.post('/totp'),
  'POST /totp/confirm': (client) => client.post('/totp/confirm', { code: '123456' }),
  'DELETE /totp': (client) => client.delete('/totp'),
  'POST /recovery-codes': (client) => client.post('/recovery-codes'),
};

/** Each of these routes refuses the client by the enrolment guard, for this reason, and asks for these methods. */
async function refusesAll(client: Client, reason: string, methods: readonly string[]): Promise<void> {
  for (const [name, change] of Object.entries(CHANGES)) {
    const res = await change(client);
    assert.equal(res.status, 401, name);
    assert.equal(codeOf(res), 'step_up_required', name);
    assert.equal(res.body.reason, reason, name);
    assert.deepEqual(
      res.body.methods.map((one: { method: string }) => one.method),
      methods,
    );
    const [challenge] = parseChallenges(res.get('WWW-Authenticate') ?? '');
    assert.equal(challenge?.params['error'], 'insufficient_user_authentication', name);
    assert.equal(challenge?.params['max_age'], '300', name);
  }
}

describe('a first method', () => {
  it('is set up within five minutes of a sign-in', async () => {
    const { client, clock } = enrolmentApp();
    const ada = await client();
    clock.advance(299);
    const { secret } = (await ada.post('/totp').expect(201)).body;
    await ada.post('/totp/confirm', { code: totpCode(secret, clock.now()) }).expect(204);
  });

  it('needs a new sign-in after that, at the confirmation, too', async () => {
    const { client, clock } = enrolmentApp();
    const ada = await client();
    const { secret } = (await ada.post('/totp').expect(201)).body;
    clock.advance('5m');
    await refusesAll(ada, 'expired', []);
    const again = await client();
    await again.post('/totp/confirm', { code: totpCode(secret, clock.now()) }).expect(204);
  });

  it('is refused by the store when another has come first, whatever the guard saw', async () => {
    const store = memoryStore();
    const { client, clock } = enrolmentApp({ store }); // an instance without passkeys, so that its guard sees none
    const ada = await client();
    const { secret } = (await ada.post('/totp').expect(201)).body;
    await store.passkeys.insert(PASSKEY, { onlyIfNone: true, max: 50 });
    const code = totpCode(secret, clock.now());
    assert.equal(codeOf(await ada.post('/totp/confirm', { code }).expect(403)), 'step_up_failed');
    assert.equal(await ada.has('totp'), false);
  });

  it('is not set up by a session that nobody signed in to', async () => {
    const { client } = enrolmentApp();
    await refusesAll(await client('ada', { interactive: false }), 'missing', []);
  });
});

describe('a user who has a method', () => {
  it('needs a proof of the strongest one for every change, however fresh the sign-in is', async () => {
    const { client } = enrolmentApp();
    const bea = await client('bea');
    const secret = await bea.enrolTotp(); // by the sign-in with the password, the strongest until now
    const other = await client('bea');
    await refusesAll(other, 'missing', ['totp', 'recovery-code']);
    await other.prove('password', { password: PASSWORD });
    await refusesAll(other, 'missing', ['totp', 'recovery-code']);
    await other.proveTotp(secret);
    await other.post('/recovery-codes').expect(201);
    await other.delete('/totp').expect(204);
  });

  it('needs one that is less than five minutes old', async () => {
    const { client, clock } = enrolmentApp();
    const ada = await client();
    await ada.proveTotp(await ada.enrolTotp());
    clock.advance(299);
    await ada.post('/recovery-codes').expect(201);
    clock.advance(1);
    await refusesAll(ada, 'expired', ['totp', 'recovery-code']);
  });

  it('can change everything with a recovery code, which the audit log shows', async () => {
    const { client, told } = enrolmentApp();
    const ada = await client();
    await ada.proveTotp(await ada.enrolTotp());
    const [code, another] = (await ada.post('/recovery-codes').expect(201)).body.codes;

    const recovering = await client();
    await refusesAll(recovering, 'missing', ['totp', 'recovery-code']);
    await recovering.prove('recovery-code', { code });
    const succeeded = { type: 'step-up.succeeded', userId: 'ada', sessionId: recovering.sessionId };
    assert.deepEqual(told('step-up.succeeded').slice(-1), [{ ...succeeded, method: 'recovery-code' }]);
    await recovering.delete('/totp').expect(204);
    // With none left, the sign-in of a minute ago is enough again.
    const secret = await recovering.enrolTotp();

    const later = await client();
    await later.prove('recovery-code', { code: another });
    await later.post('/recovery-codes').expect(201);
    await later.proveTotp(secret);
  });

  it('changes nothing by the token that a step-up has replaced', async () => {
    const { client } = enrolmentApp();
    const ada = await client();
    const secret = await ada.enrolTotp();
    const copied = ada.copy();
    await ada.proveTotp(secret);
    for (const change of Object.values(CHANGES)) {
      const res = await change(copied);
      assert.equal(res.status, 401);
      assert.equal(codeOf(res), 'session_invalid');
    }
    await ada.delete('/totp').expect(204);
  });

  it('changes nothing by a proof of another session of theirs', async () => {
    const { client } = enrolmentApp();
    const ada = await client();
    const secret = await ada.enrolTotp();
    const other = await client();
    await ada.proveTotp(secret);
    await refusesAll(other, 'missing', ['totp', 'recovery-code']);
  });
});

forRules((_name, makeStore) => {
  describe('parallel first methods', () => {
    it('of two sessions make one TOTP, that of whoever began last', async () => {
      const store = await opened(makeStore);
      const { client, clock } = enrolmentApp({ store });
      const clients = await Promise.all(Array.from({ length: 10 }, () => client()));
      const begun = await Promise.all(clients.map((one) => one.post('/totp').expect(201)));
      const codes = begun.map(({ body }) => totpCode(body.secret, clock.now()));
      const confirmed = await Promise.all(clients.map((one, at) => one.post('/totp/confirm', { code: codes[at] })));
      assert.equal(confirmed.filter(({ status }) => status === 204).length, 1);
      // Who came too late was refused for the code, or by the guard, which saw the new method.
      for (const { status } of confirmed) assert.ok([204, 403, 401].includes(status), String(status));
    });

    it('of one secret are confirmed once', async () => {
      const store = await opened(makeStore);
      const { client, clock, told } = enrolmentApp({ store });
      const clients = await Promise.all(Array.from({ length: 10 }, () => client()));
      const { secret } = (await client().then((one) => one.post('/totp').expect(201))).body;
      const code = totpCode(secret, clock.now());
      const confirmed = await Promise.all(clients.map((one) => one.post('/totp/confirm', { code })));
      assert.equal(confirmed.filter(({ status }) => status === 204).length, 1);
      assert.equal(told('method.enrolled').length, 1);
    });
  });
});
