import type { Response } from 'supertest';
import type { Delivery } from '../../lib/stores/contract/sessions.js';
import { Browser, type Sent } from '../support/browser.js';

/** How a session travels, or that the app keeps it, in a cookie of its own. */
export type Kind = Delivery | 'app';

/** Somebody who holds credentials of a session, by whichever delivery, and may lose an answer. */
export class Holder {
  readonly #address: string;
  readonly #delivery: Kind;
  #cookies: Map<string, string>;
  #access: string;
  #refresh: string;

  constructor(
    address: string,
    delivery: Kind,
    held: { cookies?: Map<string, string>; access?: string; refresh?: string } = {},
  ) {
    this.#address = address;
    this.#delivery = delivery;
    this.#cookies = new Map(held.cookies);
    this.#access = held.access ?? '';
    this.#refresh = held.refresh ?? '';
  }

  /** Somebody else with what this one has now. */
  copy(): Holder {
    return new Holder(this.#address, this.#delivery, {
      cookies: this.#cookies,
      access: this.#access,
      refresh: this.#refresh,
    });
  }

  /** Sends a request with the credentials that go along by themselves; a lost answer teaches nothing. */
  async send(method: string, path: string, body?: object, lost = false): Promise<Response> {
    const browser = new Browser(this.#address, new Map(this.#cookies));
    const headers = this.#access === '' ? {} : { Authorization: `Bearer ${this.#access}` };
    const sent: Sent = body === undefined ? { headers } : { headers, body };
    const response = await browser.send(method, path, sent);
    if (lost) return response;
    this.#cookies = browser.cookies;
    if (this.#delivery !== 'bearer') return response;
    const { access_token, refresh_token } = response.body as { access_token?: string; refresh_token?: string }; // of signing in, refreshing and stepping up
    this.#access = access_token ?? this.#access;
    this.#refresh = refresh_token ?? this.#refresh;
    return response;
  }

  signIn(): Promise<Response> {
    return this.send('POST', '/sign-in', { delivery: this.#delivery });
  }

  refresh(lost: boolean): Promise<Response> {
    const body = this.#delivery === 'bearer' ? { refresh_token: this.#refresh } : undefined;
    return this.send('POST', '/auth/token/refresh', body, lost);
  }
}
