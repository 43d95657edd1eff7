import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import type { RequestAuth, Stepgate } from 'stepgate';
import type { Account } from './accounts.js';
import { Html, html } from './html.js';
import type { Booking } from './ledger.js';
import { money } from './money.js';
import { Problem } from './problem.js';

export interface PlainOptions {
  readonly auth: Pick<Stepgate, 'pages' | 'requireSession' | 'current' | 'signOut'>;
  /** By e-mail address and password: sets the cookie. */
  readonly signIn: (req: Request, res: Response) => Promise<object>;
  readonly accountOf: (auth: RequestAuth) => Promise<Account>;
  readonly historyOf: (auth: RequestAuth) => Promise<readonly Booking[]>;
  /** Those of the other page, and what it does behind them. */
  readonly transferGuards: readonly RequestHandler[];
  readonly transfer: (req: Request) => Promise<object>;
  readonly exportGuard: RequestHandler;
}

/** The bank for browsers without JavaScript: forms and links, and nothing that runs. */
export function plain(options: PlainOptions): Router {
  const { auth, signIn, accountOf, historyOf, transferGuards, transfer, exportGuard } = options;
  const router = Router();
  router.use(express.urlencoded({ extended: false, limit: '16kb' }));
  router.use(auth.pages({ render: ({ title, body }) => documentOf(title, new Html(body)) }));

  // No field of it was read, and the page that asks to confirm it could not send a file again.
  router.post('/*path', (req, _res, next) => {
    if (req.is('application/x-www-form-urlencoded')) return next();
    throw new Problem(415, 'unsupported_media_type', 'This form can’t be sent with files. Nothing was done.');
  });

  router.get('/', auth.requireSession({ optional: true }), async (req, res) => {
    if (!req.auth) return res.send(documentOf('Sign in', SIGN_IN));
    const [account, bookings] = await Promise.all([accountOf(req.auth), historyOf(req.auth)]);
    return res.send(documentOf('Your account', accountPage(account, bookings)));
  });
  router.post('/sign-in', async (req, res) => {
    await signIn(req, res);
    res.redirect(303, '/plain');
  });
  router.post('/sign-out', async (req, res) => {
    await auth.signOut(req, res);
    res.redirect(303, '/plain');
  });
  router.post('/transfers', ...transferGuards, async (req, res) => {
    await transfer(req);
    res.redirect(303, '/plain');
  });
  router.get('/export', exportGuard, async (req, res) => {
    const caller = auth.current(req);
    const [account, bookings] = await Promise.all([accountOf(caller), historyOf(caller)]);
    const { email, role } = account;
    res.send(documentOf('Your data', html`<h1>Your data</h1><p>${email}, ${role}</p>${list(account, bookings)}`));
  });
  router.use(answerProblem);
  return router;
}

const SIGN_IN = html`<h1>Sign in</h1>
<form class="card" method="post" action="/plain/sign-in">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" autocomplete="username" required>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button class="primary">Sign in</button>
</form>
<p class="fine">Accounts are opened on the <a href="/">other page</a>, with JavaScript.</p>`;

function accountPage(account: Account, bookings: readonly Booking[]): Html {
  return html`<h1>Your account</h1>
<p>${account.email}: ${money(account.balance)}</p>
<form class="card" method="post" action="/plain/transfers" aria-labelledby="send">
<h2 id="send">Send money</h2>
<label for="to">To</label>
<input id="to" name="to" autocomplete="off" maxlength="254" required>
<label for="amount">Amount in cents</label>
<input id="amount" name="amount" inputmode="numeric" autocomplete="off" pattern="[0-9]{1,9}" required>
<button class="primary">Send the money</button>
</form>
${list(account, bookings)}
<p><a href="/plain/export">Your data</a></p>
<form method="post" action="/plain/sign-out"><button>Sign out</button></form>`;
}

function list({ email }: Account, bookings: readonly Booking[]): Html {
  if (bookings.length === 0) return html`<p>Nothing was sent or received yet.</p>`;
  const items = bookings.map(({ from, to, amount }) =>
    from === email ? html`<li>${money(amount)} to ${to}</li>` : html`<li>${money(amount)} from ${from}</li>`,
  );
  return html`<ul class="items">${items}</ul>`;
}

function documentOf(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${title} · Small Bank</title>
<link rel="stylesheet" href="/bank.css">
<header class="bar"><p class="brand">Small Bank</p></header>
<main class="account">${body}</main>
</html>`.markup;
}

/** The bank's own problems as a page; what else goes wrong is answered as on the other page. */
const answerProblem: express.ErrorRequestHandler = (error, _req, res, next) => {
  if (!(error instanceof Problem) || res.headersSent) return next(error);
  res.status(error.status).send(
    documentOf(
      'That did not work',
      html`<h1>That did not work</h1><p role="alert">${error.message}</p>
<p><a href="/plain">Back</a></p>`,
    ),
  );
};
