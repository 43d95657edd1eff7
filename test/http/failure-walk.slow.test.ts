import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import type { Delivery } from '../../lib/stores/contract/sessions.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { type SoftwareAuthenticator, softwareAuthenticator } from '../../lib/testing/index.js';
import { begin, type StepUpApp, verify } from '../step-up/app.js';
import { type FaultyParts, faultyParts } from '../step-up/faulty-parts.js';
import { handle } from '../support/app.js';
import { Client, DELIVERIES } from '../support/client.js';
import { faults, HANGING, type Walked, walkFailures } from '../support/failure-walk.js';
import { ORIGIN } from '../support/instance.js';
import {
  addPasskey,
  approvePayment,
  byPasskey,
  byTotp,
  type Ceremony,
  type MethodName,
  methodApp,
  payment,
  prove,
  TOTP_SECRET,
} from '../support/method-app.js';
import { totpCode } from '../support/totp.js';

interface WalkApp extends StepUpApp {
  readonly store: FaultyParts;
}

function walkApp(): WalkApp {
  const store = faultyParts(memoryStore());
  const app = methodApp({
    store,
    storeTimeout: HANGING / 1_000,
    routes: (auth) => ({ '/password': [handle(async (req, res) => (await auth.credentialsChanged(req, res)).body)] }),
  });
  return { ...app, store };
}

interface Scene {
  readonly app: WalkApp;
  readonly delivery: Delivery;
  readonly userId: string;
  readonly client: Client;
  /** Whether the failing call is done all the same. */
  readonly isLost: boolean;
  /** Whether the client holds the previous token only. */
  readonly isByPrevious?: boolean;
}

interface SceneWithMethods extends Scene {
  /** Another session of the user, which has proved and approved by both methods. */
  readonly laptop: Client;
  readonly key: SoftwareAuthenticator;
  readonly other: SoftwareAuthenticator;
  readonly id: string;
}

const byCode: Ceremony = () => ({ code: 'code' });

function assertPassed({ status, text }: { readonly status: number; readonly text: string }): void {
  assert.equal(status, 200, text);
}

/** That the client is signed in, still or again, by what it holds, and nobody was called a thief. */
async function assertSignedIn({ app, client }: Scene): Promise<void> {
  if (!(await client.isSignedIn()) && client.delivery !== 'cookie') await client.refreshed();
  assert.equal(await client.isSignedIn(), true);
  assert.deepEqual(app.told('session.refresh-reused'), []);
}

async function pay(client: Client, method: MethodName = 'code'): Promise<Response> {
  const { path, ...sent } = payment(method);
  return client.post(path, sent);
}

/** A user with two passkeys and TOTP; the client has proved the second passkey just now. */
async function withMethods(scene: Scene): Promise<SceneWithMethods> {
  const { app, client, userId, delivery } = scene;
  assertPassed(await prove(client, 'code', byCode));
  const key = await addPasskey(client);
  const [{ id }] = (await client.get('/auth/passkeys')).body.passkeys;
  await app.auth.methods.import(userId, 'totp', { secret: TOTP_SECRET });
  app.clock.advance('6m');
  assertPassed(await prove(client, 'passkey', byPasskey(key)));
  const other = await addPasskey(client);
  app.clock.advance('1m');
  const laptop = await Client.signedIn(app, delivery, { userId, method: 'password' });
  for (const [method, ceremony] of [
    ['passkey', byPasskey(key)],
    ['totp', byTotp(app)],
  ] as const) {
    assertPassed(await prove(laptop, method, ceremony));
    app.clock.advance('30s');
    assertPassed(await approvePayment(laptop, method, ceremony));
  }
  assertPassed(await prove(client, 'passkey', byPasskey(other)));
  return { ...scene, laptop, key, other, id };
}

async function assertRemoved({ laptop }: SceneWithMethods, method: MethodName): Promise<void> {
  assert.notEqual((await laptop.post(`/${method}`)).status, 200);
  assert.notEqual((await pay(laptop, method)).status, 200);
  assert.equal(await laptop.isSignedIn(), true);
}

/**
 * Whether the client may be signed out: its token is the previous one, the step-up by it was recorded, and no answer came.
 * It has lost two answers then, and has no refresh token.
 */
function isGivenUp({ isLost, isByPrevious, delivery }: Scene, failed: boolean): boolean {
  return failed && isLost && isByPrevious === true && delivery === 'cookie';
}

/** A step-up that failed has proved nothing to who got no answer, and the next one works. */
async function steppingUp(scene: Scene, method: MethodName, ceremony: Ceremony): Promise<Walked> {
  const { app, client } = scene;
  const { challengeId, options } = await begin(client, method);
  return {
    run: () => verify(client, method, ceremony(options), challengeId),
    async check(failed) {
      if (isGivenUp(scene, failed) && !(await client.isSignedIn())) return;
      await assertSignedIn(scene);
      assert.equal((await client.post(`/${method}`)).status, failed ? 401 : 200);
      app.clock.advance('1m');
      assertPassed(await prove(client, method, ceremony));
      assertPassed(await client.post(`/${method}`));
    },
  };
}

async function approving(scene: Scene, method: MethodName = 'code', ceremony: Ceremony = byCode): Promise<Walked> {
  const { app, client, isLost, isByPrevious } = scene;
  const { challenge } = (await pay(client, method)).body;
  return {
    run: () => verify(client, method, ceremony(challenge.methods[method].options), challenge.id),
    renews: isByPrevious === true,
    async check(failed) {
      app.passed.length = 0;
      if (isGivenUp(scene, failed) && !(await client.isSignedIn())) return;
      await assertSignedIn(scene);
      const { status } = await pay(client, method);
      // An approval that was made is there, though nobody has told of it.
      assert.ok(status === (failed ? 401 : 200) || (isLost && status === 200));
      app.clock.advance('1m');
      assertPassed(await approvePayment(client, method, ceremony));
      assertPassed(await pay(client, method));
      assert.equal((await pay(client, method)).body.reason, 'spent');
      assert.equal(app.passed.length, status === 200 ? 2 : 1);
    },
  };
}

async function spending(scene: Scene, method: MethodName = 'code', ceremony: Ceremony = byCode): Promise<Walked> {
  const { app, client, isLost } = scene;
  assertPassed(await approvePayment(client, method, ceremony));
  app.passed.length = 0;
  return {
    run: () => pay(client, method),
    async check(failed) {
      await assertSignedIn(scene);
      assert.equal(app.passed.length, failed ? 0 : 1);
      const again = await pay(client, method);
      if (failed && !isLost) assertPassed(again);
      else if (again.status !== 200) assert.equal(again.body.reason, 'spent');
      assert.ok(app.passed.length <= 1);
      assertPassed(await approvePayment(client, method, ceremony));
      assertPassed(await pay(client, method));
    },
  };
}

const operations: Readonly<Record<string, (scene: Scene) => Walked | Promise<Walked>>> = {
  'a sign-in': (scene) => {
    const { app, delivery, userId } = scene;
    const stranger = new Client(app.app, delivery);
    const run = (): Promise<Response> => stranger.post('/login', { body: { delivery, userId, method: 'code' } });
    return {
      run,
      async check(failed) {
        await assertSignedIn(scene);
        assert.equal(await stranger.isSignedIn(), !failed);
        assertPassed(await run());
        assert.equal(await stranger.isSignedIn(), true);
      },
    };
  },
  'a sign-in on top of another': (scene) => {
    const { client, delivery, userId, isLost } = scene;
    const run = (): Promise<Response> => client.post('/login', { body: { delivery, userId, method: 'code' } });
    return {
      run,
      async check() {
        if (!isLost) await assertSignedIn(scene); // its answer is the only one with the new token
        assertPassed(await run());
        await assertSignedIn(scene);
      },
    };
  },
  'a log-out': (scene) => {
    const { client } = scene;
    const before = client.copy();
    return {
      run: () => client.post('/auth/logout'),
      async check() {
        assert.equal((await client.post('/auth/logout')).status, 204);
        assert.equal(await before.isSignedIn(), false);
      },
    };
  },
  'asking for a challenge': (scene) => {
    const { client } = scene;
    return {
      run: () => client.post('/auth/step-up/options', { body: { method: 'code' } }),
      async check() {
        await assertSignedIn(scene);
        assertPassed(await prove(client, 'code', byCode));
      },
    };
  },
  'a step-up': (scene) => steppingUp(scene, 'code', byCode),
  'a step-up by the previous token': async (scene) => {
    assertPassed(await prove(scene.client.copy(), 'code', byCode));
    return steppingUp({ ...scene, isByPrevious: true }, 'code', byCode);
  },
  'a step-up by a passkey': async (scene) => {
    assertPassed(await prove(scene.client, 'code', byCode));
    const key = await addPasskey(scene.client);
    scene.app.clock.advance('1m');
    return steppingUp(scene, 'passkey', byPasskey(key));
  },
  'a step-up by TOTP': async (scene) => {
    await scene.app.auth.methods.import(scene.userId, 'totp', { secret: TOTP_SECRET });
    scene.app.clock.advance('1m');
    return steppingUp(scene, 'totp', byTotp(scene.app));
  },
  'an approval': (scene) => approving(scene),
  'an approval by a passkey': async (scene) => {
    assertPassed(await prove(scene.client, 'code', byCode));
    const key = await addPasskey(scene.client);
    scene.app.clock.advance('1m');
    return approving(scene, 'passkey', byPasskey(key));
  },
  'an approval by the previous token': async (scene) => {
    assertPassed(await prove(scene.client.copy(), 'code', byCode));
    return approving({ ...scene, isByPrevious: true });
  },
  'the spending of an approval': (scene) => spending(scene),
  'the spending of an approval by a passkey': async (scene) => {
    assertPassed(await prove(scene.client, 'code', byCode));
    const key = await addPasskey(scene.client);
    scene.app.clock.advance('1m');
    return spending(scene, 'passkey', byPasskey(key));
  },
  'the dropping of proofs': async (scene) => {
    const { client } = scene;
    assertPassed(await prove(client, 'code', byCode));
    assertPassed(await approvePayment(client, 'code', byCode));
    return {
      run: () => client.delete('/auth/step-up'),
      async check() {
        await assertSignedIn(scene);
        assert.equal((await client.delete('/auth/step-up')).status, 204);
        assert.equal((await client.post('/code')).status, 401);
        assert.equal((await pay(client)).status, 401);
      },
    };
  },
  'a change of credentials': async (scene) => {
    const { app, client, delivery, userId, isLost } = scene;
    const elsewhere = await Client.signedIn(app, delivery, { userId });
    const before = client.copy();
    return {
      run: () => client.post('/password'),
      async check(failed) {
        // Without the answer nobody has the new tokens: no other case of a lost one is so.
        if (failed && isLost && !(await client.isSignedIn())) return;
        await assertSignedIn(scene);
        assert.equal(await elsewhere.isSignedIn(), failed);
        assertPassed(await client.post('/password'));
        await assertSignedIn(scene);
        for (const old of [elsewhere, before]) assert.equal(await old.isSignedIn(), false);
      },
    };
  },
  'forgetting a user': async (scene) => {
    const { app, client, laptop, userId } = await withMethods(scene);
    await client.post('/auth/recovery-codes');
    const forget = async (): Promise<null> => {
      await app.auth.forgetUser(userId);
      return null;
    };
    return {
      run: forget,
      async check() {
        await forget();
        for (const each of [client, laptop]) assert.equal(await each.isSignedIn(), false);
        app.clock.advance('1s');
        const anew = await Client.signedIn(app, 'cookie', { userId });
        assert.deepEqual((await anew.get('/auth/passkeys')).body.passkeys, []);
        const { methods } = (await anew.get('/auth/step-up')).body;
        const enrolled = methods.filter((one: { readonly enrolled: boolean }) => one.enrolled);
        assert.deepEqual(
          enrolled.map(({ method }: { readonly method: string }) => method),
          ['code'],
        );
        assert.equal((await pay(anew, 'code')).body.reason, 'missing');
      },
    };
  },
  'the removal of a passkey': async (given) => {
    const scene = await withMethods(given);
    const { client, id, other } = scene;
    return {
      run: () => client.delete(`/auth/passkeys/${id}`),
      async check(failed) {
        await assertSignedIn(scene);
        if (failed) {
          assertPassed(await prove(client, 'passkey', byPasskey(other)));
          assert.ok([204, 404].includes((await client.delete(`/auth/passkeys/${id}`)).status));
        }
        await assertRemoved(scene, 'passkey');
        assert.equal((await client.get('/auth/passkeys')).body.passkeys.length, 1);
      },
    };
  },
  'the removal of TOTP': async (given) => {
    const scene = await withMethods(given);
    const { client } = scene;
    return {
      run: () => client.delete('/auth/totp'),
      async check(failed) {
        await assertSignedIn(scene);
        if (failed) assert.ok([204, 404].includes((await client.delete('/auth/totp')).status));
        await assertRemoved(scene, 'totp');
        assert.equal((await client.post('/auth/totp')).status, 201);
      },
    };
  },
  'a removal by the helpdesk': async (given) => {
    const scene = await withMethods(given);
    const { app, userId } = scene;
    const remove = async (): Promise<null> => {
      await app.auth.methods.remove(userId, 'passkey');
      return null;
    };
    return {
      run: remove,
      async check(failed) {
        await assertSignedIn(scene);
        if (failed) await remove();
        await assertRemoved(scene, 'passkey');
      },
    };
  },
  'the confirmation of TOTP': async (scene) => {
    const { app, client } = scene;
    assertPassed(await prove(client, 'code', byCode));
    const { secret } = (await client.post('/auth/totp')).body;
    const confirm = (): Promise<Response> =>
      client.post('/auth/totp/confirm', { body: { code: totpCode(secret, app.clock.now()) } });
    return {
      run: confirm,
      async check(failed) {
        await assertSignedIn(scene);
        app.clock.advance('1m');
        // Either it counts, or it waits for a code still.
        if (failed) assert.ok([204, 401, 403].includes((await confirm()).status));
        app.clock.advance('1m');
        assertPassed(await prove(client, 'totp', () => ({ code: totpCode(secret, app.clock.now()) })));
        assertPassed(await client.post('/totp'));
      },
    };
  },
  'the registration of a passkey': async (scene) => {
    const { app, client } = scene;
    assertPassed(await prove(client, 'code', byCode));
    const key = softwareAuthenticator({ origin: ORIGIN });
    const { challengeId, options } = (await client.post('/auth/passkeys/options')).body;
    const body = { challengeId, response: key.create(options) };
    return {
      run: () => client.post('/auth/passkeys', { body }),
      async check(failed) {
        await assertSignedIn(scene);
        const { passkeys } = (await client.get('/auth/passkeys')).body;
        // It is there as a whole, or not at all.
        const working = passkeys.length === 1 ? key : await addPasskey(client);
        if (!failed) assert.equal(passkeys.length, 1);
        app.clock.advance('1m');
        assertPassed(await prove(client, 'passkey', byPasskey(working)));
        assertPassed(await client.post('/passkey'));
      },
    };
  },
  'the end of all sessions': async (scene) => {
    const { app, client, delivery, userId, isLost } = scene;
    const elsewhere = await Client.signedIn(app, delivery, { userId });
    const before = client.copy();
    return {
      run: () => client.delete('/auth/sessions'),
      async check(failed) {
        if (failed && isLost && !(await client.isSignedIn())) return; // it was done
        if (failed) {
          await assertSignedIn(scene);
          assert.equal((await client.delete('/auth/sessions')).status, 204);
        }
        for (const old of [elsewhere, before]) assert.equal(await old.isSignedIn(), false);
      },
    };
  },
  'the end of all other sessions': async (scene) => {
    const { app, client, delivery, userId } = scene;
    const elsewhere = await Client.signedIn(app, delivery, { userId });
    return {
      run: () => client.delete('/auth/sessions?keep=current'),
      async check(failed) {
        await assertSignedIn(scene);
        if (failed) assert.equal((await client.delete('/auth/sessions?keep=current')).status, 204);
        assert.equal(await elsewhere.isSignedIn(), false);
        await assertSignedIn(scene);
      },
    };
  },
};

function refreshing(scene: Scene): Walked {
  const { app, client } = scene;
  return {
    run: () => client.refresh(),
    async check() {
      await assertSignedIn(scene);
      await client.refreshed();
      await assertSignedIn(scene);
      await app.auth.flush();
      app.clock.advance('2m');
      await client.refreshed();
      await assertSignedIn(scene);
    },
  };
}

const refreshes: typeof operations = {
  'a refresh': (scene) => {
    scene.app.clock.advance('2m');
    return refreshing(scene);
  },
  'a refresh by a young token': refreshing,
  'a refresh right after a step-up': async (scene) => {
    assertPassed(await prove(scene.client, 'code', byCode));
    return refreshing(scene);
  },
  'a refresh whose answer was lost before': async (scene) => {
    scene.app.clock.advance('2m');
    await scene.client.copy().refreshed();
    return refreshing(scene);
  },
};

for (const delivery of DELIVERIES) {
  const all = delivery === 'cookie' ? operations : { ...operations, ...refreshes };
  for (const [fault, behaviour] of Object.entries(faults)) {
    describe(`where a call of the store ${fault}, with ${delivery}, nobody is signed out, and nothing is half`, () => {
      for (const [what, prepare] of Object.entries(all)) {
        it(`in ${what}, at whichever call`, async () => {
          const app = walkApp();
          await walkFailures(app.store, behaviour(), async (step) => {
            const userId = `user-${step}`;
            const client = await Client.signedIn(app, delivery, { userId, method: 'password' });
            return prepare({ app, delivery, userId, client, isLost: fault.includes('lost') });
          });
          assert.deepEqual(app.errors, []);
        });
      }
    });
  }
}
