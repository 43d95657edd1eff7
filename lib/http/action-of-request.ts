import type { IncomingMessage } from 'node:http';
import { type ParsePayloadOutcome, parsePayload } from '../step-up/action.js';
import type { ParsedActionRule } from '../step-up/rule.js';
import { Refusal, type RefusalInit, refusalFrom } from './refusal.js';

// What a request would do, as a rule says it: the payload and the words for it.

const MAX_SUMMARY = 500;
/** What could hide a part of a summary, or turn it round: control and bidirectional characters, runs of spaces. */
const DISGUISE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Zs}{2}/u;
/** Of where in a payload something is, in a warning. */
const MAX_PATH = 200;

/** What is to be confirmed. Whatever goes wrong on the way, the handler must not run with half of it. */
export async function payloadOf(req: IncomingMessage, rule: ParsedActionRule): Promise<unknown> {
  if (rule.bind === null) return null;
  let read: ParsePayloadOutcome;
  try {
    read = parsePayload(await rule.bind(req));
  } catch (cause) {
    throw refusalFrom(cause) ?? incomplete(rule, warningFor(req, '`bind` threw'), { cause });
  }
  if (read.outcome === 'incomplete') {
    throw incomplete(rule, warningFor(req, `of what \`bind\` gave, ${read.at.slice(0, MAX_PATH)} ${read.problem}`));
  }
  if (read.payload === null) throw incomplete(rule, warningFor(req, '`bind` gave null'));
  return read.payload;
}

export function summaryOf(rule: ParsedActionRule, payload: unknown): string | null {
  if (rule.summary === null) return null;
  let summary: unknown;
  let cause: unknown;
  try {
    summary = rule.summary(payload);
  } catch (error) {
    cause = error;
  }
  if (isTellable(summary)) return summary;
  // Nobody can confirm what can't be shown, or only in part.
  const detail = 'What is to be confirmed could not be put into words.';
  const warning = `A request was refused: \`summary\` must give 1 to ${MAX_SUMMARY} characters of plain text.`;
  throw incomplete(rule, warning, { detail, cause });
}

function isTellable(summary: unknown): summary is string {
  if (typeof summary !== 'string' || summary.length > MAX_SUMMARY || summary.trim() === '') return false;
  return Buffer.from(summary, 'utf8').toString('utf8') === summary && !DISGUISE.test(summary);
}

const warned = new WeakSet<ParsedActionRule>();

/** The developer hears of the first time; after that it is the clients' affair. */
export function incomplete(rule: ParsedActionRule, warning: string, init?: RefusalInit): Refusal {
  // A payload's keys may come from the client: they must not write further lines into a log.
  const line = warning.replace(/\p{C}/gu, '?');
  if (!warned.has(rule)) process.emitWarning(line, { code: 'STEPGATE_ACTION_INCOMPLETE' });
  warned.add(rule);
  return new Refusal('action_incomplete', init);
}

function warningFor(req: IncomingMessage, what: string): string {
  const hasBody = (req as { body?: unknown }).body !== undefined; // a body parser has put it there
  const cause = hasBody
    ? 'Check what the client sends.'
    : 'No body was parsed: put `express.json()` before the guard, and let the client send JSON.';
  return `A request was refused: ${what}. ${cause}`;
}

/** A browser that fetches what its user may want next: nobody has asked for it yet. */
export function isPrefetch(req: IncomingMessage): boolean {
  return /\bprefetch\b/i.test(String(req.headers['sec-purpose'] ?? ''));
}

/** Express keeps the URL that was sent in `originalUrl`, whatever routers have cut off since. */
export function urlOf(req: IncomingMessage): string {
  const { originalUrl } = req as { originalUrl?: unknown }; // Connect and Express have it
  return typeof originalUrl === 'string' ? originalUrl : (req.url ?? '');
}
