import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Response } from 'supertest';
import type { Delivery } from '../../lib/index.js';
import { hashToken } from '../../lib/internal/tokens.js';
import type { Method } from '../../lib/methods/method.js';
import type { SessionRow } from '../../lib/stores/contract/sessions.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { manualClock } from '../../lib/testing/index.js';
import { pin, RIGHT_PIN } from '../support/pin.js';
import { cookieHeader, cookiesOf, type TokenAppOptions, tokenApp } from './app.js';
import { readJwt } from './jwt.js';
import { type Ask, answerTo, isOver, type Model, proved, type Rules, signIn } from './model.js';

const SETTLING = 45_000;
const LIFETIME = 3_600_000;
const SECOND = 1_000;

const badge: Method<'badge'> = { ...pin, name: 'badge' };

/** A credential as its client keeps it. */
interface Held {
  readonly name: string;
  readonly value: string;
}

/** What a client asks next. `nth` counts back from the newest token that it knows. */
type Request =
  | { readonly type: 'refresh'; readonly nth: number }
  | { readonly type: 'step-up'; readonly nth: number; readonly method: string };

type Action =
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'use'; readonly nth: number }
  /** One request, or two at once. The answers that are lost teach the client nothing. */
  | { readonly type: 'ask'; readonly requests: readonly Request[]; readonly lost: readonly boolean[] };

/** The tokens of the server by name: one token a name, one name a token. */
type Names = ReadonlyMap<string, string>;

function named(names: Names, name: string, token: string): Names {
  const known = names.get(name);
  assert.equal(known ?? token, token, `${name} is another token than before`);
  if (known !== undefined) return names;
  assert.ok(![...names.values()].includes(token), `${name} is a token that has another name`);
  return new Map([...names, [name, token]]);
}

/** What a session is at, by the names of its tokens. */
function viewOf(row: SessionRow | null, names: Names): unknown {
  if (row === null) return null;
  const hashes = new Map([...names].map(([name, token]) => [hashToken(Buffer.from(token, 'base64url')), name]));
  const nameOf = (hash: SessionRow['previousTokenHash']) => (hash === null ? null : (hashes.get(hash) ?? 'unknown'));
  return {
    session: nameOf(row.tokenHash),
    usedAt: row.tokenConfirmedAt,
    previous: nameOf(row.previousTokenHash),
    refresh: nameOf(row.refreshHash),
    parent: nameOf(row.parentRefreshHash),
    refreshUsedAt: row.refreshConfirmedAt,
    generation: row.generation,
    proofs: Object.keys(row.stepUpProofs).sort(),
  };
}

function viewOfModel({ ended, session, previous, refresh, generation, proofs }: Model): unknown {
  if (ended) return null;
  return {
    session: session.name,
    usedAt: session.usedAt,
    previous,
    refresh: refresh?.name ?? null,
    parent: refresh?.parent ?? null,
    refreshUsedAt: refresh?.usedAt ?? null,
    generation,
    proofs: [...proofs].sort(),
  };
}

/** A client of a server of its own, which it sends to by its delivery. */
async function arrange(rules: Rules) {
  const { delivery } = rules;
  const store = memoryStore();
  const options: TokenAppOptions = {
    store,
    delivery,
    clock: manualClock(),
    methods: [pin, badge],
    refreshGrace: rules.grace / SECOND,
    tokenOverlap: rules.overlap / SECOND,
    absoluteLifetime: rules.lifetime / SECOND,
    idleLifetime: rules.lifetime / SECOND,
    accessTokenLifetime: rules.lifetime / SECOND,
  };
  const app = tokenApp(options);
  // Another process that sees tokens and notes nothing of it, so that it can look without being a use.
  const witness = tokenApp(options);
  await witness.auth.close();

  /** The headers that bring a session token. */
  function headersOf(session: string): Readonly<Record<string, string>> {
    if (delivery === 'bearer') return { Authorization: `Bearer ${session}` };
    return { Cookie: `${delivery === 'cookie' ? '__Host-session' : '__Host-access'}=${session}` };
  }

  const me = (session: string, at = app) => at.http.get('/me').set(headersOf(session));
  const stepUp = (session: string, method: string) =>
    app.http.post('/auth/step-up/verify').set(headersOf(session)).send({ method, response: RIGHT_PIN });
  function refresh(token: string) {
    const post = app.http.post('/auth/token/refresh');
    if (delivery === 'bearer') return post.send({ refresh_token: token });
    return post.set('Cookie', cookieHeader({ '__Host-refresh': token }));
  }

  /** What an answer hands out. */
  function handedOut(res: Response): { session: string | null; refresh: string | null } {
    if (res.status !== 200) return { session: null, refresh: null };
    const { '__Host-session': session, '__Host-access': access, '__Host-refresh': token } = cookiesOf(res);
    const { access_token, refresh_token } = res.body;
    return { session: access_token ?? (access || session) ?? null, refresh: refresh_token ?? (token || null) };
  }

  /** That no 200 carries a dead token: what it hands out works while nothing else happens. */
  async function assertAlive(res: Response): Promise<void> {
    const { session, refresh: token } = handedOut(res);
    assert.equal(session !== null, res.status === 200);
    if (session !== null) await me(session, witness).expect(200);
    if (token === null) return;
    const hash = hashToken(Buffer.from(token, 'base64url'));
    const row = await store.sessions.get(parseId(token));
    // Of two at once the other may have replaced it; then it gives the successor.
    assert.ok(row?.refreshHash === hash || (row?.parentRefreshHash === hash && row.refreshConfirmedAt === null));
  }

  const signedIn = await app.http.post('/login').send({}).expect(200);
  return { app, store, id: String(signedIn.body.session_id), signedIn, me, stepUp, refresh, handedOut, assertAlive };
}

/** The id of the session that a refresh token is of. */
function parseId(token: string): string {
  return Buffer.from(token, 'base64url').subarray(0, 16).toString('base64url');
}

/** The session token in what a client holds: it is the cookie, or the `jti` of an access token. */
function tokenIn(held: string): string {
  return held.includes('.') ? readJwt(held).jti : held;
}

async function client(rules: Rules) {
  const { app, store, id, signedIn, me, stepUp, refresh, handedOut, assertAlive } = await arrange(rules);
  let model = signIn(rules, app.clock.now());
  let names: Names = new Map();
  // What the client has seen, oldest first.
  const sessions: Held[] = [];
  const refreshTokens: Held[] = [];
  const pick = (known: readonly Held[], back: number): Held =>
    known.at(-1 - (back % known.length)) ?? { name: 'none', value: 'none' };

  function learn(res: Response): void {
    const nameOf = (token: string) => [...names].find(([, known]) => known === token)?.[0] ?? assert.fail('no name');
    const { session, refresh: token } = handedOut(res);
    if (session !== null) sessions.push({ name: nameOf(tokenIn(session)), value: session });
    if (token !== null) refreshTokens.push({ name: nameOf(token), value: token });
  }

  /** The model after these requests in this order, if their answers and the row are as it says; throws if not. */
  function followed(
    asks: readonly Ask[],
    answers: ReadonlyMap<Ask, Response>,
    row: SessionRow | null,
  ): { readonly model: Model; readonly names: Names } {
    let next = model;
    let nextNames = names;
    for (const ask of asks) {
      const answer = answerTo(next, ask, rules, app.clock.now());
      next = answer.model;
      const res = answers.get(ask);
      if (res === undefined) continue;
      assert.equal(res.status, answer.given === null ? 401 : 200);
      if (answer.given === null) continue;
      const { session, refresh: token } = handedOut(res);
      assert.equal(token === null, answer.given.refresh === null);
      if (session !== null) nextNames = named(nextNames, answer.given.session, tokenIn(session));
      if (token !== null) nextNames = named(nextNames, answer.given.refresh ?? '', token);
    }
    assert.deepEqual(viewOf(row, nextNames), viewOfModel(next));
    return { model: next, names: nextNames };
  }

  async function send(requests: readonly Request[], lost: readonly boolean[]): Promise<void> {
    const sent = requests.map((request) => {
      const held = pick(request.type === 'refresh' ? refreshTokens : sessions, request.nth);
      if (request.type === 'refresh') {
        return { ask: { type: 'refresh', refresh: held.name }, send: () => refresh(held.value) } as const;
      }
      const asked = { type: 'step-up', session: held.name, method: request.method } as const;
      return { ask: asked, send: () => stepUp(held.value, request.method) };
    });
    const answers = await Promise.all(sent.map(async (one) => [one.ask, await one.send()] as const));
    await app.auth.flush();
    const row = await store.sessions.get(id);
    // Two at once are as if one came after the other; and between them comes the use that a step-up is, too.
    const asks = sent.map((one) => one.ask);
    const uses = asks.flatMap((one) =>
      one.type === 'step-up' ? [{ type: 'use', session: one.session } as const] : [],
    );
    const orders = [asks, asks.toReversed(), [...uses, ...asks], [...uses, ...asks.toReversed()]];
    ({ model, names } = firstThatHolds(orders.map((order) => () => followed(order, new Map(answers), row))));
    if (row !== null) for (const [, res] of answers) await assertAlive(res);
    for (const [index, [, res]] of answers.entries()) if (lost[index] !== true) learn(res);
  }

  async function act(action: Action): Promise<void> {
    const now = app.clock.now();
    if (action.type === 'wait') {
      app.clock.set(now + action.ms);
    } else if (action.type === 'use') {
      const { name, value } = pick(sessions, action.nth);
      const { status, body } = await me(value);
      const methods = proved(model, name, rules, now);
      assert.equal(status, methods === null ? 401 : 200);
      if (methods !== null) assert.deepEqual(methodsOf(body.proofs), [...methods].sort());
      await app.auth.flush();
      const used = { type: 'use', session: name } as const;
      ({ model } = followed([used], new Map(), await store.sessions.get(id)));
    } else {
      await send(action.requests, action.lost);
    }
  }

  const { session, refresh: token } = handedOut(signedIn);
  names = named(names, model.session.name, tokenIn(session ?? ''));
  if (token !== null) names = named(names, model.refresh?.name ?? '', token);
  learn(signedIn);
  return async (action: Action): Promise<void> => {
    await act(action);
    const { sessions: live } = await app.auth.sessions.listForUser('ada');
    assert.equal(live.length, isOver(model, rules, app.clock.now()) ? 0 : 1);
  };
}

function firstThatHolds<T>(attempts: readonly (() => T)[]): T {
  const failures: unknown[] = [];
  for (const attempt of attempts) {
    try {
      return attempt();
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(failures, failures.join('\n'));
}

function methodsOf(proofs: readonly { readonly method: string }[]): readonly string[] {
  return proofs.map(({ method }) => method).sort();
}

const nth = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 3 }));
const GRACES = [0, 30_000, 60_000];
const OVERLAP = 10_000;

function actionsOf({ delivery, grace }: Rules): fc.Arbitrary<Action[]> {
  const method = fc.constantFrom('pin', 'badge');
  const stepUp = fc.record({ type: fc.constant('step-up' as const), nth, method });
  const refresh = fc.record({ type: fc.constant('refresh' as const), nth });
  const request = delivery === 'cookie' ? stepUp : fc.oneof(stepUp, refresh);
  const ends = [OVERLAP, SETTLING, grace].filter((end) => end > 0).flatMap((end) => [end - 1, end]);
  return fc.array(
    fc.oneof(
      fc.record({ type: fc.constant('wait' as const), ms: fc.constantFrom(1, ...ends, 300_000, LIFETIME / 2) }),
      fc.record({ type: fc.constant('use' as const), nth }),
      {
        weight: 2,
        arbitrary: fc.record({
          type: fc.constant('ask' as const),
          requests: fc.array(request, { minLength: 1, maxLength: 2 }),
          lost: fc.tuple(fc.boolean(), fc.boolean()),
        }),
      },
    ),
    { maxLength: 24, size: 'max' },
  );
}

const DELIVERIES: readonly Delivery[] = ['cookie', 'token-cookies', 'bearer'];

describe('the tokens of a session', () => {
  for (const delivery of DELIVERIES) {
    for (const grace of delivery === 'cookie' ? [0] : GRACES) {
      const rules: Rules = { delivery, grace, overlap: OVERLAP, lifetime: LIFETIME };
      const how = delivery === 'cookie' ? '' : ` and a grace period of ${grace / SECOND} s`;
      it(`follow the rules whatever is asked, waited for, lost and sent at once, with ${delivery}${how}`, async () => {
        await fc.assert(
          fc.asyncProperty(actionsOf(rules), async (sequence) => {
            const act = await client(rules);
            for (const action of sequence) await act(action);
          }),
          { numRuns: 25 },
        );
      });
    }
  }
});
