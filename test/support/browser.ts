import assert from 'node:assert/strict';
import type { Response } from 'supertest';
import type { SignedIn } from '../../lib/http/sign-in.js';
import type { App } from './app.js';
import { request } from './request.js';

export interface Sent {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** Sends requests as a page of the app does, and keeps cookies as a browser does. */
export class Browser {
  readonly cookies: Map<string, string>;
  readonly #app: App | string;

  /** Of an app, or of one that listens at this address; with the jar of another browser, which both fill then. */
  constructor(app: App | string, cookies: Map<string, string> = new Map()) {
    this.#app = app;
    this.cookies = cookies;
  }

  get(path: string, sent?: Sent): Promise<Response> {
    return this.send('GET', path, sent);
  }

  post(path: string, sent?: Sent): Promise<Response> {
    return this.send('POST', path, sent);
  }

  delete(path: string, sent?: Sent): Promise<Response> {
    return this.send('DELETE', path, sent);
  }

  /** A header that is undefined is left out, those that are sent by default included. */
  async send(method: string, path: string, { body, headers = {} }: Sent = {}): Promise<Response> {
    const sending = request(this.#app, method, path);
    const all = { 'Sec-Fetch-Site': 'same-origin', Cookie: this.cookieHeader(), ...headers };
    for (const [name, value] of Object.entries(all)) if (value !== undefined) sending.set(name, value);
    const response = await (body === undefined ? sending : sending.send(body as object)); // a string is sent as it is
    this.receive(response);
    return response;
  }

  /** Keeps what an answer brings; `send` does it by itself. */
  receive(response: Response): void {
    for (const line of setCookies(response)) this.#keep(line);
  }

  /** Signs in by the test app's `/login`. */
  async signIn(options: object = {}): Promise<SignedIn> {
    const response = await this.post('/login', { body: options });
    assert.equal(response.status, 200, response.text);
    return response.body;
  }

  cookieHeader(): string | undefined {
    if (this.cookies.size === 0) return undefined;
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const name = pair.slice(0, pair.indexOf('='));
    if (attributes.includes('Max-Age=0')) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(name.length + 1));
  }
}

/** The lines of `Set-Cookie`. */
export function setCookies(response: Response): readonly string[] {
  return [response.headers['set-cookie'] ?? []].flat();
}
