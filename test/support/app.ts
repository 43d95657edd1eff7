import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import bodyParser from 'body-parser';
import connect from 'connect';
import express from 'express';
import { type OnRefusal, Refusal } from '../../lib/http/refusal.js';
import type { Middleware } from '../../lib/http/require-session.js';
import { sendRefusal } from '../../lib/http/router.js';
import type { Stepgate } from '../../lib/stepgate.js';

type ErrorHandler = (
  error: unknown,
  req: IncomingMessage,
  res: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** What Express 5, Express 4 and Connect have in common. */
export interface App {
  (req: IncomingMessage, res: ServerResponse): void;
  use(path: string, handler: Middleware): unknown;
  use(path: string, handler: ErrorHandler): unknown;
}

const express4 = createRequire(import.meta.url)('express-4') as () => App; // the alias has no types of its own

export const frameworks: Readonly<Record<string, () => App>> = {
  'Express 5': express,
  'Express 4': express4,
  Connect: connect,
};

export interface TestApp {
  readonly app: App;
  /** The paths whose handlers ran. */
  readonly handled: string[];
  /** What reached the app's own error handler. */
  readonly errors: unknown[];
}

export interface TestAppOptions {
  readonly create?: () => App;
  /** Mounted before everything else. */
  readonly before?: readonly Middleware[];
  /** What stands at further paths. */
  readonly routes?: Readonly<Record<string, readonly Middleware[]>>;
  /** Where stepgate's router goes. @default '/auth' */
  readonly mount?: string;
}

/**
 * An app as users of stepgate write it: `/login` signs in with its JSON body as the options, `/me` is guarded and
 * `/maybe` optionally; both answer with `req.auth`. Below `mount` stand stepgate's routes.
 */
export function testApp(
  auth: Pick<Stepgate, 'signIn' | 'requireSession' | 'router'>,
  { create = express, before = [], routes = {}, mount = '/auth' }: TestAppOptions = {},
): TestApp {
  const app = create();
  const handled: string[] = [];
  const errors: unknown[] = [];
  const answerAuth =
    (path: string): Middleware =>
    (req, res) => {
      handled.push(path);
      sendJson(res, (req as { auth?: unknown }).auth); // which the guard has set
    };

  for (const middleware of before) app.use('/', middleware);
  app.use('/login', bodyParser.json());
  app.use(
    '/login',
    handle((req, res) => {
      const { body } = req as { body?: object }; // which the parser has set
      return auth.signIn(req, res, { userId: 'ada', method: 'password', ...body });
    }),
  );
  app.use('/me', auth.requireSession);
  app.use('/me', answerAuth('/me'));
  app.use('/maybe', auth.requireSession({ optional: true }));
  app.use('/maybe', answerAuth('/maybe'));
  for (const [path, middlewares] of Object.entries(routes)) {
    for (const middleware of middlewares) app.use(path, middleware);
  }
  app.use(mount, auth.router());
  app.use('/', answerErrors(errors));
  return { app, handled, errors };
}

/** A handler that answers with what it resolves to, with our refusal, or by the app's error handler. */
export function handle(run: (req: IncomingMessage, res: ServerResponse) => Promise<unknown>): Middleware {
  return (req, res, next) => {
    run(req, res).then(
      (body) => sendJson(res, body),
      (error: unknown) => (error instanceof Refusal ? sendRefusal(res, error) : next(error)),
    );
  };
}

/** The app's own last word: what gets here is no answer of stepgate. */
function answerErrors(errors: unknown[]): ErrorHandler {
  return (error, _req, res, _next) => {
    errors.push(error);
    res.statusCode = 599;
    res.end('the error handler of the app');
  };
}

export function sendJson(res: ServerResponse, body: unknown): void {
  res.setHeader('Content-Type', 'application/json');
  res.end(JSON.stringify(body));
}

/** For `onRefusal`: shows what it was given. */
export const echoRefusal: OnRefusal = (refusal, _req, res) => {
  res.statusCode = 418;
  sendJson(res, { code: refusal.code, status: refusal.status, headers: refusal.headers });
};
