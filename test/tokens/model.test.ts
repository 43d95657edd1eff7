import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { pin, RIGHT_PIN } from '../support/pin.js';
import { type TokenAnswer, tokenApp } from './app.js';
import { readJwt } from './jwt.js';
import { GRACE, LIFETIME, type Model, OVERLAP, refresh, signIn, stepUp, tokenOf, use } from './model.js';

/** What a client does next. `nth` counts back from the newest token that it knows; a lost answer teaches it nothing. */
type Action =
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'use'; readonly nth: number }
  | { readonly type: 'refresh'; readonly nth: number; readonly lost: boolean }
  | { readonly type: 'step-up'; readonly nth: number; readonly lost: boolean };

const nth = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 3 }));
const lost = fc.boolean();
const ms = fc.constantFrom(1, OVERLAP - 1, OVERLAP, GRACE - 1, GRACE, 10 * GRACE, LIFETIME - GRACE);
const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('wait' as const), ms }),
    fc.record({ type: fc.constant('use' as const), nth }),
    fc.record({ type: fc.constant('refresh' as const), nth, lost }),
    fc.record({ type: fc.constant('step-up' as const), nth, lost }),
  ),
  { maxLength: 24, size: 'max' },
);

/** The tokens of the server under their names in the model: one token a name, one name a token. */
function named() {
  const tokens = new Map<string, string>();
  return (name: string, token: string): void => {
    assert.equal(tokens.get(name) ?? token, token, `${name} is another token than before`);
    if (tokens.has(name)) return;
    assert.ok(![...tokens.values()].includes(token), `${name} is a token that has another name`);
    tokens.set(name, token);
  };
}

async function client() {
  const app = tokenApp({
    methods: [pin],
    refreshGrace: GRACE / 1_000,
    tokenOverlap: OVERLAP / 1_000,
    absoluteLifetime: LIFETIME / 1_000,
    idleLifetime: LIFETIME / 1_000,
    accessTokenLifetime: LIFETIME / 1_000,
  });
  const first = await app.signIn();
  const model: Model = signIn(app.clock.now());
  const name = named();
  // What the client has seen, oldest first.
  const accessTokens = [{ name: tokenOf(0), accessToken: first.access_token }];
  const refreshTokens = [{ generation: 0, refreshToken: first.refresh_token }];
  const pick = <T>(known: readonly T[], back: number): T => known.at(-1 - (back % known.length)) as T; // it is in range

  function learn(answer: Partial<TokenAnswer>, names: { token: string; generation?: number }, isLost: boolean): void {
    const { access_token = '', refresh_token } = answer;
    name(names.token, readJwt(access_token).jti);
    if (!isLost) accessTokens.push({ name: names.token, accessToken: access_token });
    if (names.generation === undefined || refresh_token === undefined) {
      assert.equal(refresh_token, names.generation);
      return;
    }
    name(`refresh ${names.generation}`, refresh_token);
    if (!isLost) refreshTokens.push({ generation: names.generation, refreshToken: refresh_token });
  }

  learn(first, { token: tokenOf(0), generation: 0 }, true);

  async function act(action: Action): Promise<void> {
    const now = app.clock.now();
    switch (action.type) {
      case 'wait':
        app.clock.set(now + action.ms);
        return;
      case 'use': {
        const { name: token, accessToken } = pick(accessTokens, action.nth);
        const { status, body } = await app.me(accessToken);
        const proved = use(model, token, now);
        assert.equal(status, proved === null ? 401 : 200);
        if (proved !== null) assert.deepEqual(methodsOf(body.proofs), proved);
        return;
      }
      case 'refresh': {
        const { generation, refreshToken } = pick(refreshTokens, action.nth);
        const { status, body } = await app.refresh(refreshToken);
        const pair = refresh(model, generation, now);
        assert.equal(status, pair === null ? 401 : 200);
        if (pair !== null) learn(body, { token: pair.token, generation: pair.refresh }, action.lost);
        return;
      }
      case 'step-up': {
        const { name: token, accessToken } = pick(accessTokens, action.nth);
        const verify = app.http.post('/auth/step-up/verify').set('Authorization', `Bearer ${accessToken}`);
        const { status, body } = await verify.send({ method: 'pin', response: RIGHT_PIN });
        const given = stepUp(model, token, now);
        assert.equal(status, given === null ? 401 : 200);
        if (given !== null) learn(body, { token: given }, action.lost);
      }
    }
  }

  return async (action: Action): Promise<void> => {
    await act(action);
    await app.auth.flush();
    const { sessions: live } = await app.auth.sessions.listForUser('ada');
    assert.equal(live.length, model.ended || app.clock.now() >= model.signedInAt + LIFETIME ? 0 : 1);
  };
}

function methodsOf(proofs: readonly { readonly method: string }[]): readonly string[] {
  return proofs.map(({ method }) => method).sort((a, b) => a.localeCompare(b));
}

describe('the tokens of a session', () => {
  it('follow the rules through any sequence of uses, refreshes, step-ups, waits and lost answers', async () => {
    await fc.assert(
      fc.asyncProperty(actions, async (sequence) => {
        const act = await client();
        for (const action of sequence) await act(action);
      }),
      { numRuns: 100 },
    );
  });
});
