import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** Scripts, styles, images and calls from the bank's own origin only, nothing inline, framed by nobody. */
export function securityHeaders({ overHttp }: { overHttp: boolean }): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    strictTransportSecurity: !overHttp,
  });
}
