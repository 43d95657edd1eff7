/** A challenge of a `WWW-Authenticate` header; parameter names in small letters. */
export interface Challenge {
  readonly scheme: string;
  readonly token68: string | null;
  readonly params: Readonly<Record<string, string>>;
}

const TOKEN = String.raw`[!#$%&'*+.^_\`|~0-9A-Za-z-]+`;
const SCHEME = new RegExp(TOKEN, 'y');
const SPACES = / +/y;
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const PARAM = new RegExp(
  String.raw`(${TOKEN})=(?:(${TOKEN})|"((?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t \x21-\x7e])*)")`,
  'y',
);
const COMMA = /[ \t]*,[ \t]*/y;
const COMMA_BEFORE_PARAM = new RegExp(String.raw`[ \t]*,[ \t]*(?=${TOKEN}=)`, 'y');

/**
 * Reads a header by the grammar that RFC 9110 gives to senders (11.6.1, 11.3, 5.6): no empty list elements, no space
 * around "=", no bytes past ASCII, each parameter once. Throws for anything else.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const match = pattern.exec(header);
    if (match) position = pattern.lastIndex;
    return match;
  };
  const expect = (pattern: RegExp): RegExpExecArray => {
    const match = take(pattern);
    if (match) return match;
    throw new SyntaxError(`No challenge at ${position} of ${JSON.stringify(header)}`);
  };
  const takeParams = (): Record<string, string> => {
    const params = new Map<string, string>();
    do {
      const [, name = '', token, quoted = ''] = expect(PARAM);
      if (params.has(name.toLowerCase())) throw new SyntaxError(`${name} stands there twice`);
      params.set(name.toLowerCase(), token ?? quoted.replaceAll(/\\(.)/g, '$1'));
    } while (take(COMMA_BEFORE_PARAM));
    return Object.fromEntries(params);
  };

  const challenges: Challenge[] = [];
  do {
    const [scheme] = expect(SCHEME);
    const spaces = take(SPACES);
    const token68 = spaces ? (take(TOKEN68)?.[0] ?? null) : null;
    challenges.push({ scheme, token68, params: spaces && token68 === null ? takeParams() : {} });
  } while (take(COMMA));
  if (position < header.length) throw new SyntaxError(`Left over: ${JSON.stringify(header.slice(position))}`);
  return challenges;
}
