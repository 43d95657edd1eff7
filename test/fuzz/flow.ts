import type { CreationOptionsJSON } from '../../lib/testing/index.js';
import { totpCode } from '../support/totp.js';
import { API_KEY, PASSWORD } from './app.js';
import { Client, type Person } from './client.js';

/**
 * What a person does with the app, from the first sign-in to the last route: it leaves a client of each delivery signed
 * in, and a good request for every route.
 */
export async function liveThrough(person: Person): Promise<readonly Client[]> {
  const [cookie, bearer, tokenCookies] = [
    new Client(person, 'cookie'),
    new Client(person, 'bearer'),
    new Client(person, 'token-cookies'),
  ];
  const clients = [cookie, bearer, tokenCookies];
  const { app, key, templates } = person;
  for (const client of clients) await client.signIn();

  const { challengeId, options } = await cookie.post('/auth/passkeys/options');
  const response = key.create(options as CreationOptionsJSON); // what the route answers
  const { id } = await cookie.post('/auth/passkeys', { challengeId, response }, 201);
  app.clock.advance('1s'); // a passkey answers no challenge that is as old as it is
  for (const client of clients) await client.send(await client.assertion(), 200);
  await cookie.send(await cookie.assertion('verify-only'), 200);

  const { secret = '' } = await cookie.post('/auth/totp', undefined, 201);
  person.secret = secret;
  await cookie.post('/auth/totp/confirm', { code: totpCode(secret, app.clock.now()) }, 204);
  await cookie.send(cookie.code(), 200);
  const { codes = [] } = await cookie.post('/auth/recovery-codes', undefined, 201);
  for (const client of clients) {
    await client.post('/auth/step-up/verify', { method: 'password', response: { password: PASSWORD } });
    await client.post('/auth/step-up/verify', { method: 'pin', response: { code: '1234' } });
    await client.post('/auth/step-up/verify', {
      method: 'recovery-code',
      response: { code: codes[clients.indexOf(client)] },
    });
    for (const path of ['/me', '/maybe', '/machine', '/fresh', '/any', '/enrol', '/same-origin', '/authenticate']) {
      await client.get(path);
    }
    for (const path of ['/auth/session', '/auth/sessions', '/auth/step-up', '/auth/passkeys']) await client.get(path);
    const approval = await client.approval();
    const transfer = templates.findLast(({ path }) => path === '/transfers');
    await client.send(approval, 200);
    if (transfer !== undefined) await client.send(transfer, 200);
    await client.get('/once', 401);
  }
  await cookie.get('/all');
  await cookie.send({ client: cookie, method: 'PATCH', path: `/auth/passkeys/${id}`, body: { label: 'key' } }, 200);
  const machine = { Authorization: `Bearer ${API_KEY}` };
  await cookie.send({ client: null, method: 'GET', path: '/machine', headers: machine }, 200);
  await bearer.post('/auth/token/refresh', { refresh_token: bearer.refreshToken });
  await tokenCookies.post('/auth/token/refresh');
  await new Client(person, 'cookie').send(await cookie.passkeySignIn(), 200);

  // What would end a session or remove a method is for the mutations.
  const other = bearer.sessionId;
  for (const client of clients) {
    for (const mount of ['/auth', '/managed', '/parsed']) {
      templates.push(
        { client, method: 'DELETE', path: `${mount}/sessions/${other}` },
        { client, method: 'DELETE', path: `${mount}/sessions?keep=current` },
        { client, method: 'DELETE', path: `${mount}/step-up` },
        { client, method: 'POST', path: `${mount}/logout` },
        { client, method: 'POST', path: `${mount}/step-up/options`, body: { method: 'passkey', purpose: 'step-up' } },
      );
    }
    templates.push(
      { client, method: 'DELETE', path: `/auth/passkeys/${id}?revokeOthers=true` },
      { client, method: 'DELETE', path: '/auth/totp' },
      { client, method: 'POST', path: '/password' },
      { client, method: 'POST', path: '/sign-out' },
      { client, method: 'POST', path: '/auth/token/refresh', body: { refresh_token: client.refreshToken } },
    );
  }
  return clients;
}
