// An attacker has a copy of what an admin's browser carried while it acted as a user, or of a part of it.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { stepUpApp } from '../step-up/app.js';
import { sendJson } from '../support/app.js';
import { Browser } from '../support/browser.js';

async function arrange() {
  const app = stepUpApp({
    routes: (auth) => ({
      '/act': [
        (req, res, next) => {
          auth
            .impersonate(req, res, { userId: 'ada', reason: 'ticket 7' })
            .then(({ body }) => sendJson(res, body), next);
        },
      ],
      '/back': [
        (req, res) => {
          auth.endImpersonation(req, res).then(
            ({ body }) => sendJson(res, body),
            (error: unknown) => {
              res.statusCode = (error as { status: number }).status;
              res.end();
            },
          );
        },
      ],
    }),
  });
  const admin = await app.signIn('admin');
  assert.equal((await admin.post('/act')).status, 200);
  const thief = (...names: readonly string[]): Browser => {
    const browser = new Browser(app.app);
    for (const name of names) browser.cookies.set(name, String(admin.cookies.get(name)));
    return browser;
  };
  return { ...app, admin, thief };
}

describe('a stolen impersonation cookie', () => {
  it("never becomes the admin's: the session's cookie alone", async () => {
    const { thief, admin } = await arrange();
    const copy = thief('__Host-session');
    assert.equal((await copy.post('/back')).status, 401);
    assert.equal((await copy.get('/me')).body.userId, 'ada');
    assert.equal((await admin.post('/back')).status, 200);
    assert.equal((await copy.get('/me')).status, 401);
  });

  it("never becomes the admin's: the return cookie alone, or as a session", async () => {
    const { thief, admin } = await arrange();
    const copy = thief('__Host-return');
    assert.equal((await copy.post('/back')).status, 401);
    copy.cookies.set('__Host-session', String(admin.cookies.get('__Host-return')));
    assert.equal((await copy.get('/me')).status, 401);
    assert.equal((await copy.post('/back')).status, 401);
    assert.equal((await admin.post('/back')).status, 200);
  });

  it('does not go back with the session of somebody else, or of another impersonation', async () => {
    const { thief, signIn, admin } = await arrange();
    const bea = await signIn('bea');
    bea.cookies.set('__Host-return', String(thief('__Host-return').cookies.get('__Host-return')));
    assert.equal((await bea.post('/back')).status, 401);
    const other = await signIn('other-admin');
    await other.post('/act');
    other.cookies.set('__Host-return', String(admin.cookies.get('__Host-return')));
    assert.equal((await other.post('/back')).status, 401);
  });

  it('goes back once', async () => {
    const { thief, admin } = await arrange();
    const copy = thief('__Host-session', '__Host-return');
    assert.equal((await admin.post('/back')).status, 200);
    assert.equal((await copy.post('/back')).status, 401);
    assert.equal((await admin.get('/me')).body.userId, 'admin');
  });
});
