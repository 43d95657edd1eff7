// Taking away a lost authenticator is the emergency: whoever has it must not go on with what it proved, nor add one of their own by that.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Delivery } from '../../lib/stores/contract/sessions.js';
import type { Store } from '../../lib/stores/contract/store.js';
import { actionApp, answer, approve, ask, assertNotApproved, TRANSFER } from '../actions/app.js';
import { type StepUpApp, stepUp, verify } from '../step-up/app.js';
import { fakeKey } from '../step-up/fake-methods.js';
import { faultyParts } from '../step-up/faulty-parts.js';
import { assertRefused } from '../support/answers.js';
import { Client, DELIVERIES } from '../support/client.js';
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
import { forRules } from '../support/stores.js';
import { totpCode } from '../support/totp.js';

type Removed = 'passkey' | 'totp';

interface Scene {
  readonly app: StepUpApp;
  /** Where the user takes the method away. */
  readonly phone: Client;
  /** What the thief holds. */
  readonly laptop: Client;
  readonly ceremonies: Readonly<Record<Removed, Ceremony>>;
  /** The other passkey, which stays. */
  readonly other: Ceremony | null;
  readonly lostKey: string;
}

async function scene(
  store: Store,
  delivery: Delivery,
  { withAnother = false, userId = 'ada', app = methodApp({ store }) } = {},
): Promise<Scene> {
  const phone = await Client.signedIn(app, delivery, { userId, method: 'code' });
  const laptop = await Client.signedIn(app, delivery, { userId, method: 'code' });
  const key = await addPasskey(phone);
  const [{ id: lostKey }] = (await phone.get('/auth/passkeys')).body.passkeys;
  await app.auth.methods.import(userId, 'totp', { secret: TOTP_SECRET });
  app.clock.advance('6m'); // so that the sign-in proves nothing any more
  assertPassed(await prove(phone, 'passkey', byPasskey(key)));
  const other = withAnother ? byPasskey(await addPasskey(phone)) : null;
  app.clock.advance('1s');
  if (other !== null) assertPassed(await prove(phone, 'passkey', other));
  return { app, phone, laptop, ceremonies: { passkey: byPasskey(key), totp: byTotp(app) }, other, lostKey };
}

function assertPassed({ status, text }: { readonly status: number; readonly text: string }): void {
  assert.equal(status, 200, text);
}

const removals: Readonly<Record<string, (scene: Scene, method: Removed) => Promise<unknown>>> = {
  'by the user': async ({ phone, lostKey }, method) => {
    const path = method === 'totp' ? '/auth/totp' : `/auth/passkeys/${lostKey}`;
    assert.equal((await phone.delete(path)).status, 204);
  },
  'by the helpdesk': async ({ app: { auth } }, method) => auth.methods.remove('ada', method),
  'by the helpdesk, one credential': async ({ app: { auth }, lostKey }, method) =>
    auth.methods.remove('ada', method, ...(method === 'totp' ? [] : [lostKey])),
};

function confirm({ clock }: StepUpApp, phone: Client, secret: string): ReturnType<Client['post']> {
  return phone.post('/auth/totp/confirm', { body: { code: totpCode(secret, clock.now()) } });
}

/** That nothing is open to the client that was open by this method. */
async function assertTakenAway({ laptop }: Pick<Scene, 'laptop'>, method: Removed): Promise<void> {
  assert.notEqual((await laptop.post(`/${method}`)).status, 200);
  const { path, ...sent } = payment(method);
  assert.notEqual((await laptop.post(path, sent)).status, 200);
  assert.notEqual((await laptop.post('/auth/passkeys/options')).status, 200);
  assert.notEqual((await laptop.post('/auth/totp')).status, 201);
  const { methods } = (await laptop.get('/auth/step-up')).body;
  const shown = methods.find((one: { readonly method: string }) => one.method === method);
  assert.equal(shown.verifiedAt, null);
}

forRules((_name, makeStore) => {
  for (const delivery of DELIVERIES) {
    for (const [how, remove] of Object.entries(removals)) {
      for (const method of ['passkey', 'totp'] as const) {
        for (const withAnother of method === 'totp' || how === 'by the helpdesk' ? [false] : [false, true]) {
          const left = withAnother ? ', while another is left' : '';
          it(`a ${method} taken away ${how}${left}: what it proved is gone, with ${delivery}`, async () => {
            const made = await scene(await makeStore(), delivery, { withAnother });
            const { app, laptop, ceremonies, other } = made;
            const { challenge } = (await laptop.post(payment(method).path, { body: { to: 'eve' } })).body;
            assertPassed(await prove(laptop, method, ceremonies[method]));
            app.clock.advance('1m'); // a TOTP code is good once
            assertPassed(await approvePayment(laptop, method, ceremonies[method]));
            app.clock.advance('1m');
            assertPassed(await laptop.post(`/${method}`));
            app.passed.length = 0;
            await remove(made, method);

            await assertTakenAway(made, method);
            const pending = ceremonies[method](challenge.methods[method].options);
            assertRefused(await verify(laptop, method, pending, challenge.id), 403, 'step_up_failed');
            assert.deepEqual(app.passed, []);
            assert.equal(await laptop.isSignedIn(), true);
            if (other === null) return;
            assertPassed(await prove(laptop, 'passkey', other));
            assertPassed(await laptop.post('/passkey'));
          });
        }
      }
    }
  }

  describe('what stays, when a user’s passkeys are taken away', () => {
    it('is what was proved and approved by other methods, and all of other users', async () => {
      const made = await scene(await makeStore(), 'cookie');
      const { app, laptop, ceremonies } = made;
      const bea = await scene(app.store, 'cookie', { userId: 'bea', app });
      assertPassed(await prove(bea.laptop, 'passkey', bea.ceremonies.passkey));
      assertPassed(await prove(laptop, 'totp', ceremonies.totp));
      app.clock.advance('1m');
      assertPassed(await approvePayment(laptop, 'totp', ceremonies.totp));
      await app.auth.methods.remove('ada', 'passkey');
      assertPassed(await laptop.post('/totp'));
      assertPassed(await laptop.post('/pay-by-totp', payment('totp')));
      assertPassed(await bea.laptop.post('/passkey'));
    });
  });

  describe('a TOTP that the user replaces', () => {
    /** Begins the next one, which `confirm` then puts in the place of the old one. */
    async function beginNext(phone: Client): Promise<string> {
      const begun = await phone.post('/auth/totp');
      assert.equal(begun.status, 201);
      return begun.body.secret;
    }

    it('is a removal of the one before: what it proved is gone', async () => {
      const made = await scene(await makeStore(), 'cookie');
      const { app, phone, laptop, ceremonies } = made;
      const { challenge } = (await laptop.post(payment('totp').path, { body: { to: 'eve' } })).body;
      const next = await beginNext(phone);
      assertPassed(await prove(laptop, 'totp', ceremonies.totp));
      app.clock.advance('1m');
      assertPassed(await approvePayment(laptop, 'totp', ceremonies.totp));
      app.clock.advance('1m');
      const pending = ceremonies.totp(challenge.methods.totp.options);
      assert.equal((await confirm(app, phone, next)).status, 204);
      await assertTakenAway(made, 'totp');
      assertRefused(await verify(laptop, 'totp', pending, challenge.id), 403, 'step_up_failed');
    });

    const ways = { proof: prove, approval: approvePayment } as const;
    for (const [what, give] of Object.entries(ways)) {
      it(`leaves no ${what} of an answer that is being verified, at whichever step`, async () => {
        const store = faultyParts(await makeStore());
        const app = methodApp({ store });
        for (let step = 1, reached = true; reached; step += 1) {
          for (const isBefore of [true, false]) {
            const made = await scene(store, 'cookie', { userId: `user-${step}-${isBefore}`, app });
            const next = await beginNext(made.phone);
            const replace = async (): Promise<void> => assert.equal((await confirm(app, made.phone, next)).status, 204);
            let wasReached = (): boolean => false;
            await give(made.laptop, 'totp', (options) => {
              wasReached = store.at(step, async (run) => {
                if (isBefore) await replace();
                const given = await run();
                if (!isBefore) await replace();
                return given;
              });
              return made.ceremonies.totp(options);
            });
            reached = wasReached();
            if (!reached) {
              store.mend();
              await replace();
            }
            await assertTakenAway(made, 'totp');
          }
          assert.ok(step < 50);
        }
        assert.deepEqual(app.passed, []);
      });
    }
  });

  describe('a TOTP that the helpdesk replaces', () => {
    it('is a removal of the one before', async () => {
      const made = await scene(await makeStore(), 'cookie');
      const { app, laptop, ceremonies } = made;
      assertPassed(await prove(laptop, 'totp', ceremonies.totp));
      app.clock.advance('1m');
      assertPassed(await approvePayment(laptop, 'totp', ceremonies.totp));
      await app.auth.methods.import('ada', 'totp', { secret: 'KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU' });
      await assertTakenAway(made, 'totp');
    });
  });

  describe('a method of the app’s own that is removed', () => {
    it('opens nothing in any of the user’s sessions: no guard, no enrolment, no approval, no challenge', async () => {
      const app = actionApp({
        store: await makeStore(),
        routes: (auth) => ({ '/enrol': [auth.requireEnrolmentProof] }),
      });
      const [laptop, phone] = [await app.signIn(), await app.signIn()];
      for (const browser of [laptop, phone]) await stepUp(browser, app.key);
      await approve(laptop, TRANSFER, app.key);
      const open = await ask(laptop, { path: '/once' });
      for (const path of ['/key', '/enrol']) assert.equal((await laptop.post(path)).status, 200);
      app.key.users.delete('ada');
      await app.auth.methods.remove('ada', 'key');
      for (const browser of [laptop, phone]) {
        for (const path of ['/key', '/enrol', '/once']) assert.notEqual((await browser.post(path)).status, 200, path);
      }
      const passed = app.passed.length;
      app.key.users.add('ada'); // another key, in the thief's hands: it must be proved by itself
      await assertNotApproved(laptop, TRANSFER);
      for (const path of ['/key', '/enrol']) assert.equal((await laptop.post(path)).status, 401, path);
      assertRefused(await answer(laptop, open, app.key), 403, 'step_up_failed');
      assert.equal(app.passed.length, passed);
    });
  });

  describe('a method that is taken away while its answer is verified', () => {
    const ways = { proof: prove, approval: approvePayment } as const;
    for (const [what, byWay] of Object.entries(ways)) {
      for (const method of ['passkey', 'totp'] as const) {
        it(`leaves no ${what} by ${method}, whichever step the removal comes before or after`, async () => {
          const store = faultyParts(await makeStore());
          const app = methodApp({ store });
          for (let step = 1, reached = true; reached; step += 1) {
            for (const isBefore of [true, false]) {
              const userId = `user-${step}-${isBefore}`;
              const made = await scene(store, 'cookie', { userId, app });
              const removal = (): Promise<boolean> => app.auth.methods.remove(userId, method);
              let wasReached = (): boolean => false;
              await byWay(made.laptop, method, (options) => {
                wasReached = store.at(step, async (run) => {
                  if (isBefore) await removal();
                  const given = await run();
                  if (!isBefore) await removal();
                  return given;
                });
                return made.ceremonies[method](options);
              });
              reached = wasReached();
              if (!reached) await removal();
              await assertTakenAway(made, method);
            }
            assert.ok(step < 50);
          }
          assert.deepEqual(app.passed, []);
        });
      }
    }
  });
});

describe('a method that the app takes away by itself', () => {
  it('opens nothing from then on, whatever was proved with it before', async () => {
    const app = actionApp();
    const browser = await app.signIn('ada', { method: 'key' });
    await stepUp(browser, app.key);
    await approve(browser, TRANSFER, app.key);
    app.key.users.delete('ada');
    for (const request of [{ path: '/key' }, TRANSFER]) {
      const { path, ...sent } = request;
      assert.equal((await browser.post(path, sent)).body.code, 'step_up_unavailable');
    }
    assert.deepEqual(app.passed, []);
  });

  it('can’t be passed any more, and an answer to it isn’t even looked at or counted', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    app.code.users.delete('ada');
    for (let count = 0; count < 6; count += 1) {
      const body = { method: 'code', response: fakeKey('code').right({ sign: 'x' }) };
      assertRefused(await browser.post('/auth/step-up/verify', { body }), 403, 'step_up_failed');
    }
    assert.deepEqual(app.code.asked, []);
    const reasons = app.told('step-up.failed').map((event) => 'reason' in event && event.reason);
    assert.deepEqual(reasons, Array(6).fill('unknown-credential'));
    app.code.users.add('ada');
    await stepUp(browser, app.code);
  });
});
