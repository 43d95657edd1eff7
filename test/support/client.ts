import assert from 'node:assert/strict';
import type { Response } from 'supertest';
import type { Delivery } from '../../lib/stores/contract/sessions.js';
import type { App } from './app.js';
import { Browser, type Sent } from './browser.js';

export const DELIVERIES: readonly Delivery[] = ['cookie', 'bearer', 'token-cookies'];

/** Those with a refresh token. */
export const REFRESHED: readonly Delivery[] = ['bearer', 'token-cookies'];

/** A client of any delivery, which keeps what it is given as clients of that delivery do. */
export class Client extends Browser {
  readonly delivery: Delivery;
  readonly #app: App;
  #access = '';
  #refresh = '';

  constructor(app: App, delivery: Delivery) {
    super(app);
    this.#app = app;
    this.delivery = delivery;
  }

  /** One that has signed in by the test app's `/login`. */
  static async signedIn({ app }: { readonly app: App }, delivery: Delivery, options: object = {}): Promise<Client> {
    const client = new Client(app, delivery);
    await client.signIn({ delivery, ...options });
    return client;
  }

  override send(method: string, path: string, { headers = {}, ...sent }: Sent = {}): Promise<Response> {
    const own = this.#access === '' ? {} : { Authorization: `Bearer ${this.#access}` };
    return super.send(method, path, { ...sent, headers: { ...own, ...headers } });
  }

  override receive(response: Response): void {
    super.receive(response);
    const { access_token, refresh_token } = response.body?.body ?? response.body ?? {};
    this.#access = access_token ?? this.#access;
    this.#refresh = refresh_token ?? this.#refresh;
  }

  refresh(): Promise<Response> {
    const inBody = this.#refresh === '' ? {} : { body: { refresh_token: this.#refresh } };
    return this.post('/auth/token/refresh', inBody);
  }

  async refreshed(): Promise<void> {
    const response = await this.refresh();
    assert.equal(response.status, 200, response.text);
  }

  /** Another holder of all that this one holds now; what a copy is answered is lost to this one. */
  copy(of: { readonly app: App } = { app: this.#app }): Client {
    const copy = new Client(of.app, this.delivery);
    for (const [name, value] of this.cookies) copy.cookies.set(name, value);
    copy.#access = this.#access;
    copy.#refresh = this.#refresh;
    return copy;
  }

  /** Whether the session token that it holds is good. */
  async isSignedIn(): Promise<boolean> {
    return (await this.get('/me')).status === 200;
  }
}
