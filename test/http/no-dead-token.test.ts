// A page refreshes in one tab and steps up in another. Whichever the server does first, whichever answer is lost or comes
// last into the jar: the jar works, and nobody is called a thief.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import { type StepUpApp, stepUpApp, verify } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { Client, DELIVERIES, REFRESHED } from '../support/client.js';
import { forRules } from '../support/stores.js';

type Step = (client: Client) => Promise<Response>;

const stepUp: Step = (client) => verify(client, 'code', { code: 'code' });
const otherStepUp: Step = (client) => verify(client, 'badge', { code: 'badge' });
const refresh: Step = (client) => client.refresh();
const methods = [fakeKey(), fakeCode(), fakeCode('badge')];

/** Pairs of calls that one client makes, each by what it held before, and how they come to the server. */
const pairs: Readonly<Record<string, readonly [Step, Step]>> = {
  'a step-up and a refresh': [stepUp, refresh],
  'a refresh and a step-up': [refresh, stepUp],
  'step-ups by one method': [stepUp, stepUp],
  'step-ups by two methods': [stepUp, otherStepUp],
  'two refreshes': [refresh, refresh],
};
const ways: Readonly<
  Record<string, (one: () => Promise<Response>, other: () => Promise<Response>) => Promise<Response[]>>
> = {
  'one after the other': async (one, other) => [await one(), await other()],
  'at once': async (one, other) => Promise.all([one(), other()]),
};
/** Which answers come to the client, and in what order. */
const arrivals: Readonly<Record<string, readonly number[]>> = {
  'as they were sent': [0, 1],
  'the other way round': [1, 0],
  'the first only': [0],
  'the second only': [1],
  neither: [],
};
const ages = { 'young tokens': 0, 'tokens a minute old': 60_000 } as const;

/** That the client goes on with what it holds: now, when that was noted, and by the next refreshes and step-ups. */
async function assertGoesOn(app: StepUpApp, client: Client, rounds = 1): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    assert.equal(await client.isSignedIn(), true);
    await app.auth.flush();
    app.clock.advance('1m');
    assert.equal(await client.isSignedIn(), true);
    await app.auth.flush();
    app.clock.advance('8m');
    assert.equal(await client.isSignedIn(), true);
    if (client.delivery !== 'cookie') await client.refreshed();
    assert.equal(await client.isSignedIn(), true);
    assert.equal((await stepUp(client)).status, 200);
    assert.equal((await client.post('/code')).status, 200);
  }
  assert.deepEqual(app.told('session.refresh-reused', 'session.revoked'), []);
}

forRules((name, makeStore) => {
  for (const delivery of DELIVERIES) {
    describe(`no answer brings a dead token to a client with ${delivery}`, () => {
      for (const [what, steps] of Object.entries(pairs)) {
        if (delivery === 'cookie' && steps.includes(refresh)) continue;
        for (const [age, milliseconds] of Object.entries(ages)) {
          it(`that sends ${what} with ${age}, whatever comes last or not at all`, async () => {
            const app = stepUpApp({ methods, store: await makeStore() });
            for (const [way, send] of Object.entries(ways)) {
              for (const [arrival, order] of Object.entries(arrivals)) {
                // Nothing is left then: signed out, by two lost answers.
                if (delivery === 'cookie' && order.length === 0) continue;
                const client = await Client.signedIn(app, delivery);
                app.clock.set(app.clock.now() + milliseconds);
                const [one, other] = [client.copy(), client.copy()];
                const answers = await send(
                  () => steps[0](one),
                  () => steps[1](other),
                );
                const good = answers.filter(({ status }) => status === 200);
                // Of two step-ups at once one may come too late; everything else succeeds.
                const mayBeLate = what.startsWith('step-ups') && way === 'at once' && name !== 'memory';
                assert.ok(good.length === 2 || (good.length === 1 && mayBeLate), `${what}, ${arrival}`);
                for (const index of order) {
                  const answer = answers[index];
                  if (answer?.status === 200) client.receive(answer);
                }
                if (order.length === 0) await client.refreshed();
                await assertGoesOn(app, client, name === 'memory' ? 6 : 1);
              }
            }
          });
        }
      }
    });
  }

  for (const delivery of REFRESHED) {
    describe(`a client with ${delivery}`, () => {
      it('whose refresh was lost steps up, and refreshes again by the same token', async () => {
        const app = stepUpApp({ methods, store: await makeStore() });
        const client = await Client.signedIn(app, delivery);
        app.clock.advance('1m');
        await client.copy().refreshed();
        const steppedUp = client.copy();
        assert.equal((await stepUp(steppedUp)).status, 200);
        assert.equal((await steppedUp.post('/code')).status, 200);
        await client.refreshed();
        assert.equal((await client.post('/code')).body.reason, 'missing'); // the proof has gone with the refresh
        await assertGoesOn(app, client);
      });
    });
  }
});
