import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Delivery } from '../../lib/index.js';
import {
  type CreationOptionsJSON,
  type RequestOptionsJSON,
  type SoftwareAuthenticator,
  softwareAuthenticator,
} from '../../lib/testing/index.js';
import { ORIGIN } from '../support/kit.js';
import type { Random } from '../support/random.js';
import { type Answer, type Sent, Unanswered } from './app.js';
import { credentialOf, type Entry, type InFlight, newEntry, Violation, type ViolationKind } from './ledger.js';

export interface UserOptions {
  readonly id: string;
  readonly random: Random;
  /** To whichever process the app is in now. */
  readonly send: (sent: Sent) => Promise<Answer>;
  readonly acknowledged: (what: string) => void;
}

const DELIVERIES: readonly Delivery[] = ['cookie', 'bearer', 'token-cookies'];
const MAX_SESSIONS = 5;
const MAX_REMEMBERED = 4;

/**
 * One user with several sessions, who does one thing at a time and keeps the ledger of it: so at most one thing is
 * unanswered when the app is killed. What users do at once goes into the same transactions.
 */
export class User {
  readonly id: string;
  readonly live: Set<Entry> = new Set();
  readonly ended: Set<Entry> = new Set();
  /** Sign-ins by passkey that were done: none may be done twice. */
  readonly signIns: Sent[] = [];
  inFlight: InFlight | null = null;
  readonly #options: UserOptions;
  readonly #key: SoftwareAuthenticator = softwareAuthenticator({ origin: ORIGIN, algorithm: 'ES256' });
  #transfers = 0;

  constructor(options: UserOptions) {
    this.id = options.id;
    this.#options = options;
  }

  /** Signs in for the first time and adds a passkey. */
  async enrol(): Promise<void> {
    const entry = await this.signIn();
    const begun = await this.send(entry, { method: 'POST', path: '/auth/passkeys/options' }, [200]);
    const { challengeId, options } = begun.body;
    const response = this.#key.create(options as CreationOptionsJSON); // what the route answers
    await this.send(entry, { method: 'POST', path: '/auth/passkeys', body: { challengeId, response } }, [201]);
  }

  /** Does something that this user can do now. */
  async act(): Promise<void> {
    const { random } = this.#options;
    const entries = [...this.live].filter(({ credential }) => credential !== null);
    if (entries.length === 0 || (this.live.size < MAX_SESSIONS && random.chance(0.25))) {
      await (random.chance(0.2) ? this.#signInByPasskey() : this.signIn(random.chance(0.3) ? entries[0] : undefined));
      return;
    }
    const entry = random.pick(entries);
    const others = [...this.live].filter((other) => other !== entry);
    const deeds: (() => Promise<unknown>)[] = [
      () => this.use(entry),
      () => this.stepUp(entry),
      () => this.begin(entry),
      () => (entry.approved === null ? this.#approve(entry) : this.transfer(entry)),
      () => this.#signOut(entry),
    ];
    if (entry.delivery !== 'cookie') deeds.push(...Array.from({ length: 4 }, () => () => this.refresh(entry)));
    if (entry.exchanged.length > 1) deeds.push(() => this.#reuse(entry));
    if (others.length > 0) deeds.push(() => this.#revoke(entry, random.pick(others)));
    if (others.length > 1) deeds.push(() => this.#revokeAll(entry, random.chance(0.5)));
    await random.pick(deeds)();
  }

  /** Signs in; the session that is replaced ends with the same step. */
  async signIn(replaces?: Entry): Promise<Entry> {
    const delivery = this.#options.random.pick(DELIVERIES);
    const headers = replaces?.credential?.headers ?? {};
    if (replaces !== undefined) replaces.used = true;
    const sent: Sent = { method: 'POST', path: '/login', headers, body: { userId: this.id, delivery } };
    return this.#attempt({ type: 'sign-in', replaces: replaces ?? null }, async () => {
      const answer = await this.#options.send(sent);
      expect(answer, [200], 'broken', 'A sign-in');
      if (replaces !== undefined) this.#end([replaces]);
      return this.#signedIn(newEntry(answer, delivery, 'password'));
    });
  }

  async #signInByPasskey(): Promise<void> {
    const begun = await this.#options.send({ method: 'POST', path: '/auth/sign-in/passkey/options' });
    const { challengeId, options } = begun.body;
    const delivery = this.#options.random.pick(DELIVERIES);
    const response = this.#key.get(options as RequestOptionsJSON); // what the route answers
    const sent: Sent = {
      method: 'POST',
      path: '/auth/sign-in/passkey',
      headers: { Cookie: begun.setCookies.map((line) => line.split(';')[0]).join('; ') },
      body: { challengeId, response, delivery },
    };
    await this.#attempt({ type: 'sign-in', replaces: null }, async () => {
      const answer = await this.#options.send(sent);
      expect(answer, [200], 'broken', 'A sign-in by passkey');
      remember(this.signIns, sent);
      this.#signedIn(newEntry(answer, delivery, 'passkey'));
    });
  }

  #signedIn(entry: Entry): Entry {
    this.live.add(entry);
    this.#options.acknowledged('sign-ins');
    return entry;
  }

  /** Asks for the session, which has to be there as it was acknowledged. */
  async use(entry: Entry): Promise<Answer> {
    const answer = await this.send(entry, { method: 'GET', path: '/auth/session' }, [200]);
    const { session, proofs = [] } = answer.body;
    if (session?.id !== entry.id || session.userId !== this.id) {
      throw new Violation('broken', `The credential of ${entry.id} is another session's.`);
    }
    const expected = new Set([entry.signedInWith, ...(entry.steppedUpAt === null ? [] : ['passkey'])]);
    const stepUp = proofs.find(({ method }) => method === 'passkey');
    const isSame = proofs.length === expected.size && proofs.every(({ method }) => expected.has(method));
    if (!isSame || (entry.steppedUpAt !== null && stepUp?.verifiedAt !== entry.steppedUpAt)) {
      throw new Violation('lost', `${entry.id} has other proofs than acknowledged: ${JSON.stringify(proofs)}.`);
    }
    return answer;
  }

  /** Exchanges the refresh token, at times by two requests at once, which have to get the same. */
  async refresh(entry: Entry): Promise<void> {
    const { credential } = entry;
    if (credential === null || credential.refreshToken === null) return;
    const presented = credential.refreshToken;
    const tries = Array.from({ length: this.#options.random.chance(0.3) ? 2 : 1 }, () =>
      this.exchange(entry, presented),
    );
    await this.#attempt({ type: 'refresh', entry }, async () => {
      const answers = await Promise.allSettled(tries);
      const pairs = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
      const [pair] = pairs;
      const failure = answers.find((answer) => answer.status === 'rejected');
      if (pair === undefined) throw failure?.reason;
      if (failure !== undefined && !(failure.reason instanceof Unanswered)) throw failure.reason;
      if (pairs.some(({ refreshToken }) => refreshToken !== pair.refreshToken)) {
        throw new Violation('broken', `Two refreshes of ${entry.id} at once gave two successors.`);
      }
      entry.exchanged.push(presented);
      entry.credential = pair;
      entry.steppedUpAt = null;
      entry.used = false;
      this.#options.acknowledged('refreshes');
    });
  }

  /** Presents a refresh token and gives what comes for it. */
  async exchange(entry: Entry, refreshToken: string): Promise<NonNullable<Entry['credential']>> {
    const inBody = entry.delivery === 'bearer';
    const answer = await this.#options.send({
      method: 'POST',
      path: '/auth/token/refresh',
      headers: inBody ? {} : { Cookie: `__Host-refresh=${refreshToken}` },
      ...(inBody ? { body: { refresh_token: refreshToken } } : {}),
    });
    expect(answer, [200], 'lost', `A refresh of ${entry.id}`);
    return credentialOf(entry.delivery, answer, null);
  }

  /** Asks for a challenge, to answer it later. */
  async begin(entry: Entry): Promise<void> {
    const sent = { method: 'POST', path: '/auth/step-up/options', body: { method: 'passkey' } };
    const { challengeId = '', options } = (await this.send(entry, sent, [200])).body;
    entry.open = { challengeId, options: options as RequestOptionsJSON }; // what the route answers
    this.#options.acknowledged('challenges');
  }

  async stepUp(entry: Entry): Promise<void> {
    if (entry.open === null) await this.begin(entry);
    if (entry.open === null) return;
    const { challengeId, options } = entry.open;
    entry.open = null;
    const verifiedAt = await this.#verify(entry, challengeId, options);
    entry.steppedUpAt = verifiedAt;
    this.#options.acknowledged('step-ups');
  }

  async #approve(entry: Entry): Promise<void> {
    this.#transfers += 1;
    const transfer = { to: 'bea', amount: this.#transfers };
    const { body } = await this.send(entry, { method: 'POST', path: '/transfers', body: transfer }, [401]);
    const options = body.challenge?.methods.passkey?.options;
    if (options === undefined)
      throw new Violation('broken', `A transfer was refused otherwise: ${JSON.stringify(body)}`);
    await this.#verify(entry, body.challenge?.id ?? '', options);
    entry.approved = transfer;
    this.#options.acknowledged('approvals');
  }

  /** Answers a challenge; the session has a new token then. */
  async #verify(entry: Entry, challengeId: string, options: RequestOptionsJSON): Promise<number> {
    const body = { method: 'passkey', challengeId, response: this.#key.get(options) };
    const sent: Sent = { method: 'POST', path: '/auth/step-up/verify', body };
    return this.#attempt({ type: 'step-up', entry }, async () => {
      const answer = await this.send(entry, sent, [200]);
      entry.credential = credentialOf(entry.delivery, answer, entry.credential);
      remember(entry.spent, sent);
      return answer.body.verifiedAt ?? 0;
    });
  }

  /** Makes the transfer that was approved. */
  async transfer(entry: Entry): Promise<void> {
    if (entry.approved === null) return;
    const sent: Sent = { method: 'POST', path: '/transfers', body: entry.approved };
    entry.approved = null;
    await this.#attempt({ type: 'transfer', entry, sent }, async () => {
      await this.send(entry, sent, [200]);
      remember(entry.spent, sent);
      this.#options.acknowledged('approvals spent');
    });
  }

  #signOut(entry: Entry): Promise<void> {
    return this.#ending([entry], 'sign-outs', () => this.send(entry, { method: 'POST', path: '/auth/logout' }, [204]));
  }

  #revoke(by: Entry, entry: Entry): Promise<void> {
    const sent = { method: 'DELETE', path: `/auth/sessions/${entry.id}` };
    return this.#ending([entry], 'revocations of one', () => this.send(by, sent, [204]));
  }

  async #revokeAll(by: Entry, keepsCurrent: boolean): Promise<void> {
    const entries = [...this.live].filter((entry) => entry !== by || !keepsCurrent);
    const sent = { method: 'DELETE', path: `/auth/sessions${keepsCurrent ? '?keep=current' : ''}` };
    await this.#ending(entries, 'revocations of all', () => this.send(by, sent, [204]));
    // A sign-in of the same millisecond would be refused.
    for (const endedAt = Date.now(); Date.now() === endedAt; ) await nextTurn();
  }

  /** Presents a refresh token of long ago, as a thief would: that ends the session. */
  #reuse(entry: Entry): Promise<void> {
    const [oldest = ''] = entry.exchanged;
    const inBody = entry.delivery === 'bearer';
    const sent: Sent = {
      method: 'POST',
      path: '/auth/token/refresh',
      headers: inBody ? {} : { Cookie: `__Host-refresh=${oldest}` },
      ...(inBody ? { body: { refresh_token: oldest } } : {}),
    };
    return this.#ending([entry], 'thefts', async () => {
      expect(await this.#options.send(sent), [401], 'spent then good', `An old refresh token of ${entry.id}`);
    });
  }

  async #ending(entries: readonly Entry[], what: string, run: () => Promise<unknown>): Promise<void> {
    await this.#attempt({ type: 'end', entries }, async () => {
      await run();
      this.#end(entries);
      this.#options.acknowledged(what);
    });
  }

  #end(entries: readonly Entry[]): void {
    for (const entry of entries) if (this.live.delete(entry)) this.ended.add(entry);
  }

  /** What was in flight has turned out to be done. */
  endedUnanswered(entries: readonly Entry[]): void {
    this.#end(entries);
  }

  /** Takes a session out of the ledger, after something was wrong with it. */
  forget(entry: Entry): void {
    this.live.delete(entry);
    this.ended.delete(entry);
  }

  /** Sends a request with the credential of a session, which has to be good. */
  async send(entry: Entry, sent: Sent, statuses: readonly number[]): Promise<Answer> {
    entry.used = true;
    const headers = { ...entry.credential?.headers, ...sent.headers };
    const answer = await this.#options.send({ ...sent, headers });
    expect(answer, statuses, 'lost', `${sent.method} ${sent.path} of the session ${entry.id}`);
    return answer;
  }

  async #attempt<T>(inFlight: InFlight, run: () => Promise<T>): Promise<T> {
    this.inFlight = inFlight;
    const result = await run();
    this.inFlight = null;
    return result;
  }
}

function remember(list: Sent[], sent: Sent): void {
  list.push(sent);
  if (list.length > MAX_REMEMBERED) list.shift();
}

export function expect(answer: Answer, statuses: readonly number[], kind: ViolationKind, what: string): void {
  if (statuses.includes(answer.status)) return;
  throw new Violation(kind, `${what} was answered ${answer.status} ${JSON.stringify(answer.body)}.`);
}
