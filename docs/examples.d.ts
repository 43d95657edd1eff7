// What the examples of the docs take for granted: each is a module of its own, and a name that it neither declares nor
// imports comes from here. The tests compile them so.

import type { Server } from 'node:http';
import type { Express, Request, Response } from 'express';
import type { Method, RequireFreshStepUp, RequireSession, Stepgate, StepgateOptions, Store } from 'stepgate';
import 'stepgate/express';

declare global {
  const app: Express;
  const server: Server;
  const options: StepgateOptions;
  const auth: Stepgate<'passkey' | 'totp' | 'password' | 'recovery-code'>;
  const requireSession: RequireSession;
  const requireFreshStepUp: RequireFreshStepUp<'passkey' | 'totp' | 'password' | 'recovery-code'>;
  const pins: Map<string, string>;
  const pin: Method<'pin'>;
  const db: {
    /** Null for a wrong name or password. */
    checkPassword(email: string, password: string): Promise<{ readonly id: string } | null>;
    setPassword(userId: string, password: string): Promise<void>;
    /** Whose reset link it is, once; null for a wrong one. */
    takeResetToken(token: string): Promise<{ readonly id: string } | null>;
    findApiKey(
      hash: string,
    ): Promise<{ readonly id: string; readonly userId: string; readonly scopes: string[] } | null>;
    deleteUser(userId: string): Promise<void>;
  };
  const log: { info(entry: object): void };
  function alertTheTeam(text: string): void;
  function makeEmptyStore(): Promise<Store>;
  function readAllRows(): Promise<readonly string[]>;
  function isSupport(userId: string): Promise<boolean>;
  function showAccount(req: Request, res: Response): void;
}
