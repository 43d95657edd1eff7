import type { Delivery } from '../../lib/index.js';
import {
  type AuthenticationResponseJSON,
  type CreationOptionsJSON,
  type RequestOptionsJSON,
  type SoftwareAuthenticator,
  softwareAuthenticator,
} from '../../lib/testing/index.js';
import { ORIGIN } from '../support/instance.js';
import { totpCode } from '../support/totp.js';
import { type FuzzedApp, PASSWORD } from './app.js';
import { type Draft, TRUE_FRAMING } from './draft.js';
import type { WireAnswer } from './wire.js';

/** A good request, but for the credential of its session, which is added when it is sent. */
export interface Template {
  readonly client: Client | null;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What routes answer that a client goes on with. */
interface Body {
  readonly session_id?: string;
  readonly access_token?: string;
  readonly refresh_token?: string;
  readonly challengeId?: string;
  readonly options?: object;
  readonly secret?: string;
  readonly codes?: readonly string[];
  readonly id?: string;
  readonly challenge?: {
    readonly id: string;
    readonly methods: { readonly passkey?: { readonly options: RequestOptionsJSON } };
  };
}

export interface Person {
  readonly id: string;
  readonly app: FuzzedApp;
  readonly send: (draft: Draft) => Promise<WireAnswer>;
  readonly key: SoftwareAuthenticator;
  /** Every good request that was or could have been sent. */
  readonly templates: Template[];
  secret: string;
}

export function newPerson({ id, app, send }: Pick<Person, 'id' | 'app' | 'send'>): Person {
  const key = softwareAuthenticator({ origin: ORIGIN, algorithm: 'ES256' });
  return { id, app, send, key, templates: [], secret: '' };
}

/** A good request was refused: after mutations the session may have expired, or the method removed. */
export class GoodRefused extends Error {}

/** A person's browser or app with one session. */
export class Client {
  readonly person: Person;
  readonly delivery: Delivery;
  readonly cookies: Map<string, string> = new Map();
  accessToken = '';
  refreshToken = '';
  sessionId = '';

  constructor(person: Person, delivery: Delivery) {
    this.person = person;
    this.delivery = delivery;
  }

  /** The headers that carry its session. */
  credential(): Record<string, string> {
    if (this.delivery === 'bearer') return { Authorization: `Bearer ${this.accessToken}` };
    return { Cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
  }

  async signIn(): Promise<void> {
    this.cookies.clear();
    const body = { userId: this.person.id, password: PASSWORD, delivery: this.delivery };
    await this.send({ client: null, method: 'POST', path: '/login', body }, 200);
  }

  /** Sends a good request, keeps it for the corpus, and learns what its answer hands out. */
  async send(template: Template, status: number): Promise<Body> {
    this.person.templates.push(template);
    const answer = await this.person.send(draftOf(template));
    if (answer.status !== status) throw new GoodRefused(`${template.method} ${template.path}: ${answer.body}`);
    this.learn(answer);
    return answer.body.startsWith('{') ? JSON.parse(answer.body) : {};
  }

  get(path: string, status = 200): Promise<Body> {
    return this.send({ client: this, method: 'GET', path }, status);
  }

  post(path: string, body?: unknown, status = 200): Promise<Body> {
    return this.send({ client: this, method: 'POST', path, ...(body === undefined ? {} : { body }) }, status);
  }

  /** Takes the tokens out of an answer. */
  learn({ status, setCookies, body }: WireAnswer): void {
    if (status >= 300) return;
    for (const line of setCookies) {
      const [pair = ''] = line.split(';');
      const equals = pair.indexOf('=');
      if (line.includes('Max-Age=0')) this.cookies.delete(pair.slice(0, equals));
      else this.cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
    }
    const read: Body = body.startsWith('{') ? JSON.parse(body) : {};
    this.accessToken = read.access_token ?? this.accessToken;
    this.refreshToken = read.refresh_token ?? this.refreshToken;
    this.sessionId = read.session_id ?? this.sessionId;
  }

  /** A good answer to a new challenge, not sent yet. */
  async assertion(purpose: 'step-up' | 'verify-only' = 'step-up'): Promise<Template> {
    const { challengeId, options } = await this.post('/auth/step-up/options', { method: 'passkey', purpose });
    const response = this.#sign(options as RequestOptionsJSON); // what the route answers
    if (purpose === 'verify-only') {
      return this.#template('POST', '/auth/passkey/verify-assertion', { challengeId, response });
    }
    return this.#template('POST', '/auth/step-up/verify', { method: 'passkey', challengeId, response });
  }

  async approval(): Promise<Template> {
    const transfer = { to: 'bea', amount: this.person.templates.length };
    const { challenge } = await this.post('/transfers', transfer, 401);
    const options = challenge?.methods.passkey?.options;
    if (options === undefined) throw new GoodRefused('There is no passkey to approve with.');
    const response = this.#sign(options);
    return this.#template('POST', '/auth/step-up/verify', { method: 'passkey', challengeId: challenge?.id, response });
  }

  async registration(): Promise<Template> {
    const { challengeId, options } = await this.post('/auth/passkeys/options');
    const key = softwareAuthenticator({ origin: ORIGIN, algorithm: 'ES256' });
    const response = key.create({ ...(options as CreationOptionsJSON), excludeCredentials: [] }); // what the route answers
    return this.#template('POST', '/auth/passkeys', { challengeId, response, label: 'phone' });
  }

  /** A good answer to a new challenge of a sign-in, with the browser's cookie for it. */
  async passkeySignIn(): Promise<Template> {
    const { challengeId, options } = await this.post('/auth/sign-in/passkey/options');
    const response = this.person.key.get(options as RequestOptionsJSON); // what the route answers
    const headers = { Cookie: `__Host-sign-in=${this.cookies.get('__Host-sign-in')}` };
    const body = { challengeId, response, delivery: this.delivery };
    return { client: null, method: 'POST', path: '/auth/sign-in/passkey', body, headers };
  }

  code(): Template {
    const { app, secret } = this.person;
    const response = { code: totpCode(secret, app.clock.now() + 30_000) }; // the one of now has counted before
    return this.#template('POST', '/auth/step-up/verify', { method: 'totp', response });
  }

  #sign(options: RequestOptionsJSON): AuthenticationResponseJSON {
    try {
      return this.person.key.get(options);
    } catch (cause) {
      throw new GoodRefused('The passkey is another one now.', { cause });
    }
  }

  #template(method: string, path: string, body: unknown): Template {
    return { client: this, method, path, body };
  }
}

export function draftOf({ client, method, path, body, headers = {} }: Template): Draft {
  const json: Record<string, string> = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const all = { 'Sec-Fetch-Site': 'same-origin', ...json, ...client?.credential(), ...headers };
  const copy: unknown = body === undefined ? undefined : structuredClone(body);
  return { method, path, headers: Object.entries(all), body: copy, framing: TRUE_FRAMING, mutations: [] };
}
