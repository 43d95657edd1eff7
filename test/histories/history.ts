import assert from 'node:assert/strict';
import bodyParser from 'body-parser';
import type { Response } from 'supertest';
import type { ActionChallengeJson } from '../../lib/http/step-up-refusal.js';
import type { GuardRequest } from '../../lib/step-up/rule.js';
import { stepgate } from '../../lib/stepgate.js';
import type { Delivery } from '../../lib/stores/contract/sessions.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { manualClock } from '../../lib/testing/manual-clock.js';
import { type FakeMethod, fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { handle, sendJson, testApp } from '../support/app.js';
import { ORIGIN, SECRET } from '../support/kit.js';
import type { Random } from '../support/random.js';
import { Holder } from './holder.js';

/** How often a state was reached that a weaker kit would have got wrong. */
export interface Reached {
  /** The thief refreshed by a token that was copied before a confirmation which nobody had spent yet. */
  refreshedBesideGrant: number;
  /** The thief confirmed the transfer by the weaker method, and sent it under the rule of the stronger one. */
  confirmedByWeaker: number;
  /** The strong method was removed while the session had a proof of it. */
  removedWithProof: number;
  /** The thief stepped up by the weaker method beside the owner's proof of the stronger one. */
  steppedUpBesideProof: number;
  /** A session was ended while the thief had a credential of it. */
  endedUnderThief: number;
}

const STEPS = 24;
const WAITS = [100, 1_000, 10_000, 31_000, 46_000, 60_000, 301_000] as const;
const CLOCK_STEPS = [60_000, 86_400_000, 31_536_000_000] as const;
const TRANSFER = { to: 'eve', amount: 9_999 };

/**
 * One random life of a session, with an owner who has a strong method and a weak one, and a thief who copies what the
 * owner holds whenever that is worth nothing at the moment, and can pass the weak method. Rejects when the thief passes
 * a guard that names the strong method only, spends what it confirmed, may change methods, or outlives the session.
 */
export async function history(delivery: Delivery, random: Random, reached: Reached): Promise<void> {
  const { app, clock, auth, key, code, store, setRisk } = world(delivery);
  const owner = new Holder(app, delivery);
  let thieves: { readonly holder: Holder; readonly sessionId: string }[] = [];
  const log: string[] = [];
  let sessionId = '';
  let pending: { readonly challenge: ActionChallengeJson; readonly method: FakeMethod } | null = null;
  let confirmed = false;

  const row = async () => store.sessions.get(sessionId);
  const hasStrongProof = async (): Promise<boolean> => (await row())?.stepUpProofs[key.name] !== undefined;
  const lost = (): boolean => random.chance(0.2);
  const fail = (what: string): never => assert.fail(`${what} after\n  ${log.join('\n  ')}`);

  async function signIn(): Promise<void> {
    const response = await owner.signIn();
    if (response.status === 200) sessionId = response.body.session_id;
    pending = null;
    confirmed = false;
  }

  async function stepUp(holder: Holder, method: FakeMethod, isLost: boolean): Promise<Response> {
    if (method.begin === undefined) return verify(holder, method, null, undefined, isLost);
    const { body } = await holder.send('POST', '/auth/step-up/options', { method: method.name });
    if (body.challengeId === undefined) return verify(holder, method, null, undefined, isLost);
    return verify(holder, method, body.options, body.challengeId, isLost);
  }

  function verify(
    holder: Holder,
    method: FakeMethod,
    options: unknown,
    challengeId: string | undefined,
    isLost: boolean,
  ) {
    const response = options === null && method.begin !== undefined ? {} : method.right(options);
    return holder.send('POST', '/auth/step-up/verify', { method: method.name, challengeId, response }, isLost);
  }

  async function ask(holder: Holder, method: FakeMethod): Promise<ActionChallengeJson | null> {
    const { body } = await holder.send('POST', '/transfers', TRANSFER);
    const challenge = body.challenge as ActionChallengeJson | undefined; // of a 401 that asks for a confirmation
    return challenge?.methods[method.name] === undefined ? null : challenge;
  }

  async function confirm(holder: Holder, method: FakeMethod, challenge: ActionChallengeJson, isLost: boolean) {
    return verify(holder, method, challenge.methods[method.name]?.options ?? null, challenge.id, isLost);
  }

  const ownerDoes: Readonly<Record<string, () => Promise<void>>> = {
    'signs in': signIn,
    'uses the session': async () => void (await owner.send('GET', '/me')),
    'steps up by the key': async () => void (await stepUp(owner, key, lost())),
    'steps up by the code': async () => void (await stepUp(owner, code, lost())),
    refreshes: async () => void (await owner.refresh(lost())),
    'asks for a transfer': async () => {
      setRisk(true);
      const challenge = await ask(owner, key);
      if (challenge !== null) pending = { challenge, method: key };
    },
    'confirms it': async () => {
      if (pending === null) return;
      const { status } = await confirm(owner, key, pending.challenge, lost());
      confirmed ||= status === 200;
      pending = null;
    },
    'sends it': async () => {
      setRisk(true);
      if ((await owner.send('POST', '/transfers', TRANSFER)).status === 200) confirmed = false;
    },
    'passes the strong guard': async () => {
      const { status } = await owner.send('POST', '/strong');
      if (status === 200 && !key.users.has('ada')) fail('A removed method counted');
    },
    'loses the key': async () => {
      if (await hasStrongProof()) reached.removedWithProof += 1;
      key.users.delete('ada');
      await auth.methods.remove('ada', 'key');
      confirmed = false;
    },
    'gets a key': async () => void key.users.add('ada'),
    'changes the password': async () => {
      const { status } = await owner.send('POST', '/password');
      if (status !== 200) return;
      confirmed = false;
      await ended(true);
    },
    'signs out': async () => {
      await owner.send('POST', '/auth/logout');
      if ((await row()) === null) await ended(false);
    },
    'signs out everywhere': async () => {
      await auth.sessions.revokeAllForUser('ada');
      await ended(false);
    },
  };

  /** Whoever had a credential of the session by then has nothing now; of one that goes on its owner has new ones. */
  async function ended(goesOn: boolean): Promise<void> {
    reached.endedUnderThief += thieves.length > 0 ? 1 : 0;
    for (const { holder } of thieves) {
      const { status } = await holder.send('GET', '/me');
      if (status === 200) fail('A session that was ended went on');
      if (delivery === 'cookie') continue;
      const { status: refreshed } = await holder.refresh(true);
      if (refreshed === 200) fail('A session that was ended was refreshed');
    }
    thieves = [];
    if (!goesOn) await signIn();
  }

  const thiefDoes: Readonly<Record<string, (thief: Holder) => Promise<void>>> = {
    'uses it': async (thief) => void (await thief.send('GET', '/me')),
    'steps up by the code': async (thief) => {
      if (await hasStrongProof()) reached.steppedUpBesideProof += 1;
      await stepUp(thief, code, lost());
    },
    'tries the key': async (thief) => void (await verify(thief, key, null, undefined, false)),
    refreshes: async (thief) => {
      if (confirmed) reached.refreshedBesideGrant += 1;
      await thief.refresh(lost());
    },
    'confirms the transfer by the code and sends it under the strong rule': async (thief) => {
      setRisk(false);
      const challenge = await ask(thief, code);
      if (challenge === null) return;
      const { status } = await confirm(thief, code, challenge, false);
      if (status === 200) reached.confirmedByWeaker += 1;
      setRisk(true);
      if ((await thief.send('POST', '/transfers', TRANSFER)).status === 200) fail('A weaker confirmation passed');
    },
    'sends the transfer': async (thief) => {
      setRisk(true);
      if ((await thief.send('POST', '/transfers', TRANSFER)).status === 200) fail('The thief spent a confirmation');
    },
    'tries the strong guard': async (thief) => {
      if ((await thief.send('POST', '/strong')).status === 200) fail('The thief passed the strong guard');
    },
    'tries to change methods': async (thief) => {
      if ((await thief.send('POST', '/enrol')).status === 200) fail('The thief may change methods');
    },
    'tries the other kit': async (thief) => {
      if ((await thief.send('GET', '/other')).status === 200) fail('Another kit took the credential');
    },
  };

  await signIn();
  for (let step = 0; step < STEPS; step += 1) {
    const dice = random.below(100);
    if (dice < 12) {
      const ms = random.pick(WAITS);
      log.push(`${ms} ms pass`);
      clock.set(clock.now() + ms);
    } else if (dice < 14) {
      const ms = random.pick(CLOCK_STEPS);
      log.push(`the clock is ${ms} ms ahead for a step of the owner's, and put right`);
      const right = clock.now();
      clock.set(right + Math.min(ms, delivery === 'cookie' ? ms : 60_000));
      await owner.send('GET', '/me');
      await stepUp(owner, code, false);
      clock.set(right + 1);
    } else if (dice < 24) {
      // What is worth something now would pass by itself: only an older one is the thief's.
      if (!(await hasStrongProof()) && !confirmed) {
        log.push('the thief copies what the owner has');
        thieves.push({ holder: owner.copy(), sessionId });
      }
    } else if (dice < 60 || thieves.length === 0) {
      const what = random.pick(Object.keys(ownerDoes));
      log.push(`the owner ${what}`);
      await ownerDoes[what]?.();
    } else {
      const what = random.pick(Object.keys(thiefDoes));
      log.push(`the thief ${what}`);
      await thiefDoes[what]?.(random.pick(thieves).holder);
    }
    if (random.chance(0.3)) await auth.flush();
  }
  await auth.close();
}

function world(delivery: Delivery) {
  const clock = manualClock();
  const store = memoryStore();
  const [key, code] = [fakeKey(), fakeCode()];
  let isRisky = true;
  const options = { secret: SECRET, issuer: ORIGIN, store, clock, methods: [key, code], onEvent: () => {} } as const;
  const auth = stepgate(options);
  const other = stepgate({ ...options, audience: 'others', cookieName: 'session' });
  const bind = ({ body }: GuardRequest): object => ({ to: body['to'], amount: body['amount'] });
  const strong = auth.requireFreshStepUp({ method: 'key', bind });
  const either = auth.requireFreshStepUp({ method: ['key', 'code'], bind });
  const { app } = testApp(auth, {
    routes: {
      '/strong': [auth.requireFreshStepUp({ method: 'key', maxAge: '1h' }), (_req, res) => sendJson(res, {})],
      '/transfers': [
        bodyParser.json(),
        (req, res, next) => (isRisky ? strong : either)(req, res, next),
        (_req, res) => sendJson(res, {}),
      ],
      '/enrol': [auth.requireEnrolmentProof, (_req, res) => sendJson(res, {})],
      '/password': [auth.requireSession, handle(async (req, res) => (await auth.credentialsChanged(req, res)).body)],
      '/other': [other.requireSession, (_req, res) => sendJson(res, {})],
    },
  });
  return { app, clock, store, auth, key, code, setRisk: (risky: boolean) => void (isRisky = risky), delivery };
}
