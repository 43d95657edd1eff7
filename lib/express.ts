import type { AuthOf } from './http/guard.js';

// `import 'stepgate/express'` once in an app gives `req.auth` its type, in all of its handlers. Nothing of it is there at
// run time.
declare global {
  namespace Express {
    interface Request {
      /** What the guard of this route has found out; null where an optional guard found nobody. */
      auth: AuthOf<this>;
    }
  }
}
