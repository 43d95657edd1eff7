import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Delivery } from '../../lib/index.js';
import type { CreationOptionsJSON, RequestOptionsJSON } from '../../lib/testing/index.js';
import type { Sent } from './app.js';
import { Client, expect, remember } from './client.js';
import { type Entry, newEntry } from './ledger.js';

const DELIVERIES: readonly Delivery[] = ['cookie', 'bearer', 'token-cookies'];
const MAX_SESSIONS = 5;

/** A user who does anything that users do, over and over. */
export class User extends Client {
  /** Signs in for the first time and adds a passkey. */
  async enrol(): Promise<void> {
    const entry = await this.signIn();
    const begun = await this.send(entry, { method: 'POST', path: '/auth/passkeys/options' }, [200]);
    const { challengeId, options } = begun.body;
    const response = this.key.create(options as CreationOptionsJSON); // what the route answers
    await this.send(entry, { method: 'POST', path: '/auth/passkeys', body: { challengeId, response } }, [201]);
  }

  /** Does something that this user can do now. */
  async act(): Promise<void> {
    const { random } = this.options;
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
      () => (entry.approved === null ? this.approve(entry) : this.transfer(entry)),
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
    const delivery = this.options.random.pick(DELIVERIES);
    const headers = replaces?.credential?.headers ?? {};
    if (replaces !== undefined) replaces.used = true;
    const sent: Sent = { method: 'POST', path: '/login', headers, body: { userId: this.id, delivery } };
    return this.attempt({ type: 'sign-in', replaces: replaces ?? null }, async () => {
      const answer = await this.options.send(sent);
      expect(answer, [200], 'broken', 'A sign-in');
      if (replaces !== undefined) this.end([replaces]);
      return this.signedIn(newEntry(answer, delivery, 'password'));
    });
  }

  async #signInByPasskey(): Promise<void> {
    const begun = await this.options.send({ method: 'POST', path: '/auth/sign-in/passkey/options' });
    const { challengeId, options } = begun.body;
    const delivery = this.options.random.pick(DELIVERIES);
    const response = this.key.get(options as RequestOptionsJSON); // what the route answers
    const sent: Sent = {
      method: 'POST',
      path: '/auth/sign-in/passkey',
      headers: { Cookie: begun.setCookies.map((line) => line.split(';')[0]).join('; ') },
      body: { challengeId, response, delivery },
    };
    await this.attempt({ type: 'sign-in', replaces: null }, async () => {
      const answer = await this.options.send(sent);
      expect(answer, [200], 'broken', 'A sign-in by passkey');
      remember(this.signIns, sent);
      this.signedIn(newEntry(answer, delivery, 'passkey'));
    });
  }

  protected signedIn(entry: Entry): Entry {
    this.live.add(entry);
    this.options.acknowledged('sign-ins');
    return entry;
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
      expect(await this.options.send(sent), [401], 'spent then good', `An old refresh token of ${entry.id}`);
    });
  }

  async #ending(entries: readonly Entry[], what: string, run: () => Promise<unknown>): Promise<void> {
    await this.attempt({ type: 'end', entries }, async () => {
      await run();
      this.end(entries);
      this.options.acknowledged(what);
    });
  }
}
