import cookieParser from 'cookie-parser';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import type { RequestAuth } from 'stepgate';
import 'stepgate/express';
import { type Account, type Accounts, openAccounts } from './accounts.js';
import { openApiKeys } from './api-keys.js';
import { type AuthOptions, createAuth } from './auth.js';
import { readDelivery, readEmail, readPassword, readRole, readTransfer, type Transfer } from './input.js';
import { openLedger } from './ledger.js';
import { money } from './money.js';
import { plain } from './plain.js';
import { answerError, notFound, Problem } from './problem.js';
import { securityHeaders } from './security-headers.js';
import { createSignInLimit } from './sign-in-limit.js';
import { site } from './site.js';
import { openStorage, type StorageOptions } from './storage.js';

const LATEST = 10;
/** Cents that a program may send with its owner's approval; above that a manager of the bank has to approve. */
const FOUR_EYES_ABOVE = 100_000;

export type BankOptions = StorageOptions & Omit<AuthOptions, 'store'>;

export interface Bank {
  readonly app: Express;
  /** Writes what is still to be written and closes the database. */
  close(): Promise<void>;
}

export async function createApp({ origin, secret, ...where }: BankOptions): Promise<Bank> {
  const overHttp = new URL(origin).protocol === 'http:';
  const { db, store, close } = await openStorage(where);
  const accounts = openAccounts(db);
  const ledger = openLedger(db);
  const keys = openApiKeys(db);
  const auth = createAuth({ origin, secret, store }, accounts, keys);
  const signInLimit = createSignInLimit();
  const { requireSession, requireSameOrigin, requireFreshStepUp } = auth;

  const app = express();
  app.use(securityHeaders({ overHttp }));
  app.use(cookieParser()); // as in most apps; stepgate reads its own cookies and minds no parser
  app.use('/auth', auth.router());
  app.use(site(requireSession));

  app.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });
  app.use(express.json({ limit: '16kb' }));

  app.post('/signup', requireSameOrigin, async (req, res) => {
    const email = readEmail(req.body);
    const account = await accounts.create(email, readPassword(req.body));
    if (account === null) throw new Problem(409, 'email_taken', 'This e-mail address has an account already.', 'email');
    await auth.signIn(req, res, { userId: account.id, method: 'password' });
    res.status(201).json({ id: account.id, email: account.email });
  });

  /** By e-mail address and password, for both kinds of page. */
  async function signIn(req: Request, res: Response): Promise<object> {
    // Taken before the password is checked: a sign-in with the old password can't outlive a change that it crosses.
    const startedAt = Date.now();
    const delivery = readDelivery(req.body);
    const email = readEmail(req.body);
    const password = readPassword(req.body);
    const wait = signInLimit.begin(email);
    if (wait > 0) {
      res.set('Retry-After', String(Math.ceil(wait / 1000)));
      throw new Problem(429, 'too_many_attempts', 'There were too many attempts. Try again in a few minutes.');
    }
    const account = await accounts.check(email, password);
    if (account === null) throw new Problem(401, 'sign_in_failed', 'The e-mail address or the password is wrong.');
    signInLimit.succeeded(email);
    const { body } = await auth.signIn(req, res, { userId: account.id, method: 'password', delivery, startedAt });
    return body;
  }
  app.post('/login', async (req, res) => {
    res.json(await signIn(req, res));
  });

  app.get('/me', requireSession, async (req, res) => {
    const caller = auth.current(req);
    const { email, role, balance } = await accountOf(accounts, caller);
    res.json({ email, role, balance, ...caller });
  });

  // Input is read before the guard as well: nobody is asked to prove or to confirm what can't be done.
  const checkNext: RequestHandler = (req, _res, next) => {
    readPassword(req.body, 'next');
    next();
  };
  // The current password is one of the proofs. stepgate limits the guesses at it, which a route of its own wouldn't.
  const proved = requireFreshStepUp({ method: ['passkey', 'totp', 'password'], maxAge: '5m' });
  app.post('/password', requireSession, checkNext, proved, async (req, res) => {
    const changed = await accounts.changePassword(auth.current(req).userId, readPassword(req.body, 'next'));
    if (!changed) throw new Problem(409, 'password_changed', 'The password was changed elsewhere just now.');
    const { body } = await auth.credentialsChanged(req, res);
    res.json(body);
  });

  const checkTransfer: RequestHandler = async (req, _res, next) => {
    const { to, amount } = readTransfer(req.body);
    const { email, balance } = await accountOf(accounts, auth.current(req));
    if (to.toLowerCase() === email) throw new Problem(400, 'request_invalid', 'This is your own account.', 'to');
    if (amount > balance) throw notEnough();
    next();
  };
  const exactly = {
    method: ['passkey', 'totp'],
    async bind({ body: { to, amount } }: Request) {
      const recipient = await accounts.findByEmail(readTransfer({ to, amount }).to.toLowerCase());
      return { to, amount, isHere: recipient !== null };
    },
    summary: (payload: { to: unknown; amount: unknown; isHere: boolean }) =>
      summaryOf(readTransfer(payload), payload.isHere),
  } as const;
  const confirmed = requireFreshStepUp(exactly);
  const transferGuards = [requireSession, checkTransfer, confirmed];
  async function transfer(req: Request): Promise<object> {
    const { userId, action } = auth.current(req);
    if (action === undefined) throw new Error('Nothing was confirmed.'); // behind this guard there always is an action
    const sent = readTransfer(action.payload); // what was confirmed, not what the body says
    const balance = await ledger.send(userId, sent, action.method);
    if (balance === null) throw notEnough();
    return { ...sent, balance };
  }
  app.post('/transfers', ...transferGuards, async (req, res) => {
    res.json(await transfer(req));
  });
  app.get('/transfers', requireSession, async (req, res) => {
    res.json({ transfers: await ledger.history(auth.current(req).userId, LATEST) });
  });

  // A program asks, and somebody approves exactly what it asked for, in a browser of their own.
  app.post(
    '/api-key',
    requireSession,
    requireFreshStepUp({ method: ['passkey', 'totp'], maxAge: '5m' }),
    async (req, res) => {
      res.status(201).json({ key: await keys.make(auth.current(req).userId) });
    },
  );
  const unlessLarge: RequestHandler = (req, _res, next) => {
    next(readTransfer(req.body).amount > FOUR_EYES_ABOVE ? 'route' : undefined);
  };
  const sendForAgent: RequestHandler = async (req, res) => {
    res.json(await transfer(req));
  };
  const byOwner = requireFreshStepUp({ ...exactly, approver: 'user' });
  const byManager = requireFreshStepUp({ ...exactly, approver: () => accounts.idsOf('manager') });
  app.post('/agent/transfers', unlessLarge, byOwner, sendForAgent);
  app.post('/agent/transfers', byManager, sendForAgent);

  const checkRole: RequestHandler = (req, _res, next) => {
    readRole(req.body);
    next();
  };
  app.post(
    '/role',
    requireSession,
    checkRole,
    requireFreshStepUp({ method: 'passkey', maxAge: '5m' }),
    async (req, res) => {
      const role = readRole(req.body);
      await accounts.changeRole(auth.current(req).userId, role);
      res.json({ role });
    },
  );

  // What somebody knows and what they hold: neither a stolen password nor a stolen phone is enough.
  const provedTwice = requireFreshStepUp({
    allOf: [
      { method: 'password', maxAge: '5m' },
      { method: ['passkey', 'totp'], maxAge: '5m' },
    ],
  });
  app.delete('/account', provedTwice, async (req, res) => {
    const { userId } = auth.current(req);
    await accounts.close(userId);
    await auth.forgetUser(userId);
    await auth.signOut(req, res); // the cookies
    res.sendStatus(204);
  });

  const exportGuard = requireFreshStepUp({ method: ['password', 'totp'], maxAge: '10m' });
  app.get('/export', exportGuard, async (req, res) => {
    const caller = auth.current(req);
    const { email, role, balance } = await accountOf(accounts, caller);
    const transfers = await ledger.history(caller.userId);
    res.attachment('small-bank.json').json({ email, role, balance, transfers });
  });

  app.use(
    '/plain',
    plain({
      auth,
      exportGuard,
      transferGuards,
      transfer,
      signIn,
      accountOf: (caller) => accountOf(accounts, caller),
      historyOf: ({ userId }) => ledger.history(userId, LATEST),
    }),
  );

  app.use(notFound);
  app.use(answerError);

  return {
    app,
    async close() {
      await auth.close();
      await close();
    },
  };
}

async function accountOf(accounts: Accounts, { userId }: RequestAuth): Promise<Account> {
  const account = await accounts.find(userId);
  if (account === null) throw new Problem(404, 'not_found', 'This account is gone.');
  return account;
}

/** The user reads it before confirming, so a mistyped address has to show. */
function summaryOf({ to, amount }: Transfer, isHere: boolean): string {
  return `Send ${money(amount)} to ${to}${isHere ? '' : ', who has no account at this bank'}`;
}

function notEnough(): Problem {
  return new Problem(409, 'not_enough_money', 'There is not enough money in the account.', 'amount');
}
