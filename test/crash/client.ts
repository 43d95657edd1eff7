import { type RequestOptionsJSON, type SoftwareAuthenticator, softwareAuthenticator } from '../../lib/testing/index.js';
import { ORIGIN } from '../support/instance.js';
import type { Random } from '../support/random.js';
import { type Answer, type Sent, Unanswered } from './app.js';
import { credentialOf, type Entry, type InFlight, Violation, type ViolationKind } from './ledger.js';

const MAX_REMEMBERED = 4;

export interface UserOptions {
  readonly id: string;
  readonly random: Random;
  /** To whichever process the app is in now. */
  readonly send: (sent: Sent) => Promise<Answer>;
  readonly acknowledged: (what: string) => void;
}

/**
 * One user with several sessions, who does one thing at a time and keeps the ledger of it: so at most one thing is
 * unanswered when the app is killed. What users do at once goes into the same transactions.
 */
export class Client {
  readonly id: string;
  readonly live: Set<Entry> = new Set();
  readonly ended: Set<Entry> = new Set();
  /** Sign-ins by passkey that were done: none may be done twice. */
  readonly signIns: Sent[] = [];
  inFlight: InFlight | null = null;
  protected readonly options: UserOptions;
  /** Synced: with a counter it would be that which refuses an answer of before. */
  protected readonly key: SoftwareAuthenticator = softwareAuthenticator({
    origin: ORIGIN,
    algorithm: 'ES256',
    synced: true,
  });
  #transfers = 0;

  constructor(options: UserOptions) {
    this.id = options.id;
    this.options = options;
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
    const tries = Array.from({ length: this.options.random.chance(0.3) ? 2 : 1 }, () =>
      this.exchange(entry, presented),
    );
    await this.attempt({ type: 'refresh', entry }, async () => {
      const answers = await Promise.allSettled(tries);
      const pairs = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
      const [pair] = pairs;
      const failure = answers.find((answer) => answer.status === 'rejected');
      if (pair === undefined) throw failure?.reason;
      if (failure !== undefined && !(failure.reason instanceof Unanswered)) throw failure.reason;
      if (pairs.some(({ refreshToken }) => refreshToken !== pair.refreshToken)) {
        throw new Violation('broken', `Two refreshes of ${entry.id} at once gave two successors.`);
      }
      // With cookies one that is young is answered with itself.
      if (pair.refreshToken !== presented) entry.exchanged.push(presented);
      entry.credential = pair;
      entry.steppedUpAt = null;
      entry.approved = null;
      entry.used = false;
      this.options.acknowledged('refreshes');
    });
  }

  /** Presents a refresh token and gives what comes for it. */
  async exchange(entry: Entry, refreshToken: string): Promise<NonNullable<Entry['credential']>> {
    const inBody = entry.delivery === 'bearer';
    const answer = await this.options.send({
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
    this.options.acknowledged('challenges');
  }

  async stepUp(entry: Entry): Promise<void> {
    if (entry.open === null) await this.begin(entry);
    if (entry.open === null) return;
    const { challengeId, options } = entry.open;
    entry.open = null;
    const verifiedAt = await this.#verify(entry, challengeId, options);
    entry.steppedUpAt = verifiedAt;
    this.options.acknowledged('step-ups');
  }

  async approve(entry: Entry): Promise<void> {
    this.#transfers += 1;
    const transfer = { to: 'bea', amount: this.#transfers };
    const { body } = await this.send(entry, { method: 'POST', path: '/transfers', body: transfer }, [401]);
    const options = body.challenge?.methods.passkey?.options;
    if (options === undefined)
      throw new Violation('broken', `A transfer was refused otherwise: ${JSON.stringify(body)}`);
    await this.#verify(entry, body.challenge?.id ?? '', options);
    entry.approved = transfer;
    this.options.acknowledged('approvals');
  }

  /** Answers a challenge; the session has a new token then. */
  async #verify(entry: Entry, challengeId: string, options: RequestOptionsJSON): Promise<number> {
    const body = { method: 'passkey', challengeId, response: this.key.get(options) };
    const sent: Sent = { method: 'POST', path: '/auth/step-up/verify', body };
    return this.attempt({ type: 'step-up', entry }, async () => {
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
    await this.attempt({ type: 'transfer', entry, sent }, async () => {
      await this.send(entry, sent, [200]);
      remember(entry.spent, sent);
      this.options.acknowledged('approvals spent');
    });
  }

  protected end(entries: readonly Entry[]): void {
    for (const entry of entries) if (this.live.delete(entry)) this.ended.add(entry);
  }

  /** What was in flight has turned out to be done. */
  endedUnanswered(entries: readonly Entry[]): void {
    this.end(entries);
  }

  /** Takes a session out of the ledger, after something was wrong with it. */
  forget(entry: Entry): void {
    this.live.delete(entry);
    this.ended.delete(entry);
  }

  /** Sends a request with the credential of a session, which has to be good. */
  async send(entry: Entry, sent: Sent, statuses: readonly number[], kind: ViolationKind = 'lost'): Promise<Answer> {
    entry.used = true;
    const headers = { ...entry.credential?.headers, ...sent.headers };
    const answer = await this.options.send({ ...sent, headers });
    expect(answer, statuses, kind, `${sent.method} ${sent.path} of the session ${entry.id}`);
    return answer;
  }

  protected async attempt<T>(inFlight: InFlight, run: () => Promise<T>): Promise<T> {
    this.inFlight = inFlight;
    const result = await run();
    this.inFlight = null;
    return result;
  }
}

export function remember(list: Sent[], sent: Sent): void {
  list.push(sent);
  if (list.length > MAX_REMEMBERED) list.shift();
}

export function expect(answer: Answer, statuses: readonly number[], kind: ViolationKind, what: string): void {
  if (statuses.includes(answer.status)) return;
  throw new Violation(kind, `${what} was answered ${answer.status} ${JSON.stringify(answer.body)}.`);
}
