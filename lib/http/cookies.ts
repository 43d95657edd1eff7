import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseCookie, stringifySetCookie } from 'cookie';

/** Our cookies by what they carry. Their names on the wire depend on the options. */
export type CookieKind = CredentialKind | 'signIn';
type CredentialKind = 'session' | 'access' | 'refresh';

export interface OurCookies {
  readonly values: Readonly<Partial<Record<CookieKind, string>>>;
  /** A credential came more than once, or they are of two deliveries: one of them was planted, and we can't tell which. */
  readonly several: boolean;
}

export interface Cookies {
  readonly names: Readonly<Record<CookieKind, string>>;
  read(req: IncomingMessage): OurCookies;
  /** Every value of a cookie, should it have come more than once. */
  all(req: IncomingMessage, kind: CredentialKind): readonly string[];
  /** Sets a cookie for `maxAge` milliseconds. */
  set(res: ServerResponse, kind: CookieKind, value: string, maxAge: number): void;
  /** Clears all our credentials; does nothing when an answer was begun. */
  clear(res: ServerResponse): void;
}

const CREDENTIALS: readonly CredentialKind[] = ['session', 'access', 'refresh'];
const NONE: OurCookies = { values: {}, several: false };

export function createCookies({ sessionName, insecure }: { sessionName: string; insecure: boolean }): Cookies {
  const prefix = insecure ? '' : '__Host-'; // RFC 6265bis 4.1.3.2: no sibling domain can set or toss it
  const names = {
    session: `${prefix}${sessionName}`,
    access: `${prefix}access`,
    refresh: `${prefix}refresh`,
    signIn: `${prefix}sign-in`, // names a browser, not a user
  };
  const attributes = { path: '/', httpOnly: true, secure: !insecure, sameSite: 'lax' } as const;
  const occurrence = (kind: CredentialKind): RegExp =>
    new RegExp(`(?:^|;)[ \\t]*${escaped(names[kind])}[ \\t]*=[ \\t]*([^;]*)`, 'g');
  const occurrences = {
    session: occurrence('session'),
    access: occurrence('access'),
    refresh: occurrence('refresh'),
  };

  function write(res: ServerResponse, name: string, line: string): void {
    // A later step of the same request replaces what an earlier one has set.
    const kept = [res.getHeader('Set-Cookie') ?? []].flat().filter((other) => !`${other}`.startsWith(`${name}=`));
    res.setHeader('Set-Cookie', [...kept.map(String), line]);
  }

  return {
    names,
    read(req) {
      const header = req.headers.cookie;
      if (header === undefined) return NONE;
      const all = parseCookie(header, { decode: (value) => value }); // our values need no decoding
      const values: Partial<Record<CookieKind, string>> = {};
      let several = false;
      for (const kind of CREDENTIALS) {
        const value = all[names[kind]];
        if (value === undefined) continue;
        values[kind] = value;
        several ||= occursTwice(header, occurrences[kind]);
      }
      several ||= values.session !== undefined && (values.access !== undefined || values.refresh !== undefined);
      const signIn = all[names.signIn];
      return { values: signIn === undefined ? values : { ...values, signIn }, several };
    },
    all(req, kind) {
      const found = req.headers.cookie?.matchAll(occurrences[kind]) ?? [];
      return [...found].map(([, value = '']) => value.trimEnd());
    },
    set(res, kind, value, maxAge) {
      const name = names[kind];
      write(res, name, stringifySetCookie({ ...attributes, name, value, maxAge: Math.floor(maxAge / 1_000) }));
    },
    clear(res) {
      if (res.headersSent) return;
      // Max-Age is enough for a browser; the cookie jars of some HTTP clients, supertest's among them, know only Expires.
      const over = { maxAge: 0, expires: new Date(0) };
      for (const kind of CREDENTIALS) {
        const name = names[kind];
        write(res, name, stringifySetCookie({ ...attributes, name, value: '', ...over }));
      }
    },
  };
}

function occursTwice(header: string, occurrence: RegExp): boolean {
  const isTwice = occurrence.test(header) && occurrence.test(header);
  occurrence.lastIndex = 0; // a global expression goes on where it stopped, for `matchAll` as well
  return isTwice;
}

function escaped(text: string): string {
  return text.replace(/[^\w]/g, '\\$&');
}
