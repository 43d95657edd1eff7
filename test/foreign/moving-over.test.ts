import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from '@jest/globals';
import express from 'express';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { stepUp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { sendJson } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';

const key = fakeKey();
const methods = [key, fakeCode()];

/** As docs/your-sessions.md does it: both instances at once, the step-ups of the old sessions in a part of their own. */
describe('an app that moves over to stepgate’s own sessions', () => {
  it('signs in whoever has an old session, without a proof, and keeps what they can prove', async () => {
    const store = memoryStore();
    const before = testInstance({
      methods,
      session: { of: ({ headers }) => (/old=1/.test(headers.cookie ?? '') ? { id: 'old one', userId: 'ada' } : null) },
      store: { ...store, sessions: memoryStore().sessions },
    });
    const after = testInstance({ methods, store });
    async function goOn(req: IncomingMessage, res: ServerResponse): Promise<void> {
      const was = await before.auth.authenticate(req);
      if (was.outcome !== 'authenticated') return;
      await after.auth.signIn(req, res, { userId: was.auth.userId, method: 'external', interactive: false });
    }
    const app = express();
    app.use('/before', before.auth.router());
    app.use(after.auth.requireSession({ optional: true }), (req, res, next) => {
      if (req.auth) return next();
      goOn(req, res).then(() => next(), next);
    });
    app.use('/auth', after.auth.router());
    app.get('/me', after.auth.requireSession, (req, res) => sendJson(res, req.auth));
    app.post('/key', after.auth.requireFreshStepUp({ method: 'key', maxAge: '5m' }), (_req, res) => sendJson(res, {}));

    const ada = new Browser(app);
    assert.equal((await ada.get('/me')).status, 401);
    ada.cookies.set('old', '1');
    const begun = (await ada.post('/before/step-up/options', { body: { method: 'key' } })).body;
    const response = key.right(begun.options);
    const proved = await ada.post('/before/step-up/verify', {
      body: { method: 'key', challengeId: begun.challengeId, response },
    });
    assert.equal(proved.status, 200, proved.text);

    const me = (await ada.get('/me')).body;
    assert.deepEqual([me.userId, me.proofs], ['ada', []]);
    assert.equal((await ada.post('/key')).body.reason, 'missing');
    ada.cookies.delete('old');
    await stepUp(ada, key);
    assert.equal((await ada.post('/key')).status, 200);
    assert.equal((await after.auth.sessions.listForUser('ada')).sessions.length, 1);
  });
});
