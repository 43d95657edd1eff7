import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import express from 'express';
import { password } from '../../lib/methods/password.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';

describe('pages without JavaScript, on a session that the app keeps', () => {
  it('lead to the proof and back', async () => {
    const { auth } = testInstance({
      methods: [password({ verify: (_user, given) => given === 'sesame' })],
      session: { of: ({ headers }) => (/app=one/.test(headers.cookie ?? '') ? { id: 'one', userId: 'ada' } : null) },
    });
    const app = express();
    app.use('/auth', auth.pages(), auth.router());
    app.use(auth.pages(), express.urlencoded());
    app.get('/report', auth.requireFreshStepUp({ method: 'password', maxAge: '5m' }), (_req, res) => res.send('it'));
    const ada = new Browser(app);
    ada.cookies.set('app', 'one');
    const headers = { Accept: 'text/html' };
    const sent = await ada.get('/report', { headers });
    assert.equal(sent.status, 303, sent.text);
    const { pathname, search } = new URL(sent.headers['location'] ?? '');
    const page = await ada.get(pathname + search, { headers });
    assert.equal(page.status, 200, page.text);
    const form = { ...headers, 'Content-Type': 'application/x-www-form-urlencoded' };
    const answered = await ada.post(pathname + search, { headers: form, body: 'method=password&answer=sesame' });
    assert.deepEqual([answered.status, answered.headers['location']], [303, 'https://app.example/report']);
    assert.equal((await ada.get('/report', { headers })).text, 'it');
  });
});
