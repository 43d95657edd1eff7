import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import cookieParser from 'cookie-parser';
import express, { type Express } from 'express';
import { stepgate } from 'stepgate';
import { sqliteStore } from 'stepgate/sqlite';
import { openAccounts } from './accounts.js';
import { readDelivery, readEmail, readPassword } from './input.js';
import { answerError, notFound, Problem } from './problem.js';
import { securityHeaders } from './security-headers.js';

const PAGES = fileURLToPath(new URL('../../example-app/pages/', import.meta.url));
const BOWSER = dirname(fileURLToPath(import.meta.resolve('bowser')));

export interface BankOptions {
  /** Where browsers find the bank, `https://bank.example`. Plain http is for localhost only. */
  readonly origin: string;
  /** The SQLite file of the users and of the kit. */
  readonly database: string;
  /** At least 32 bytes. */
  readonly secret: string;
}

export interface Bank {
  readonly app: Express;
  /** Writes what is still to be written and closes the database. */
  close(): Promise<void>;
}

export function createApp({ origin, database, secret }: BankOptions): Bank {
  const overHttp = new URL(origin).protocol === 'http:';
  const accounts = openAccounts(database);
  const auth = stepgate({ secret, issuer: origin, store: sqliteStore(database), insecureCookies: overHttp });
  const { requireSession, requireSameOrigin } = auth;

  const app = express();
  app.use(securityHeaders({ overHttp }));
  app.use(cookieParser()); // as in most apps; the kit reads its own cookies and minds no parser
  app.use('/auth', auth.router());

  app.get('/', requireSession({ optional: true }), (req, res) => {
    if (req.auth) return res.redirect('/account');
    return res.sendFile('index.html', { root: PAGES });
  });
  app.get('/account', requireSession({ optional: true }), (req, res) => {
    if (!req.auth) return res.redirect('/');
    return res.sendFile('account.html', { root: PAGES });
  });
  app.get('/vendor/bowser.mjs', (_req, res) => res.sendFile('bowser.mjs', { root: BOWSER }));
  app.use(express.static(PAGES, { index: false }));

  app.use(express.json({ limit: '16kb' }));

  app.post('/signup', requireSameOrigin, async (req, res) => {
    const email = readEmail(req.body);
    const account = await accounts.create(email, readPassword(req.body));
    if (account === null) throw new Problem(409, 'email_taken', 'This e-mail address has an account already.', 'email');
    await auth.signIn(req, res, { userId: account.id, method: 'password' });
    res.status(201).json({ id: account.id, email: account.email });
  });

  app.post('/login', async (req, res) => {
    // Taken before the password is checked: a sign-in with the old password can't outlive a change that it crosses.
    const startedAt = Date.now();
    const delivery = readDelivery(req.body);
    const account = await accounts.check(readEmail(req.body), readPassword(req.body));
    if (account === null) throw new Problem(401, 'sign_in_failed', 'The e-mail address or the password is wrong.');
    const { body } = await auth.signIn(req, res, { userId: account.id, method: 'password', delivery, startedAt });
    res.json(body);
  });

  app.get('/me', requireSession, (req, res) => {
    const caller = auth.current(req);
    const account = accounts.find(caller.userId);
    if (account === null) throw new Problem(404, 'not_found', 'This account is gone.');
    res.json({ email: account.email, ...caller });
  });

  app.post('/password', requireSession, async (req, res) => {
    const current = readPassword(req.body, 'current');
    const next = readPassword(req.body, 'next');
    const changed = await accounts.changePassword(auth.current(req).userId, current, next);
    if (!changed) throw new Problem(403, 'password_wrong', 'The current password is wrong.', 'current');
    const { body } = await auth.credentialsChanged(req, res);
    res.json(body);
  });

  app.use(notFound);
  app.use(answerError);

  return {
    app,
    async close() {
      await auth.close();
      accounts.close();
    },
  };
}
