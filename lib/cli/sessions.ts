import type { PageOptions, SessionPage } from '../session/session-admin.js';
import type { Session } from '../stores/contract/sessions.js';
import { type Command, textOption, UsageError } from './command.js';
import { line } from './output.js';

const PAGE = 1_000;
const WIDTHS = [22, 20, 20, 20, 15];
const HEAD = ['SESSION', 'LAST SEEN', 'SIGNED IN', 'USER', 'ADDRESS', 'USER AGENT'];

export const listSessions: Command = {
  about: 'list live sessions',
  options: {
    user: { type: 'string', value: 'id', about: 'of this user only, last seen first' },
    limit: { type: 'string', value: 'count', about: 'at most so many; without it all' },
    json: { type: 'boolean', about: 'one JSON object a line, with all that a session has' },
  },
  async run(call) {
    const user = textOption(call, 'user');
    const limit = parseLimit(textOption(call, 'limit'));
    const { sessions } = (await call.config()).instance;
    const pageAt = (page: PageOptions): Promise<SessionPage> =>
      user === undefined ? sessions.list(page) : sessions.listForUser(user, page);
    const asText = call.values['json'] === true ? asJson : asLine;

    if (asText === asLine) await call.print(line(WIDTHS, HEAD));
    let left = limit;
    let after: string | null = null;
    do {
      const page: SessionPage = await pageAt({ limit: Math.min(PAGE, left), after });
      await call.print(page.sessions.map(asText).join(''));
      left -= page.sessions.length;
      after = page.after;
    } while (after !== null && left > 0);
    return 0;
  },
};

export const endSessions: Command = {
  about: 'end sessions, by their ids or all of a user',
  words: '[<session>…]',
  options: {
    user: { type: 'string', value: 'id', about: 'all of this user, and sign-ins that are under way' },
    except: { type: 'string', value: 'session', about: 'with --user: but for this one' },
  },
  async run(call) {
    const user = textOption(call, 'user');
    const except = textOption(call, 'except');
    if ((user === undefined) === (call.words.length === 0)) {
      throw new UsageError('Name the sessions to end, or take --user.');
    }
    if (except !== undefined && user === undefined) throw new UsageError('--except goes with --user.');
    const { sessions } = (await call.config()).instance;
    if (user !== undefined) {
      const count = await sessions.revokeAllForUser(user, except === undefined ? {} : { except });
      await call.print(`Ended: ${count}.\n`);
      return 0;
    }
    const missing: string[] = [];
    for (const id of call.words) if (!(await sessions.revoke(id))) missing.push(id);
    await call.print(`Ended: ${call.words.length - missing.length}.\n`);
    for (const id of missing) await call.print(line([], [`There is no live session ${id}.`]));
    return missing.length === 0 ? 0 : 1;
  },
};

function parseLimit(given: string | undefined): number {
  if (given === undefined) return Number.POSITIVE_INFINITY;
  if (/^[1-9]\d{0,8}$/.test(given)) return Number(given);
  throw new UsageError('--limit takes a whole number from 1.');
}

function asJson(session: Session): string {
  return `${JSON.stringify(session)}\n`;
}

function asLine({ id, lastSeenAt, authenticatedAt, userId, ip, userAgent }: Session): string {
  return line(WIDTHS, [id, time(lastSeenAt), time(authenticatedAt), userId, ip, userAgent]);
}

function time(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
