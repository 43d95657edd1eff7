import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Long enough for every browser of today; what a stranger sends beyond it isn't kept. */
const MAX_USER_AGENT = 512;

/** The client's address: Express' `req.ip`, which knows the app's proxies, else the socket's. Never a raw header. */
export function clientAddress(req: IncomingMessage): string | null {
  const { ip } = req as { ip?: unknown }; // only Express has it
  const address = typeof ip === 'string' ? ip : (req.socket?.remoteAddress ?? '');
  // A zone says nothing to others, and has no bound where a header named the address.
  const [plain = ''] = address.toLowerCase().split('%');
  const v4 = /^::ffff:([\d.]+)$/.exec(plain)?.[1] ?? plain;
  return isIP(v4) === 0 ? null : v4;
}

export function userAgentOf(req: IncomingMessage): string | null {
  const userAgent = req.headers['user-agent'];
  return userAgent === undefined || userAgent === '' ? null : userAgent.slice(0, MAX_USER_AGENT);
}
