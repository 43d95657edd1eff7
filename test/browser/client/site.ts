import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import type { Method } from '../../../lib/methods/method.js';
import { passkey } from '../../../lib/methods/passkey/index.js';
import { password } from '../../../lib/methods/password.js';
import { recoveryCode } from '../../../lib/methods/recovery-code/index.js';
import { totp } from '../../../lib/methods/totp/index.js';
import type { GuardRequest } from '../../../lib/step-up/rule.js';
import { root } from '../../repository/root.js';
import { handle } from '../../support/app.js';
import { cleanUp } from '../../support/clean-up.js';
import { type TestInstance, type TestInstanceOptions, testInstance } from '../../support/instance.js';
import { pin } from '../../support/pin.js';

const PASSWORD = 'sesame';
export type MethodName = 'passkey' | 'totp' | 'password' | 'pin' | 'recovery-code' | 'sms';

/** An answer that is held back, after everything was done for it. */
export interface Held {
  /** Resolves when the answer is ready. */
  readonly reached: Promise<void>;
  readonly release: () => void;
}

export interface Site extends TestInstance<MethodName> {
  readonly url: string;
  readonly app: Express;
  /** `POST /transfers 200`, in the order of the answers. */
  readonly answered: string[];
  /** What was booked: the only thing here that must not happen twice. */
  readonly bookings: object[];
  /** The next answer to `POST /transfers` or the like is not sent: its connection breaks. */
  cut(route: string): void;
  /** The next answer is a proxy's page. */
  replace(route: string, status?: number): void;
  hold(route: string): Held;
}

export type SiteOptions = Omit<TestInstanceOptions, 'methods'> & {
  /**
   * Whether a connection takes more than one request. Where it does, Chromium itself sends a request again whose answer
   * didn't come.
   * @default false
   */
  readonly keepAlive?: boolean;
  /** Methods beside those that there are, weaker than all of them. */
  readonly more?: readonly Method<MethodName>[];
  /** What else there is, before stepgate's router. */
  readonly routes?: (app: Express, auth: TestInstance<MethodName>['auth']) => void;
};

type Interference = (res: ServerResponse, send: () => void) => void;

/**
 * An app as users of stepgate write it, with a page that has the client and nothing else, under a policy that allows
 * only the app's own scripts: `POST /transfers` has to be confirmed as it is, `GET /passkey` and the like ask for a
 * proof of five minutes, `GET /both` for two.
 */
export async function startSite({ routes, more = [], keepAlive = false, ...options }: SiteOptions = {}): Promise<Site> {
  const app = express();
  const server = createServer(app);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://localhost:${(server.address() as AddressInfo).port}`; // it listens on a port
  const instance = testInstance({
    issuer: url,
    insecureCookies: true,
    methods: [
      passkey({ rpID: 'localhost', rpName: 'Example', origins: [url] }),
      totp(),
      password({ verify: (_userId, given) => given === PASSWORD }),
      pin,
      recoveryCode(),
      ...more,
    ],
    users: { find: (id) => ({ name: `${id}@app.example` }) },
    ...options,
  });
  cleanUp(() => {
    server.closeAllConnections();
    server.close();
  });
  const { auth } = instance;
  const answered: string[] = [];
  const bookings: object[] = [];
  const interferences: [route: string, Interference][] = [];

  app.use((req, res, next) => {
    const route = `${req.method} ${req.path}`;
    res.on('finish', () => answered.push(`${route} ${res.statusCode}`));
    const index = interferences.findIndex(([wanted]) => wanted === route);
    const [found] = index === -1 ? [] : interferences.splice(index, 1);
    if (found !== undefined) {
      const end = res.end.bind(res) as (...args: readonly unknown[]) => ServerResponse; // of its overloads the widest
      res.end = ((...args: readonly unknown[]) => {
        res.end = end as typeof res.end; // once
        found[1](res, () => void end(...args));
        return res;
      }) as typeof res.end;
    }
    next();
  });
  app.use((_req, res, next) => {
    if (!keepAlive) res.setHeader('Connection', 'close');
    res.setHeader('Content-Security-Policy', "default-src 'none'; script-src 'self'; connect-src 'self'");
    next();
  });
  app.get('/', (_req, res) => void res.type('html').send(PAGE));
  app.get('/page.js', (_req, res) => void res.type('js').send(SCRIPT));
  app.use('/stepgate', express.static(`${root}/dist/esm`, { extensions: ['js'] }));
  app.use(express.json());
  app.post(
    '/login',
    handle((req, res) => {
      const { body } = req as { body?: object }; // which the parser has set
      return auth.signIn(req, res, { userId: 'ada', method: 'password', ...body });
    }),
  );
  app.get('/me', auth.requireSession, (req, res) => void res.json({ userId: auth.current(req).userId }));
  const bind = ({ body }: Pick<GuardRequest, 'body'>) => ({ to: body['to'], cents: body['cents'] });
  app.post(
    '/transfers',
    auth.requireFreshStepUp({
      method: ['passkey', 'totp', 'password'],
      bind: (req: GuardRequest) => bind(req),
      summary: ({ to, cents }) => `Send ${String(cents)} cents to ${String(to)}`,
    }),
    (req, res) => {
      bookings.push(bind(req));
      res.json({ balance: 1_000 - bookings.length });
    },
  );
  for (const method of ['passkey', 'totp', 'password', 'pin'] as const) {
    app.get(
      `/${method}`,
      auth.requireFreshStepUp({ method, maxAge: '5m' }),
      (_req, res) => void res.json({ ok: true }),
    );
  }
  app.get(
    '/both',
    auth.requireFreshStepUp({
      allOf: [
        { method: 'password', maxAge: '5m' },
        { method: 'pin', maxAge: '5m' },
      ],
    }),
    (_req, res) => void res.json({ ok: true }),
  );
  routes?.(app, auth);
  app.use('/auth', auth.router());

  return {
    ...instance,
    url,
    app,
    answered,
    bookings,
    cut: (route) => void interferences.push([route, (res) => void res.destroy()]),
    replace(route, status = 502) {
      interferences.push([
        route,
        (res) => {
          res.statusCode = status;
          for (const name of res.getHeaderNames()) res.removeHeader(name);
          res.setHeader('Content-Type', 'text/html');
          res.end('<html><h1>Bad Gateway</h1></html>');
        },
      ]);
    },
    hold(route) {
      let release = (): void => {};
      const reached = new Promise<void>((resolve) => {
        interferences.push([
          route,
          (_res, send) => {
            release = send;
            resolve();
          },
        ]);
      });
      return { reached, release: () => release() };
    },
  };
}

const PAGE = `<!doctype html><title>An app</title>
<input autocomplete="username webauthn"><script type="module" src="/page.js"></script>`;

// What a page writes, with everything where a test can see it.
const SCRIPT = `import { createClient } from '/stepgate/browser.js';
import { createApprovals } from '/stepgate/browser/approvals.js';
const { bearer, ...options } = Object.fromEntries(new URLSearchParams(location.search));
let kept = null;
const tokens = { get: () => kept, set: (next) => { kept = next; } };
globalThis.told = [];
globalThis.asked = [];
globalThis.user = async () => 'cancelled';
globalThis.client = createClient({
  ...options,
  ...(bearer && { tokens }),
  confirm(request) {
    const { why, summary, ways, again, notice } = request;
    asked.push({ why, summary, ways, again, notice });
    return user(request);
  },
});
globalThis.tokens = tokens;
globalThis.approvals = createApprovals(client);
for (const type of ['signed-out', 'session-changed']) client.on(type, () => told.push(type));
`;
