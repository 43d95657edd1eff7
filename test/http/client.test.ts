import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import express from 'express';
import type { Session } from '../../lib/stores/contract/sessions.js';
import { type App, frameworks, testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';

/** What a sign-in keeps of its client, by an app that trusts its proxies so. */
async function kept(headers: Record<string, string>, trustProxy?: unknown): Promise<Session> {
  const { auth } = testInstance();
  const create = (): App => {
    const app = express();
    if (trustProxy !== undefined) app.set('trust proxy', trustProxy);
    return app;
  };
  const response = await new Browser(testApp(auth, { create }).app).post('/login', { body: {}, headers });
  assert.equal(response.status, 200, response.text);
  return response.body.session;
}

describe('the address in a session', () => {
  for (const [framework, create] of Object.entries(frameworks)) {
    it(`is the socket's on ${framework}, whatever a client puts into headers`, async () => {
      const { auth } = testInstance();
      const headers = {
        'X-Forwarded-For': '203.0.113.7',
        'X-Real-IP': '203.0.113.7',
        Forwarded: 'for=203.0.113.7',
        'Client-IP': '203.0.113.7',
      };
      const response = await new Browser(testApp(auth, { create }).app).post('/login', { body: {}, headers });
      assert.equal(response.body.session.ip, '127.0.0.1');
    });
  }

  const forwarded: Readonly<Record<string, readonly [header: string, trustProxy: unknown, ip: string | null]>> = {
    'the one that a trusted proxy names': ['203.0.113.7', true, '203.0.113.7'],
    'the one before the trusted proxies': ['198.51.100.1, 203.0.113.7, 10.0.0.1', 2, '203.0.113.7'],
    'an IPv6 address as it is': ['2001:db8::7', true, '2001:db8::7'],
    'an IPv4 address without its IPv6 form': ['::ffff:203.0.113.7', true, '203.0.113.7'],
    'an IPv4 address without its IPv6 form in capitals': ['::FFFF:203.0.113.7', true, '203.0.113.7'],
    'nothing for a name': ['evil.example', true, null],
    'nothing for a script': ['<script>alert(1)</script>', true, null],
    'an IPv4 address without its IPv6 form in hex': ['::ffff:cb00:7109', true, '203.0.113.9'],
    'an IPv4 address without its IPv6 form in short hex': ['::FFFF:A00:1', true, '10.0.0.1'],
    'an IPv4 address without its port': ['203.0.113.9:54321', true, '203.0.113.9'],
    'an IPv6 address without its port': ['[2001:db8::1]:443', true, '2001:db8::1'],
    'an IPv6 address without its brackets': ['[2001:db8::1]', true, '2001:db8::1'],
    'an IPv4 address without its IPv6 form and its port': ['[::ffff:203.0.113.9]:443', true, '203.0.113.9'],
    'an IPv6 address whose end looks like a port': ['2001:db8::1:443', true, '2001:db8::1:443'],
    'nothing for an address with a long port': ['203.0.113.7:123456', true, null],
    'nothing for an address with two ports': ['203.0.113.7:80:80', true, null],
    'nothing for an address with a name for a port': ['203.0.113.7:http', true, null],
    'nothing for half a bracket': ['[2001:db8::1', true, null],
    'nothing for a name with a port': ['evil.example:80', true, null],
    'nothing for an empty bracket': ['[]:80', true, null],
    "the socket's for an empty header": [',', true, '127.0.0.1'],
    'an address without its zone, which has no bound': [`fe80::1%${'a'.repeat(5_000)}`, true, 'fe80::1'],
    'nothing for a number': ['3405803783', true, null],
  };
  for (const [what, [header, trustProxy, ip]] of Object.entries(forwarded)) {
    it(`is ${what}`, async () => {
      assert.equal((await kept({ 'X-Forwarded-For': header }, trustProxy)).ip, ip);
    });
  }
});

describe('the user agent in a session', () => {
  it('is kept as it was sent', async () => {
    const userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) <b>"Gecko"</b>';
    assert.equal((await kept({ 'User-Agent': userAgent })).userAgent, userAgent);
  });

  it('is cut off at 512 characters', async () => {
    assert.equal((await kept({ 'User-Agent': 'x'.repeat(8_000) })).userAgent, 'x'.repeat(512));
  });

  it('is null without the header, and when that is empty', async () => {
    assert.equal((await kept({})).userAgent, null);
    assert.equal((await kept({ 'User-Agent': '' })).userAgent, null);
  });
});
