import type { IncomingMessage, ServerResponse } from 'node:http';
import { type OnRefusal, Refusal, refusalFrom } from '../http/refusal.js';
import type { Middleware } from '../http/require-session.js';
import { createFormBody, sendRefusal } from '../http/router.js';
import { SetupError } from '../internal/setup-error.js';
import { refuseUnknownKeys } from '../internal/unknown-keys.js';
import type { Services } from '../services.js';
import { wantsPage } from './accept.js';
import { decodeFields, type Fields, type RefusedFields, readFields } from './fields.js';
import type { AskedMethod, PageContent, RenderPage } from './page.js';
import { mountOf, pathOf, placeAt, withoutQuery } from './place.js';
import { redirect, type Site, send } from './send.js';
import { againText, REFUSED_FIELDS, wrongText } from './texts.js';

export interface PagesOptions {
  /**
   * Makes the HTML document of a page, in your own frame and words. Without it the page is a plain one in English that
   * loads nothing. Your own `Content-Security-Policy` then stays, with a further one that forbids framing.
   */
  readonly render?: RenderPage | undefined;
}

export interface Pages {
  readonly middleware: (options?: PagesOptions) => Middleware;
  /** Answers with a page where the request came through the middleware and is a browser's. */
  readonly onRefusal: OnRefusal;
}

/** Below the mount. */
const PATH = '/step-up/page';

/** What a page is about, from its first view to the next after a wrong answer. */
interface Asking {
  readonly returnTo: string;
  /** The names of the methods to offer. */
  readonly names: readonly string[];
  readonly challengeId: string | null;
  readonly summary: string | null;
  /** The form that was posted, encoded; null for a page that is only gone to. */
  readonly fields: string | null;
}

/**
 * Step-up for apps whose pages come from the server, without JavaScript. Whoever is refused for want of a proof gets a
 * page with a form in place of JSON. All that has to be remembered is in the page; the server keeps the challenge alone.
 */
export function createPages(
  {
    settings: { origin },
    methods,
    requireCaller,
    stepUpCalls,
    isSameOrigin,
    clock,
  }: Pick<Services, 'settings' | 'methods' | 'requireCaller' | 'stepUpCalls' | 'isSameOrigin' | 'clock'>,
  fallback: OnRefusal,
  answersAll: boolean,
): Pages {
  /** Where a request's pages are, and who makes their documents. */
  const sites = new WeakMap<IncomingMessage, Site>();

  function askedOf(names: readonly string[]): readonly AskedMethod[] {
    return names.flatMap((name) => {
      const method = methods.get(name);
      return method?.field === undefined || method.begin !== undefined ? [] : [{ ...method.field, method: name }];
    });
  }

  const isForForms = (name: string): boolean => askedOf([name]).length > 0;

  function ask({ returnTo, names, ...rest }: Asking, site: Site, message: string | null): PageContent {
    const hidden = Object.entries({ challenge: rest.challengeId, summary: rest.summary, fields: rest.fields });
    return {
      type: 'ask',
      summary: rest.summary,
      message,
      action: pageUrl(site, returnTo, names),
      hidden: hidden.flatMap(([name, value]): Fields => (value === null ? [] : [[name, value]])),
      methods: askedOf(names),
    };
  }

  /** The first view, in answer to the guard's refusal. */
  async function answerRequired(
    refusal: Refusal,
    req: IncomingMessage,
    res: ServerResponse,
    site: Site,
  ): Promise<void> {
    const { challenge, missing, methods: ofRule, spentAt } = refusal.members as unknown as RequiredMembers; // as the guard makes them
    const returnTo = placeAt(origin, pathOf(req));
    if (returnTo === null)
      return send(res, site, 400, { type: 'refused', message: 'This address can’t be come back to.' });
    const ways = missing ?? ofRule.filter(({ enrolled }) => enrolled).map(({ method }) => [method]);
    // A way of which one part needs a script leads nowhere here.
    const open = ways.filter((way) => way.every(isForForms)).flat();
    const names = [...new Set(open.length > 0 ? open : ways.flat().filter((name) => !isForForms(name)))];
    const isGet = req.method === 'GET' || req.method === 'HEAD';
    if (isGet && challenge === undefined) return redirect(res, pageUrl(site, returnTo, names));
    const read = isGet ? ({ outcome: 'read', encoded: null } as const) : readFields(req);
    if (read.outcome === 'refused') return refuseFields(read.why, res, site);
    const asking = {
      returnTo,
      names,
      challengeId: challenge?.id ?? null,
      summary: challenge?.summary ?? null,
      fields: read.encoded,
    };
    const message = spentAt === undefined ? null : againText(spentAt, clock.now());
    for (const [name, value] of Object.entries(refusal.headers)) res.setHeader(name, value);
    return send(res, site, refusal.status, ask(asking, site, message));
  }

  function refuseFields(why: RefusedFields, res: ServerResponse, site: Site): Promise<void> {
    return send(res, site, why === 'size' ? 413 : 415, { type: 'refused', message: REFUSED_FIELDS[why] });
  }

  /** The page itself: gone to by a redirect, or posted to with an answer. */
  async function serve(req: IncomingMessage, res: ServerResponse, site: Site): Promise<void> {
    const query = new URL(req.url ?? '', origin).searchParams;
    const returnTo = placeAt(origin, query.get('return_to'));
    if (returnTo === null) throw new Refusal('request_invalid', { detail: '`return_to` must be a path of this app.' });
    const given = query.getAll('method');
    const { row } = await requireCaller(req);
    const names = await methods.enrolled(given.length === 0 ? methods.names : known(given), row.userId);
    if (req.method === 'GET' || req.method === 'HEAD') {
      const asking = { returnTo, names, challengeId: null, summary: null, fields: null };
      return send(res, site, 200, ask(asking, site, null));
    }
    if (req.method !== 'POST') {
      throw new Refusal('method_not_allowed', { headers: { Allow: 'GET, HEAD, POST' } });
    }
    return answer(req, res, site, { returnTo, names });
  }

  const known = (given: readonly string[]): readonly string[] => methods.names.filter((name) => given.includes(name));

  async function answer(
    req: IncomingMessage,
    res: ServerResponse,
    site: Site,
    { returnTo, names }: Pick<Asking, 'returnTo' | 'names'>,
  ): Promise<void> {
    const { method = '', answer: typed = '', challenge, summary = null, fields = null } = parsePosted(req);
    const asking = { returnTo, names, challengeId: challenge ?? null, summary, fields };
    const [asked] = askedOf([method]);
    if (asked === undefined) throw new Refusal('request_invalid', { detail: '`method` is none that a form can give.' });
    try {
      const response = { [asked.member]: typed };
      await stepUpCalls.verifyStepUp(req, res, { method, challengeId: challenge, response });
    } catch (error) {
      const refusal = refusalFrom(error);
      if (refusal === null || !isAboutTheAnswer(refusal)) throw error;
      return showAgain(refusal, res, site, asking);
    }
    if (fields === null) return redirect(res, returnTo);
    return send(res, site, 200, { type: 'send', summary, action: returnTo, fields: decodeFields(fields) });
  }

  /** After an answer that was no good. */
  function showAgain(refusal: Refusal, res: ServerResponse, site: Site, asking: Asking): Promise<void> {
    const { challenge, reason, attemptsLeft, spentAt } = refusal.members as FailedMembers; // as the routes make them
    const headers = Object.entries(refusal.headers);
    for (const [name, value] of headers) res.setHeader(name, value);
    const isOver = refusal.code === 'step_up_failed' && asking.challengeId !== null && challenge === undefined;
    if (isOver) {
      const message =
        reason === 'challenge'
          ? 'The time to confirm this is over, or it was answered before.'
          : 'That was not right. Begin again.';
      const fields = asking.fields === null ? null : decodeFields(asking.fields);
      return send(res, site, refusal.status, { type: 'restart', message, action: asking.returnTo, fields });
    }
    const next = challenge === undefined ? asking : { ...asking, challengeId: challenge.id }; // for the same action
    const message = [wrongText(refusal, attemptsLeft), spentAt === undefined ? null : againText(spentAt, clock.now())];
    return send(res, site, refusal.status, ask(next, site, message.filter((text) => text !== null).join(' ')));
  }

  /** Every other refusal, as a page that says it. */
  function answerOther(refusal: Refusal, res: ServerResponse, site: Site): Promise<void> {
    for (const [name, value] of Object.entries(refusal.headers)) res.setHeader(name, value);
    const message =
      refusal.code === 'step_up_unavailable'
        ? 'This has to be confirmed in a way that you have not set up.'
        : refusal.message;
    return send(res, site, refusal.status, { type: 'refused', message });
  }

  async function onRefusal(refusal: Refusal, req: IncomingMessage, res: ServerResponse, next: Next): Promise<unknown> {
    const site = sites.get(req);
    if (site === undefined || !wantsPage(req) || res.headersSent) return fallback(refusal, req, res, next);
    if (refusal.code === 'step_up_required') return answerRequired(refusal, req, res, site);
    if (refusal.code === 'action_incomplete') {
      // Nothing could be bound where no fields were read: say why.
      const read = readFields(req);
      if (read.outcome === 'refused') return refuseFields(read.why, res, site);
    }
    if (answersAll || refusal.code === 'step_up_unavailable') return answerOther(refusal, res, site);
    return fallback(refusal, req, res, next);
  }

  const readForm = createFormBody();

  return {
    onRefusal,
    middleware(options = {}) {
      const render = parseRender(options);
      return function stepgatePages(req, res, next) {
        const url = placeAt(origin, `${mountOf(req)}${PATH}`);
        if (url === null) return next(); // no path of this app: its own answer will do
        const site = { url, render };
        sites.set(req, site);
        if (withoutQuery(req.url ?? '') !== PATH) return next();
        const failed = (error: unknown): unknown => {
          const refusal = refusalFrom(error);
          if (refusal === null) return next(error);
          return wantsPage(req) ? answerOther(refusal, res, site) : sendRefusal(res, refusal);
        };
        if (req.method === 'POST' && !isSameOrigin(req)) return void failed(new Refusal('cross_origin'));
        const answered = async (error: unknown): Promise<void> => {
          if (error !== undefined) throw error;
          await serve(req, res, site);
        };
        // oxlint-disable-next-line promise/no-promise-in-callback -- the parser of forms has callbacks only
        readForm(req, res, (error) => void answered(error).catch(failed).catch(next));
      };
    },
  };
}

type Next = (error?: unknown) => void;

/** The members of a `step_up_required` that pages go by. */
interface RequiredMembers {
  readonly missing?: readonly (readonly string[])[];
  readonly methods: readonly { readonly method: string; readonly enrolled: boolean }[];
  readonly challenge?: { readonly id: string; readonly summary: string | null };
  readonly spentAt?: number;
}

/** And those of a `step_up_failed`. */
interface FailedMembers {
  readonly reason?: 'response' | 'challenge';
  readonly attemptsLeft?: number;
  readonly challenge?: { readonly id: string };
  readonly spentAt?: number;
}

const POSTED = ['method', 'answer', 'challenge', 'summary', 'fields'] as const;

/** Each field at most once, and as text. */
function parsePosted(req: IncomingMessage): Readonly<Partial<Record<(typeof POSTED)[number], string>>> {
  const { body = {} } = req as { body?: unknown }; // whichever parser ran has put it there
  if (typeof body !== 'object' || body === null) throw new Refusal('request_invalid');
  const given = Object.entries(body).filter(([name]) => (POSTED as readonly string[]).includes(name));
  if (given.some(([, value]) => typeof value !== 'string')) throw new Refusal('request_invalid');
  return Object.fromEntries(given);
}

function isAboutTheAnswer({ code }: Refusal): boolean {
  return code === 'step_up_failed' || code === 'method_locked' || code === 'method_disabled';
}

/** The page for a place and these methods. Both are looked at again when they come back. */
function pageUrl({ url }: Site, returnTo: string, names: readonly string[]): string {
  const { pathname, search } = new URL(returnTo);
  const query = new URLSearchParams({ return_to: pathname + search });
  for (const name of names) query.append('method', name);
  return `${url}?${query.toString()}`;
}

function parseRender(options: PagesOptions): RenderPage | null {
  refuseUnknownKeys(options, ['render'], 'pages');
  const { render } = options;
  if (render === undefined || typeof render === 'function') return render ?? null;
  throw new SetupError('`pages.render` must be a function.', 'Write `auth.pages({ render: (page) => … })`.');
}
