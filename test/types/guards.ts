// Compiled only: the guards fit Express 5, Express 4's shape, Connect and node:http, and take no type away from them.
import { createServer, type IncomingMessage } from 'node:http';
import connect from 'connect';
import express from 'express';
import type { RequestAuth, SessionAuth, Stepgate } from 'stepgate';
import 'stepgate/express';

export function expressApp({ current, requireSameOrigin, requireSession, router }: Stepgate): void {
  const app = express();
  app.use(requireSession);
  app.use(requireSession({ optional: true }));
  app.use('/auth', router());
  app.get('/x/:id', requireSession, (req, res) => {
    const upper: string = req.params.id.toUpperCase();
    // @ts-expect-error the route has no such parameter
    void req.params.other;
    const auth: SessionAuth = req.auth;
    res.json({ upper, auth, userId: current(req).userId });
  });
  app.post('/x/:from/to/:to', requireSameOrigin, requireSession({ apiKeys: true }), (req, res) => {
    res.send(req.params.from.concat(req.params.to));
  });
  app.get('/x/*rest', [requireSession], (req: express.Request, res: express.Response) => res.json(req.auth));
  // @ts-expect-error a misspelt option
  app.use(requireSession({ optinal: true }));
}

export function connectApp({ requireSession, router }: Stepgate): void {
  const app = connect();
  app.use(requireSession);
  app.use('/auth', router());
}

export function plainServer({ current, requireSession }: Stepgate): void {
  createServer((req, res) => {
    requireSession(req, res, () => res.end(current(req).userId));
  });
}

export async function upgrade({ authenticate }: Stepgate, req: IncomingMessage): Promise<string | null> {
  const found = await authenticate(req);
  switch (found.outcome) {
    case 'authenticated':
      return found.auth.userId;
    case 'refused':
      return found.refusal.code;
    case 'anonymous':
      return null;
    default:
      return found satisfies never;
  }
}

/** `via` tells the two kinds of caller apart. */
export function caller(auth: RequestAuth): string {
  // @ts-expect-error an API key has no session
  void auth.session.id;
  if (auth.via === 'api-key') return auth.userId;
  // @ts-expect-error what a guard found out is not to be changed
  auth.userId = 'u2';
  return auth.session.id;
}
