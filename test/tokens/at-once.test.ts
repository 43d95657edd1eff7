// A page refreshes in one tab and steps up in another. Whichever the server does first, whichever answer is lost or comes
// last into the jar: the jar works, and nobody is called a thief.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Response } from 'supertest';
import type { Delivery } from '../../lib/index.js';
import type { Method } from '../../lib/methods/method.js';
import { pin, RIGHT_PIN } from '../support/pin.js';
import { cookieHeader, cookiesOf, tokenApp } from './app.js';

const badge: Method<'badge'> = { ...pin, name: 'badge' };

/** A client of one delivery, and what it holds. */
async function client(delivery: Delivery) {
  const app = tokenApp({ delivery, methods: [pin, badge], accessTokenLifetime: '1h' });
  let jar: Readonly<Record<string, string>> = {};

  function keep(res: Response): void {
    if (delivery !== 'bearer') {
      jar = { ...jar, ...cookiesOf(res) };
      return;
    }
    const { access_token = jar['access'], refresh_token = jar['refresh'] } = res.body;
    jar = { access: access_token, refresh: refresh_token };
  }

  const post = (path: string, body: object = {}) => send('post', path, body);
  function send(method: 'get' | 'post', path: string, body: object = {}) {
    const request = app.http[method](path);
    if (delivery !== 'bearer') return request.set('Cookie', cookieHeader(jar)).send(body);
    return request.set('Authorization', `Bearer ${jar['access']}`).send(body);
  }

  keep(await app.http.post('/login').send({}).expect(200));
  return {
    app,
    keep,
    me: () => send('get', '/me'),
    refresh: () => {
      const path = '/auth/token/refresh';
      return delivery === 'bearer' ? app.http.post(path).send({ refresh_token: jar['refresh'] }) : post(path);
    },
    stepUp: (method: string) => post('/auth/step-up/verify', { method, response: RIGHT_PIN }),
  };
}

type Client = Awaited<ReturnType<typeof client>>;
type Ask = (from: Client) => PromiseLike<Response>;

const REFRESH: Ask = (from) => from.refresh();
const PIN: Ask = (from) => from.stepUp('pin');
const BADGE: Ask = (from) => from.stepUp('badge');

/** Which of two answers come into the jar, in this order. */
const ARRIVALS: Readonly<Record<string, readonly (0 | 1)[]>> = {
  'the first answer comes last': [1, 0],
  'the second answer comes last': [0, 1],
  'the first answer is lost': [1],
  'the second answer is lost': [0],
  'both answers are lost': [],
};

/** Whatever a page may want goes on working for an hour. */
async function assertWorks(from: Client, canRefresh: boolean): Promise<void> {
  const { app, keep } = from;
  for (let minute = 0; minute < 60; minute += 10) {
    await from.me().expect(200);
    await app.auth.flush();
    if (canRefresh) keep(await from.refresh().expect(200));
    await from.me().expect(200);
    keep(await from.stepUp('pin').expect(200));
    const { proofs } = (await from.me().expect(200)).body;
    assert.ok(proofs.some(({ method }: { method: string }) => method === 'pin'));
    await app.auth.flush();
    app.clock.advance('10m');
  }
  assert.ok(!app.events.some(({ type }) => type === 'session.refresh-reused'));
}

/** Sends both with what the client has now; the second may be sent before the first is answered. */
async function bothAnswers(from: Client, [first, second]: readonly [Ask, Ask], inOrder: boolean) {
  const one = first(from);
  if (!inOrder) return Promise.all([one, second(from)]);
  return [await one, await second(from)] as const;
}

const PAIRS = [
  ['a refresh, then a step-up', [REFRESH, PIN]],
  ['a step-up, then a refresh', [PIN, REFRESH]],
  ['two refreshes', [REFRESH, REFRESH]],
  ['step-ups by one method', [PIN, PIN]],
  ['step-ups by two methods', [PIN, BADGE]],
] as const;

describe('two requests with one jar', () => {
  for (const delivery of ['cookie', 'token-cookies', 'bearer'] as const) {
    const canRefresh = delivery !== 'cookie';
    for (const [what, pair] of PAIRS.filter(([, asks]) => canRefresh || !asks.includes(REFRESH))) {
      for (const [how, arrivals] of Object.entries(ARRIVALS)) {
        if (!canRefresh && arrivals.length === 0) continue; // nothing is left then: signed out, by two lost answers
        it(`leave one that works: with ${delivery}, ${what}, and ${how}`, async () => {
          for (const age of ['1s', '1m'] as const) {
            for (const inOrder of [true, false]) {
              const from = await client(delivery);
              from.app.clock.advance(age);
              const answers = await bothAnswers(from, pair, inOrder);
              for (const { status } of answers) assert.equal(status, 200);
              for (const n of arrivals) from.keep(answers[n]);
              if (arrivals.length === 0) from.keep(await from.refresh().expect(200));
              await assertWorks(from, canRefresh);
            }
          }
        });
      }
    }
  }
});
