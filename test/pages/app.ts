import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import bodyParser from 'body-parser';
import type { Response } from 'supertest';
import type { Middleware } from '../../lib/http/require-session.js';
import type { Method } from '../../lib/methods/method.js';
import { password } from '../../lib/methods/password.js';
import type { PagesOptions } from '../../lib/pages/index.js';
import type { GuardRequest } from '../../lib/step-up/rule.js';
import { fakeKey } from '../step-up/fake-methods.js';
import { type App, type TestApp, testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { ORIGIN, type TestInstance, type TestInstanceOptions, testInstance } from '../support/instance.js';
import { pin } from '../support/pin.js';

export const PASSWORD = 'correct horse battery staple';

/** Needs no script, as its `field` says. */
const pinWithField: Method<'pin'> = {
  ...pin,
  field: { member: 'code', label: 'PIN', type: 'password', autocomplete: 'off', inputMode: 'numeric' },
};

const transferRule = {
  method: ['key', 'password'],
  bind: ({ body }: GuardRequest) => ({ to: body['to'], amount: body['amount'] }),
  summary: ({ to, amount }: { to: unknown; amount: unknown }): string => `Send ${String(amount)} to ${String(to)}`,
} as const;

export interface PagesApp extends TestInstance<string>, Pick<TestApp, 'app' | 'errors'> {
  /** What each guarded handler was given. */
  readonly done: { readonly method: string | undefined; readonly url: string; readonly body: unknown }[];
  /** Every request: where it went, and its body once it is parsed. */
  readonly requests: { readonly url: string; readonly body: unknown }[];
  signIn(): Promise<FormBrowser>;
}

export interface PagesAppOptions extends TestInstanceOptions<readonly Method[]> {
  readonly create?: () => App;
  /** @default the simple one */
  readonly parser?: Middleware;
  readonly pages?: PagesOptions;
}

/**
 * An app whose pages come from the server: `/report` and `/settings` ask for a fresh password or PIN, `/both` for both,
 * `/key` for a key, which needs a script. `/transfers` is bound to its fields, `/once` to the request as such.
 */
export function pagesApp({
  create,
  parser = bodyParser.urlencoded({ extended: false }),
  pages,
  ...options
}: PagesAppOptions = {}): PagesApp {
  const methods = [fakeKey(), password({ verify: (_user, given) => given === PASSWORD }), pinWithField];
  const instance = testInstance<readonly Method[]>({ methods, ...options });
  const { requireFreshStepUp } = instance.auth;
  const done: PagesApp['done'][number][] = [];
  const requests: PagesApp['requests'][number][] = [];
  const note: Middleware = (req, _res, next) => {
    const { body } = req as { body?: unknown }; // of the parser
    requests.push({ url: urlOf(req), body });
    next();
  };
  const handler: Middleware = (req, res) => {
    const { body } = req as { body?: unknown }; // of the parser
    done.push({ method: req.method, url: urlOf(req), body });
    res.setHeader('Content-Type', 'text/html');
    res.end('<!doctype html><title>Done</title><h1>Done</h1>');
  };
  const fresh = requireFreshStepUp({ method: ['password', 'pin'], maxAge: '5m' });
  const both = { allOf: [{ method: 'password', maxAge: '5m' } as const, { method: 'pin', maxAge: '5m' } as const] };
  const { app, errors } = testApp(instance.auth, {
    ...(create ? { create } : {}),
    before: [parser, note, instance.auth.pages(pages)],
    routes: {
      '/report': [fresh, handler],
      '/settings': [fresh, handler],
      '/both': [requireFreshStepUp(both), handler],
      '/key': [requireFreshStepUp({ method: 'key', maxAge: '5m' }), handler],
      '/transfers': [requireFreshStepUp(transferRule), handler],
      '/once': [requireFreshStepUp({ method: 'password', once: true }), handler],
    },
  });
  return {
    ...instance,
    app,
    errors,
    done,
    requests,
    async signIn() {
      const browser = new FormBrowser(app);
      // A sign-in that is old enough to prove nothing any more.
      await browser.signIn({ method: 'external' });
      return browser;
    },
  };
}

function urlOf(req: IncomingMessage): string {
  const { originalUrl } = req as { originalUrl?: unknown }; // Connect and Express have it
  return String(originalUrl);
}

/** A form on a page. */
export interface Form {
  readonly action: string;
  /** The hidden fields. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** The name of the field to type in. */
  readonly typed: string | undefined;
}

export const NAVIGATION: Readonly<Record<string, string>> = {
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Sec-Fetch-Mode': 'navigate',
};

/** A browser that runs no scripts: it goes to pages, and sends forms. */
export class FormBrowser extends Browser {
  /** Goes to a path, or to an absolute URL of the app. */
  goTo(place: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.get(pathOf(place), { headers: { ...NAVIGATION, ...headers } });
  }

  /** Goes where a redirect leads, which has to be to the app. */
  follow(response: Response): Promise<Response> {
    assert.equal(response.status, 303, response.text);
    return this.goTo(response.headers['location'] ?? '');
  }

  postForm(place: string, fields: Iterable<readonly [string, string]>): Promise<Response> {
    const body = new URLSearchParams([...fields].map(([name, value]): [string, string] => [name, value])).toString();
    return this.post(pathOf(place), { body, headers: { ...NAVIGATION, 'Content-Type': FORM } });
  }

  /** Sends the form of a page, with what is typed; the one of this method where there are several. */
  submit(page: Response, typed?: string, method?: string): Promise<Response> {
    const forms = formsOf(page.text);
    const form = forms.find(({ fields }) => method === undefined || fields.some(([, value]) => value === method));
    assert.ok(form, page.text);
    const more = form.typed === undefined ? [] : [[form.typed, typed ?? ''] as const];
    return this.postForm(form.action, [...form.fields, ...more]);
  }
}

const FORM = 'application/x-www-form-urlencoded';

/** Of an absolute URL: whatever leads elsewhere fails the test. */
function pathOf(place: string): string {
  if (place.startsWith('/')) return place;
  const { origin, pathname, search } = new URL(place);
  assert.equal(origin, ORIGIN);
  return pathname + search;
}

/** The forms of a page, read as a browser reads them. */
export function formsOf(markup: string): readonly Form[] {
  return Array.from(markup.matchAll(/<form method="post" action="([^"]*)">(.*?)<\/form>/gs), ([, action, inside]) => ({
    action: unescaped(action),
    fields: Array.from(
      (inside ?? '').matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g),
      ([, name, value]) => [unescaped(name), unescaped(value)] as const,
    ),
    typed: /<input id="[^"]*" name="([^"]*)"/.exec(inside ?? '')?.[1],
  }));
}

function unescaped(markup = ''): string {
  const characters: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return markup.replace(/&(#?\w+);/g, (_, name: string) => characters[name] ?? '');
}
