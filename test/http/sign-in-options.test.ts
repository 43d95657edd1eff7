import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, it } from '@jest/globals';
import type { SignInOptions } from '../../lib/http/sign-in-options.js';
import { SetupError } from '../../lib/internal/setup-error.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { faultyStore } from '../support/faulty-store.js';
import { testInstance } from '../support/instance.js';

const cycle: Record<string, unknown> = {};
cycle['cycle'] = cycle;

/** What is wrong, and what the message has to say. */
const WRONG: Readonly<Record<string, readonly [options: unknown, message: RegExp]>> = {
  'no options': [undefined, /`signIn` takes .*userId/],
  'null for options': [null, /`signIn` takes .*userId/],
  'no user id': [{ userId: undefined }, /`userId`.*1 to 255/],
  'an empty user id': [{ userId: '' }, /`userId`.*1 to 255/],
  'a number for a user id': [{ userId: 7 }, /`userId`.*1 to 255/],
  'a user id of 256 characters': [{ userId: 'x'.repeat(256) }, /`userId`.*1 to 255/],
  'a user id with a NUL': [{ userId: 'a\0da' }, /`userId`.*NUL/],
  'half a character in the user id': [{ userId: '\ud83d' }, /`userId`/],
  'no method': [{ method: undefined }, /`method`.*password, external/],
  'an unknown method': [{ method: 'magic-link' }, /`method`.*password, external/],
  'no method in a list': [{ method: [] }, /`method`.*password, external/],
  'an unknown method in a list': [{ method: ['password', 'magic-link'] }, /`method`.*password, external/],
  'a name of Object.prototype for a method': [{ method: 'constructor' }, /`method`.*password, external/],
  'an unknown delivery': [{ delivery: 'header' }, /`delivery`.*cookie, bearer, token-cookies/],
  'null for a delivery': [{ delivery: null }, /`delivery`.*cookie, bearer, token-cookies/],
  'a number for a label': [{ label: 5 }, /`label`/],
  'null for a label': [{ label: null }, /`label`/],
  'a string for interactive': [{ interactive: 'false' }, /`interactive`.*true or false/],
  'a misspelt interactive': [{ interactve: false }, /Did you mean `interactive`\?/],
  'a misspelt user id': [{ userID: 'ada' }, /Did you mean `userId`\?/],
  'the time in a string': [{ startedAt: '2026-01-01' }, /`startedAt`.*Date\.now\(\)/],
  'null for a time': [{ startedAt: null }, /`startedAt`.*Date\.now\(\)/],
  'NaN for a time': [{ startedAt: Number.NaN }, /`startedAt`.*Date\.now\(\)/],
  'infinity for a time': [{ startedAt: Number.POSITIVE_INFINITY }, /`startedAt`.*Date\.now\(\)/],
  'NaN for the time of a method': [{ startedAt: { password: Number.NaN } }, /`startedAt`.*Date\.now\(\)/],
  'a date for a time': [{ startedAt: new Date() }, /`startedAt/],
  'a bigint for a time': [{ startedAt: 1n }, /`startedAt`.*Date\.now\(\)/],
  'a time of another method': [{ startedAt: { external: 1 } }, /`startedAt\.external`.*`password`/],
  'a function for data': [{ data: () => 1 }, /`data`.*4096 bytes/],
  'a cycle in the data': [{ data: cycle }, /`data`.*4096 bytes/],
  'a bigint in the data': [{ data: { balance: 1n } }, /`data`.*4096 bytes/],
  'data that throws': [{ data: { toJSON: () => assert.fail() } }, /`data`.*4096 bytes/],
  'data of more than 4 KiB': [{ data: 'x'.repeat(4_095) }, /`data`.*4096 bytes/],
  'data of more than 4 KiB in bytes alone': [{ data: 'ü'.repeat(2_048) }, /`data`.*4096 bytes/],
};

describe('signIn', () => {
  for (const [what, [options, message]] of Object.entries(WRONG)) {
    it(`rejects ${what} with a SetupError that says what to write, and makes no session`, async () => {
      const store = faultyStore(memoryStore());
      const { auth } = testInstance({ store });
      const req = Object.assign(new IncomingMessage(new Socket()), { method: 'POST' });
      const res = new ServerResponse(req);
      const given =
        typeof options === 'object' && options !== null ? { userId: 'ada', method: 'password', ...options } : options;
      await assert.rejects(
        auth.signIn(req, res, given as SignInOptions<'password'>), // as untyped code may call it
        (error) => error instanceof SetupError && message.test(error.message),
      );
      assert.deepEqual(store.calls, []);
      assert.deepEqual(res.getHeaders(), Object.create(null));
    });
  }

  for (const [how, startedAt] of Object.entries<(now: number) => SignInOptions<'password'>['startedAt']>({
    'ten seconds': (now) => now + 10_000,
    'a year': (now) => now + 365 * 86_400_000,
    'all that a number can say': () => Number.MAX_VALUE,
    'a minute, told by method': (now) => ({ password: now + 60_000 }),
  })) {
    it(`takes a \`startedAt\` that is ahead by ${how} for now: the clock was put back meanwhile`, async () => {
      const { auth, clock } = testInstance();
      const req = Object.assign(new IncomingMessage(new Socket()), { method: 'POST' });
      const given = startedAt(clock.now()) ?? clock.now();
      const options = { userId: 'ada', method: 'password', startedAt: given } as const;
      const { session } = await auth.signIn(req, new ServerResponse(req), options);
      assert.equal(session.authenticatedAt, clock.now());
    });
  }

  it('refuses a delivery that stepgate does not use, and says which it does', async () => {
    const store = faultyStore(memoryStore());
    const { auth } = testInstance({ store, delivery: 'bearer', deliveries: ['bearer', 'token-cookies'] });
    const req = Object.assign(new IncomingMessage(new Socket()), { method: 'POST' });
    const signIn = auth.signIn(req, new ServerResponse(req), { userId: 'ada', method: 'password', delivery: 'cookie' });
    await assert.rejects(signIn, { name: 'SetupError', message: /`delivery`.*bearer, token-cookies.*`deliveries`/ });
    assert.deepEqual(store.calls, []);
  });
});
