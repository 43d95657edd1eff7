import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Long enough for every browser of today; what a stranger sends beyond it isn't kept. */
const MAX_USER_AGENT = 512;

/** The client's address: Express' `req.ip`, which knows the app's proxies, else the socket's. Never a raw header. */
export function clientAddress(req: IncomingMessage): string | null {
  const { ip } = req as { ip?: unknown }; // only Express has it
  const address = typeof ip === 'string' ? ip : (req.socket?.remoteAddress ?? '');
  // A zone says nothing to others, and has no bound where a header named the address.
  const [plain = ''] = withoutPort(address.toLowerCase()).split('%');
  const bare = v4Of(plain) ?? plain;
  return isIP(bare) === 0 ? null : bare;
}

/** Some gateways name the port, too. A bare IPv6 address has no room for one. */
function withoutPort(address: string): string {
  const match = /^\[(.*)\](?::\d{1,5})?$/.exec(address) ?? /^([\d.]+):\d{1,5}$/.exec(address);
  return match?.[1] ?? address;
}

/** The IPv4 address in an IPv6 one, in either spelling of it (RFC 4291 2.5.5.2); null for any other. */
function v4Of(address: string): string | null {
  const [, dotted, high, low] = /^::ffff:(?:([\d.]+)|([\da-f]{1,4}):([\da-f]{1,4}))$/.exec(address) ?? [];
  if (high === undefined || low === undefined) return dotted ?? null;
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
}

export function userAgentOf(req: IncomingMessage): string | null {
  const userAgent = req.headers['user-agent'];
  return userAgent === undefined || userAgent === '' ? null : userAgent.slice(0, MAX_USER_AGENT);
}

/** For an event: who sent the request, as far as that is known. */
export function sentFrom(req: IncomingMessage): { readonly ip?: string } {
  const ip = clientAddress(req);
  return ip === null ? {} : { ip };
}
