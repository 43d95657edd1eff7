import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import bodyParser from 'body-parser';
import type { Response } from 'supertest';
import type { SessionOption } from '../../lib/session/foreign-session.js';
import type { GuardRequest } from '../../lib/step-up/rule.js';
import { stepgate } from '../../lib/stepgate.js';
import type { SessionRow } from '../../lib/stores/contract/sessions.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { manualClock } from '../../lib/testing/manual-clock.js';
import type { ActionChallengeJson } from '../../lib/wire.js';
import { type FakeMethod, fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { handle, sendJson, testApp } from '../support/app.js';
import { ORIGIN, SECRET } from '../support/instance.js';
import type { Random } from '../support/random.js';
import { Holder, type Kind } from './holder.js';

/** How often a state was reached that a weaker instance would have got wrong. */
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
const GRANT_LIFETIME = 300_000;

interface Thief {
  readonly holder: Holder;
  /** Of the session that they hold credentials of. */
  readonly sessionId: string;
}

/**
 * One random life of a session, with an owner who has a strong method and a weak one, and a thief who copies what the
 * owner holds whenever that is worth nothing at the moment, and can pass the weak method. Rejects when the thief passes
 * a guard that names the strong method only, spends what the owner confirmed, may change methods, or outlives the
 * session; and when the owner passes by what was proved or confirmed with a method that was removed since.
 */
export async function history(delivery: Kind, random: Random, reached: Reached): Promise<void> {
  const made = await world(delivery);
  try {
    await play(made, delivery, random, reached);
  } finally {
    await made.close();
  }
}

async function play(
  { address, clock, auth, key, code, setRisk, isOver, endAll, proofsIn }: World,
  delivery: Kind,
  random: Random,
  reached: Reached,
): Promise<void> {
  const owner = new Holder(address, delivery);
  let thieves: readonly Thief[] = [];
  const log: string[] = [];
  let sessionId = '';
  let pending: ActionChallengeJson | null = null;
  /** Whether the owner has proved the key on this session since they were given it. */
  let proved = false;
  let confirmedAt: number | null = null;

  const hasStrongProof = async (): Promise<boolean> => (await proofsIn(sessionId)).includes(key.name);
  const isConfirmed = (): boolean => confirmedAt !== null && clock.now() - confirmedAt < GRANT_LIFETIME;
  const lost = (): boolean => random.chance(0.2);
  const fail = (what: string): never => assert.fail(`${what} after\n  ${log.join('\n  ')}`);

  async function signIn(): Promise<void> {
    clock.set(clock.now() + 1); // later than the last end of all sessions
    const { status, text, body } = await owner.signIn();
    assert.equal(status, 200, text);
    sessionId = body.session_id;
    pending = null;
    proved = false;
    confirmedAt = null;
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

  const ownerDoes: Readonly<Record<string, () => Promise<unknown>>> = {
    'uses the session': () => owner.send('GET', '/me'),
    'steps up by the key': async () => {
      const { status } = await stepUp(owner, key, lost());
      proved ||= status === 200;
    },
    'steps up by the code': () => stepUp(owner, code, lost()),
    refreshes: () => owner.refresh(lost()),
    'asks for a transfer': async () => {
      setRisk(true);
      pending = await ask(owner, key);
    },
    'confirms it': async () => {
      setRisk(true);
      const challenge = pending ?? (await ask(owner, key));
      pending = null;
      if (challenge === null) return;
      const { status } = await confirm(owner, key, challenge, lost());
      if (status === 200) confirmedAt = clock.now();
    },
    'sends it': async () => {
      setRisk(true);
      if ((await owner.send('POST', '/transfers', TRANSFER)).status !== 200) return;
      if (!isConfirmed()) fail('What nobody confirmed was done');
      confirmedAt = null;
    },
    'passes the strong guard': async () => {
      if ((await owner.send('POST', '/strong')).status === 200 && !proved) fail('A removed method counted');
    },
    'loses the key': async () => {
      if (await hasStrongProof()) reached.removedWithProof += 1;
      key.users.delete('ada');
      await auth.methods.remove('ada', 'key');
      proved = false;
      confirmedAt = null;
      if (random.chance(0.5)) key.users.add('ada'); // another one, at once
    },
    'gets a key': async () => key.users.add('ada'),
  };

  const ownerEnds: Readonly<Record<string, () => Promise<unknown>>> = {
    'signs in anew': signIn,
    'changes the password': async () => {
      if ((await owner.send('POST', '/password')).status !== 200) return;
      proved = false;
      confirmedAt = null;
      if (delivery !== 'app') await assertEnded(thieves); // of a session that goes on only its owner has the new credentials
    },
    'signs out': () => owner.send('POST', '/auth/logout'),
    'signs out everywhere': async () => {
      await endAll();
      await assertEnded(thieves);
    },
  };

  async function assertEnded(under: readonly Thief[]): Promise<void> {
    if (under.length > 0) reached.endedUnderThief += 1;
    for (const { holder } of under) {
      if ((await holder.send('GET', '/me')).status === 200) fail('A session that was ended went on');
      if (isRefreshed(delivery) && (await holder.refresh(true)).status === 200) fail('An ended session was refreshed');
    }
    thieves = thieves.filter((thief) => !under.includes(thief));
  }

  /** However a session has ended: by its owner, by another sign-in, or since a copied refresh token came back. */
  async function assertEndedIsOver(): Promise<void> {
    const over: Thief[] = [];
    for (const thief of thieves) if (await isOver(thief.sessionId)) over.push(thief);
    await assertEnded(over);
    if (await isOver(sessionId)) await signIn();
  }

  const thiefDoes: Readonly<Record<string, (thief: Holder) => Promise<void>>> = {
    'uses it': async (thief) => void (await thief.send('GET', '/me')),
    'steps up by the code': async (thief) => {
      const wasProved = await hasStrongProof();
      if ((await stepUp(thief, code, lost())).status === 200 && wasProved) reached.steppedUpBesideProof += 1;
    },
    refreshes: async (thief) => {
      const wasConfirmed = isConfirmed();
      if ((await thief.refresh(lost())).status === 200 && wasConfirmed) reached.refreshedBesideGrant += 1;
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
    'tries every door': async (thief) => {
      setRisk(true);
      const opens = async (method: string, path: string, body?: object): Promise<boolean> =>
        (await thief.send(method, path, body)).status === 200;
      if (await opens('POST', '/transfers', TRANSFER)) fail('The thief spent a confirmation');
      if (await opens('POST', '/strong')) fail('The thief passed the strong guard');
      if ((await opens('POST', '/enrol')) && key.users.has('ada')) fail('The thief may change methods');
      if (await opens('GET', '/other')) fail('Another instance took the credential');
      if ((await verify(thief, key, null, undefined, false)).status === 200) fail('The thief passed the key');
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
      clock.set(right + Math.min(ms, isRefreshed(delivery) ? 60_000 : ms));
      await owner.send('GET', '/me');
      await stepUp(owner, code, false);
      clock.set(right + 1);
    } else if (dice < 24) {
      // What is worth something now would pass by itself: only an older one is the thief's.
      if (!(await hasStrongProof()) && !isConfirmed()) {
        log.push('the thief copies what the owner has');
        thieves = [...thieves, { holder: owner.copy(), sessionId }];
      }
    } else if (dice < 60 || thieves.length === 0) {
      const does = random.chance(0.1) ? ownerEnds : ownerDoes;
      const what = random.pick(Object.keys(does));
      log.push(`the owner ${what}`);
      await does[what]?.();
    } else {
      const what = random.pick(Object.keys(thiefDoes));
      log.push(`the thief ${what}`);
      await thiefDoes[what]?.(random.pick(thieves).holder);
    }
    await assertEndedIsOver();
    if (random.chance(0.3)) await auth.flush();
  }
}

type World = Awaited<ReturnType<typeof world>>;

function isRefreshed(delivery: Kind): boolean {
  return delivery === 'bearer' || delivery === 'token-cookies';
}

async function world(delivery: Kind) {
  const clock = manualClock();
  const store = memoryStore();
  const [key, code] = [fakeKey(), fakeCode()];
  let isRisky = true;
  /** Whose the sessions are that the app keeps, by what is in their cookie. */
  const kept = new Map<string, string>();
  const cookieOf = ({ headers }: IncomingMessage): string =>
    /app-session=([^;]+)/.exec(headers.cookie ?? '')?.[1] ?? '';
  const session: SessionOption = {
    of(req) {
      const id = cookieOf(req);
      const userId = kept.get(id);
      return userId === undefined ? null : { id, userId, signedInAt: Number(id.split('-')[0]), method: 'password' };
    },
    end: (req) => kept.delete(cookieOf(req)),
  };
  const options = {
    secret: SECRET,
    issuer: ORIGIN,
    store,
    clock,
    methods: [key, code],
    onEvent: () => {},
  } as const;
  const auth = stepgate(delivery === 'app' ? { ...options, session } : options);
  const other = stepgate({ ...options, audience: 'others' });
  const bind = ({ body }: GuardRequest): object => ({ to: body['to'], amount: body['amount'] });
  const strong = auth.requireFreshStepUp({ method: 'key', bind });
  const either = auth.requireFreshStepUp({ method: ['key', 'code'], bind });
  const { app } = testApp(auth, {
    routes: {
      '/sign-in': [
        bodyParser.json(),
        handle(async (req, res) => {
          if (delivery !== 'app')
            return (await auth.signIn(req, res, { userId: 'ada', method: 'password', delivery })).body;
          const id = `${clock.now()}-${randomUUID()}`;
          if (kept.has(cookieOf(req))) await auth.signOut(req, res);
          kept.set(id, 'ada');
          res.appendHeader('Set-Cookie', `app-session=${id}; Path=/`);
          return { session_id: id };
        }),
      ],
      '/strong': [auth.requireFreshStepUp({ method: 'key', maxAge: '1h' }), (_req, res) => sendJson(res, {})],
      '/transfers': [
        bodyParser.json(),
        (req, res, next) => (isRisky ? strong : either)(req, res, next),
        (_req, res) => sendJson(res, {}),
      ],
      '/enrol': [auth.requireEnrolmentProof, (_req, res) => sendJson(res, {})],
      '/password': [
        auth.requireSession,
        handle(async (req, res) => {
          if (delivery !== 'app') return (await auth.credentialsChanged(req, res)).body;
          return { ended: await auth.sessions.revokeAllForUser('ada') };
        }),
      ],
      '/other': [other.requireSession, (_req, res) => sendJson(res, {})],
    },
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on a port
  const setRisk = (risky: boolean): void => {
    isRisky = risky;
  };
  const close = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await Promise.all([auth.close(), other.close()]);
  };
  /** The rows of a session, or of what was proved beside it. */
  async function rowsOf(id: string): Promise<readonly SessionRow[]> {
    const rows = await store.sessions.listForUser({ userId: 'ada', limit: 1_000, after: null, now: clock.now() });
    if (delivery !== 'app') return rows.filter((row) => row.id === id);
    return rows; // of a session that has ended there are none
  }
  const isOver = async (id: string): Promise<boolean> =>
    delivery === 'app' ? !kept.has(id) : (await store.sessions.get(id)) === null;
  const proofsIn = async (id: string): Promise<readonly string[]> =>
    (await rowsOf(id)).flatMap(({ stepUpProofs }) => Object.keys(stepUpProofs));
  async function endAll(): Promise<void> {
    kept.clear();
    await auth.sessions.revokeAllForUser('ada');
  }
  return { address: `http://127.0.0.1:${port}`, clock, auth, key, code, setRisk, close, isOver, proofsIn, endAll };
}
