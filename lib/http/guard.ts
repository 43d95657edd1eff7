import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApprovedAction, RequestAuth, SessionAuth } from './request-auth.js';

declare const guarded: unique symbol;

/**
 * For the compiler only, never there at run time: Express infers the type of `res.locals` from all handlers of a route,
 * and so carries what the guard finds out to the handlers behind it. All else in `res.locals` stays as it is.
 */
export interface Guarded<Auth> {
  readonly locals: {
    readonly [guarded]?: { readonly auth: Auth } | undefined;
    // biome-ignore lint/suspicious/noExplicitAny: Express types `res.locals` so; anything else would take from it.
    [name: string]: any; // oxlint-disable-line typescript/no-explicit-any
  };
}

/**
 * A middleware for Express and Connect that lets requests through with an `Auth`: with `import 'stepgate/express'` that is
 * the type of `req.auth` in the handlers behind it.
 */
export interface Guard<Auth> {
  (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void): void;
  // The last one is the one that Express infers from.
  (req: IncomingMessage, res: ServerResponse & Guarded<Auth>, next: (error?: unknown) => void): void;
}

/** What the guards of its route say of an Express request; without one in the same route, whatever could be. */
export type AuthOf<Request> = Request extends { res?: Guarded<infer Auth> | undefined }
  ? unknown extends Auth
    ? RequestAuth | null | undefined
    : Auth
  : RequestAuth | null | undefined;

/** A request whose user has confirmed exactly it. */
export type ConfirmedAuth<Payload> = SessionAuth & { readonly action: ApprovedAction<Payload> };

/** What a rule lets through: confirmed with what its `bind` gives, if it has one. */
export type MeetsRule<Payload> = [Payload] extends [never] ? SessionAuth : ConfirmedAuth<Payload>;
