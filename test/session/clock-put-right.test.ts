import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Delivery } from '../../lib/stores/contract/sessions.js';
import type { Store } from '../../lib/stores/contract/store.js';
import { type ManualClock, manualClock } from '../../lib/testing/manual-clock.js';
import { begin, type StepUpApp, verify } from '../step-up/app.js';
import { handle } from '../support/app.js';
import { Client, DELIVERIES, REFRESHED } from '../support/client.js';
import {
  addPasskey,
  approvePayment,
  byPasskey,
  byTotp,
  type Ceremony,
  methodApp,
  payment,
  prove,
  TOTP_SECRET,
} from '../support/method-app.js';
import { forRules, shared } from '../support/stores.js';

const MINUTE = 60_000;
const DAY = 86_400_000;
const durations = { 'a minute': MINUTE, 'a day': DAY, 'a year': 365 * DAY } as const;

const byCode: Ceremony = () => ({ code: 'code' });
const WRONG: Ceremony = () => ({ code: 'wrong' });

interface ClockApp extends StepUpApp {
  /** Does something while the clock is ahead, and puts it right. */
  whileAhead<T>(work: () => Promise<T>): Promise<T>;
}

/** So that a session is still live on a clock that is a year ahead. */
const LONG = { idleLifetime: '800d', absoluteLifetime: '900d' } as const;

function clockApp(
  store: Store,
  by: number,
  { clock = manualClock(), ...lifetimes }: object & { clock?: ManualClock } = LONG,
): ClockApp {
  const app = methodApp({
    store,
    clock,
    ...lifetimes,
    routes: (auth) => ({ '/password': [handle(async (req, res) => (await auth.credentialsChanged(req, res)).body)] }),
  });
  return {
    ...app,
    async whileAhead(work) {
      clock.set(clock.now() + by);
      const answer = await work();
      await app.auth.flush();
      clock.set(clock.now() - by);
      return answer;
    },
  };
}

function signedIn(app: StepUpApp, delivery: Delivery, options: object = {}): Promise<Client> {
  return Client.signedIn(app, delivery, { method: 'code', ...options });
}

function assertPassed({ status, text }: { readonly status: number; readonly text: string }): void {
  assert.equal(status, 200, text);
}

/** Signs in again where a client of the delivery would: one with a refresh token refreshes. */
async function goOn(client: Client): Promise<void> {
  if (!(await client.isSignedIn())) await client.refreshed();
  assert.equal(await client.isSignedIn(), true);
}

/** That a step-up, its guard, an approval and its guard work at once, and the client stays signed in. */
async function assertWorks(app: StepUpApp, client: Client): Promise<void> {
  await goOn(client);
  assertPassed(await prove(client, 'code', byCode));
  assertPassed(await client.post('/code'));
  const { path, ...sent } = payment('code');
  if ((await client.post(path, sent)).status !== 200) assertPassed(await approvePayment(client, 'code', byCode));
  await app.auth.flush();
  await goOn(client);
  assert.deepEqual(app.told('session.refresh-reused', 'dependency.failed'), []);
  assert.deepEqual(app.errors, []);
}

forRules((_name, makeStore) => {
  for (const [how, by] of Object.entries(durations)) {
    describe(`once a clock that was ${how} ahead is put right`, () => {
      it('a sign-in works at once, though all sessions were ended while it was ahead', async () => {
        const app = clockApp(await makeStore(), by);
        const before = await signedIn(app, 'cookie');
        await app.whileAhead(() => app.auth.sessions.revokeAllForUser('ada'));
        assert.equal(await before.isSignedIn(), false);
        const startedAt = app.clock.now() - 1;
        const early = await before.post('/login', { body: { method: 'code', startedAt } });
        assert.equal(early.body.code, 'sign_in_refused'); // it may have begun before they were ended
        await assertWorks(app, await signedIn(app, 'cookie'));
        await app.auth.sessions.revokeAllForUser('ada');
        app.clock.advance('1s');
        await assertWorks(app, await signedIn(app, 'cookie'));
      });

      for (const delivery of DELIVERIES) {
        it(`all works at once, with ${delivery}: sign-in, credentials, step-up, guard, approval`, async () => {
          const app = clockApp(await makeStore(), by);
          const old = await signedIn(app, delivery, { method: 'password' });
          assertPassed(await prove(old, 'code', byCode));
          const [made, changed] = await app.whileAhead(async () => {
            await goOn(old);
            assertPassed(await prove(old, 'code', byCode));
            assertPassed(await approvePayment(old, 'code', byCode));
            const bea = await signedIn(app, delivery, { userId: 'bea' });
            assertPassed(await prove(bea, 'code', byCode));
            const carl = await signedIn(app, delivery, { userId: 'carl' });
            assertPassed(await carl.post('/password'));
            return [bea, carl];
          });
          // What was proved then is believed by nobody.
          for (const client of [old, made, changed]) {
            await goOn(client);
            assert.equal((await client.post('/code')).body.reason, 'missing');
          }
          for (const client of [old, made, changed]) await assertWorks(app, client);
          for (const userId of ['ada', 'bea', 'carl']) {
            const anew = await signedIn(app, delivery, { userId });
            assertPassed(await anew.post('/code')); // by the proof of the sign-in
            await assertWorks(app, anew);
          }
        });
      }

      for (const delivery of REFRESHED) {
        it(`a refresh works at once, with ${delivery}, of whatever was refreshed or lost meanwhile`, async () => {
          const app = clockApp(await makeStore(), by);
          const [used, unused, lost] = [
            await signedIn(app, delivery),
            await signedIn(app, delivery),
            await signedIn(app, delivery),
          ];
          app.clock.advance('1m');
          const made = await app.whileAhead(async () => {
            for (const client of [used, unused]) await client.refreshed();
            await lost.copy().refreshed();
            assert.equal(await used.isSignedIn(), true);
            return signedIn(app, delivery);
          });
          for (const client of [used, unused, lost, made]) {
            await client.refreshed();
            await assertWorks(app, client);
            app.clock.advance('1m');
            await client.refreshed();
            await client.refreshed();
            await assertWorks(app, client);
          }
        });
      }

      it('a lock ends by the clock that is right, and unlock unlocks', async () => {
        const app = clockApp(await makeStore(), by);
        const [locked, other] = [await signedIn(app, 'cookie'), await signedIn(app, 'cookie', { userId: 'bea' })];
        await app.whileAhead(async () => {
          for (const userId of ['ada', 'ada', 'ada', 'ada', 'bea', 'bea', 'bea', 'bea']) {
            const client = await signedIn(app, 'cookie', { userId, method: 'password' });
            for (let count = 0; count < 5; count += 1) await prove(client, 'code', WRONG);
          }
        });
        // Nobody can count on the minute: an end is believed up to twice the lifetime of a lock.
        app.clock.set(app.clock.now() + (by === MINUTE ? 16 * MINUTE : 0));
        assertPassed(await prove(locked, 'code', byCode));
        await app.auth.methods.unlock('bea', 'code');
        assertPassed(await prove(other, 'code', byCode));
      });

      it('unlock unlocks at once', async () => {
        const app = clockApp(await makeStore(), by);
        const ada = await signedIn(app, 'cookie', { method: 'password' });
        await app.whileAhead(async () => {
          for (let session = 0; session < 4; session += 1) {
            const client = await signedIn(app, 'cookie', { method: 'password' });
            for (let count = 0; count < 5; count += 1) await prove(client, 'code', WRONG);
          }
          assert.equal((await prove(ada, 'code', byCode)).status, 429);
        });
        await app.auth.methods.unlock('ada', 'code');
        assertPassed(await prove(ada, 'code', byCode));
      });

      it('TOTP and passkeys that were set up and used meanwhile work at once', async () => {
        const app = clockApp(await makeStore(), by);
        const ada = await signedIn(app, 'cookie');
        const key = await app.whileAhead(async () => {
          const added = await addPasskey(await signedIn(app, 'cookie'));
          await app.auth.methods.import('ada', 'totp', { secret: TOTP_SECRET });
          app.clock.advance('1s');
          // A minute is what the phone that shows the code isn't ahead with the server.
          if (by !== MINUTE) assertPassed(await prove(ada, 'totp', byTotp(app)));
          return added;
        });
        assertPassed(await prove(ada, 'passkey', byPasskey(key)));
        assertPassed(await ada.post('/passkey'));
        assertPassed(await approvePayment(ada, 'passkey', byPasskey(key)));
        assertPassed(await prove(ada, 'totp', byTotp(app)));
        assertPassed(await ada.post('/totp'));
        assert.equal((await prove(ada, 'totp', byTotp(app))).status, 403); // no code is good twice
        assert.equal((await ada.post('/auth/passkeys/options')).status, 200);
      });

      it('challenges and grants that were made meanwhile end in time', async () => {
        const app = clockApp(await makeStore(), by);
        const ada = await signedIn(app, 'cookie');
        const { path, ...sent } = payment('code');
        const pending = await app.whileAhead(async () => {
          assertPassed(await approvePayment(ada, 'code', byCode));
          return [await begin(ada, 'code'), await begin(ada, 'code')] as const;
        });
        const isFar = by !== MINUTE;
        if (isFar) {
          assert.equal((await verify(ada, 'code', byCode(null), pending[0].challengeId)).status, 403);
          assert.equal((await ada.post(path, sent)).body.reason, 'missing');
        }
        app.clock.set(app.clock.now() + 5 * MINUTE + MINUTE);
        assert.equal((await verify(ada, 'code', byCode(null), pending[1].challengeId)).status, 403);
        assert.equal((await ada.post(path, sent)).body.reason, 'missing');
        await assertWorks(app, ada);
      });

      it('sessions of that time live for a lifetime of the clock that is right, and no longer', async () => {
        const app = clockApp(await makeStore(), by, {});
        const seen = await signedIn(app, 'cookie');
        const [active, idle] = await app.whileAhead(async () => {
          const made = [await signedIn(app, 'cookie'), await signedIn(app, 'cookie')] as const;
          await seen.isSignedIn();
          return made;
        });
        const right = app.clock.now();
        for (const client of [active, idle, seen]) assert.equal(await client.isSignedIn(), true);
        await app.auth.flush();
        for (let day = 1; day < 30; day += 1) {
          app.clock.set(right + day * DAY);
          assert.equal(await active.isSignedIn(), true, `day ${day}`);
          await app.auth.flush();
          if (day !== 8) continue;
          for (const client of [idle, seen]) assert.equal(await client.isSignedIn(), false);
        }
        app.clock.set(right + 30 * DAY + 10 * MINUTE);
        assert.equal(await active.isSignedIn(), false);
        assert.deepEqual((await app.auth.sessions.listForUser('ada')).sessions, []);
      });
    });
  }

  describe('two machines a minute apart', () => {
    /** The same app on both; what comes first is behind. */
    async function machines(): Promise<readonly [ClockApp, ClockApp]> {
      const store = await makeStore();
      const behind = clockApp(store, 0);
      return [behind, clockApp(shared(store), 0, { clock: manualClock(behind.clock.now() + MINUTE) })];
    }

    for (const delivery of DELIVERIES) {
      for (const order of ['behind', 'ahead'] as const) {
        it(`sign in, step up, guard and refresh to and fro, ${order} first, with ${delivery}`, async () => {
          const both = await machines();
          const [first, second] = order === 'behind' ? both : [both[1], both[0]];
          let client = await signedIn(first, delivery);
          for (let round = 0; round < 6; round += 1) {
            for (const app of [second, first]) {
              client = client.copy(app);
              await assertWorks(app, client);
              if (delivery !== 'cookie') await client.refreshed();
              await assertWorks(app, client);
              for (const { clock } of both) clock.advance('20s');
            }
          }
          for (const { told } of both) assert.deepEqual(told('session.revoked', 'session.refused'), []);
        });
      }
    }

    it('end all sessions on one, and sign in on the other', async () => {
      const both = await machines();
      for (const app of both) {
        for (const other of both) {
          await app.auth.sessions.revokeAllForUser('ada');
          for (const { clock } of both) clock.advance('1s');
          await assertWorks(other, await signedIn(other, 'cookie'));
        }
      }
    });

    it('lock, unlock and set up methods for each other', async () => {
      const both = await machines();
      for (const [index, app] of both.entries()) {
        const other = both[1 - index] ?? app;
        const userId = `user-${index}`;
        const client = await signedIn(app, 'cookie', { userId, method: 'password' });
        for (let session = 0; session < 4; session += 1) {
          const guessing = await signedIn(app, 'cookie', { userId, method: 'password' });
          for (let count = 0; count < 5; count += 1) await prove(guessing, 'code', WRONG);
        }
        assert.equal((await prove(client.copy(other), 'code', byCode)).status, 429);
        await other.auth.methods.unlock(userId, 'code');
        assertPassed(await prove(client, 'code', byCode));
        const key = await addPasskey(await signedIn(app, 'cookie', { userId }));
        app.clock.advance('1s');
        other.clock.advance('1s');
        const elsewhere = (await signedIn(other, 'cookie', { userId })).copy(other);
        assertPassed(await prove(elsewhere, 'passkey', byPasskey(key)));
        assertPassed(await elsewhere.post('/passkey'));
      }
    });
  });
});
