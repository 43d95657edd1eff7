import type { IncomingMessage } from 'node:http';
import type { Services } from '../services.js';
import { actionDigest, actionMark, grantDigest, type ParsePayloadOutcome, parsePayload } from '../step-up/action.js';
import type { ChallengeFor } from '../step-up/challenges.js';
import { partOf } from '../step-up/methods.js';
import type { ParsedActionRule } from '../step-up/rule.js';
import type { ChallengeRow } from '../stores/contract/challenges.js';
import type { SessionRow } from '../stores/contract/sessions.js';
import type { ActionChallengeJson, StepUpFailedJson } from '../wire.js';
import { sentFrom } from './client.js';
import { Refusal, type RefusalInit, refusalFrom } from './refusal.js';
import type { LiveSession } from './request-auth.js';
import { endJson } from './router.js';
import { stepUpRequired, stepUpUnavailable } from './step-up-refusal.js';

const MAX_SUMMARY = 500;
/** What could hide a part of a summary, or turn it round: control and bidirectional characters, runs of spaces. */
const DISGUISE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Zs}{2}/u;
/** For how long it is kept that an action was done. */
const MARK_LIFETIME = 86_400_000;
/** Of where in a payload something is, in a warning. */
const MAX_PATH = 200;
/** The digest of no grant: whoever may not spend one still hears that the action was done before. */
const NO_GRANT = '';

export type ConfirmationServices = Pick<
  Services,
  'settings' | 'realm' | 'store' | 'challenges' | 'methods' | 'states' | 'isSameOrigin' | 'clock' | 'emit'
>;

/**
 * Spends the grant for exactly this request, or rejects with a refusal that brings the challenge for it. The grant is
 * spent here whether or not the handler succeeds.
 */
export async function requireConfirmation(
  {
    settings: { voidsOnMismatch },
    realm,
    store,
    challenges,
    methods,
    states,
    isSameOrigin,
    clock,
    emit,
  }: ConfirmationServices,
  req: IncomingMessage,
  caller: LiveSession,
  rule: ParsedActionRule,
): Promise<void> {
  const { row, byCurrentToken, proofsId, auth } = caller;
  const { id: sessionId, userId } = row;
  // A grant makes a GET do something as well: no other site may send it (a bearer token it can't send).
  if (auth.via === 'cookie' && !isSameOrigin(req)) {
    emit({ type: 'session.refused', reason: 'cross-origin', userId, sessionId, ...sentFrom(req) });
    throw new Refusal('cross_origin');
  }
  const grants = partOf(store, 'grants');
  const payload = await payloadOf(req, rule);
  const action = { userId, httpMethod: req.method ?? '', url: urlOf(req), payload };
  const digest = actionDigest(action, { realm, sessionId, methods: rule.methods });
  const mark = actionMark(action);
  const enrolled = await methods.enrolled(rule.methods, userId); // which may fail: before anything is spent
  const now = clock.now();
  const maySpend = byCurrentToken && proofsId !== null && !isPrefetch(req);
  const taken = await grants.take({
    sessionId: proofsId ?? sessionId,
    userId,
    actionDigest: maySpend ? grantDigest(digest, row.generation) : NO_GRANT,
    action: mark,
    markedUntil: now + MARK_LIFETIME,
    now,
  });
  if (taken.outcome === 'taken' && methods.stillCounts(rule.methods, enrolled).includes(taken.row.method)) {
    const { method } = taken.row;
    emit({ type: 'grant.spent', userId, sessionId, method });
    states.set(req, { ...caller, outcome: 'session', auth: { ...auth, action: { payload, method } } });
    return;
  }

  if (voidsOnMismatch && maySpend && taken.outcome === 'none') await grants.dropForSession(proofsId);
  if (enrolled.length === 0) throw stepUpUnavailable(rule, enrolled);
  const summary = summaryOf(rule, payload);
  emit({ type: 'step-up.asked', userId, sessionId, methods: rule.methods });
  const { methods: begun, ...issued } = await challengeFor({ challenges, methods }, row, {
    methods: enrolled,
    action: { digest, mark },
  });
  const required = {
    rule,
    enrolled,
    missing: enrolled.map((name) => [name]),
    challenge: { ...issued, summary, methods: begun } satisfies ActionChallengeJson,
  };
  throw stepUpRequired(
    methods,
    taken.outcome === 'spent'
      ? { ...required, reason: 'spent', spentAt: Math.min(taken.spentAt, now) }
      : { ...required, reason: 'missing' },
  );
}

/** The next challenge for the request that this one was for: a failed answer has used it up. */
export async function nextChallenge(
  services: ConfirmationServices,
  row: SessionRow,
  { methods, actionDigest: digest, actionMark: mark, userId }: ChallengeRow,
): Promise<Pick<StepUpFailedJson, 'challenge' | 'spentAt'>> {
  if (digest === null || mark === null) return {};
  const now = services.clock.now();
  const asked = { sessionId: row.id, userId, actionDigest: NO_GRANT, action: mark, markedUntil: now, now };
  const done = await partOf(services.store, 'grants').take(asked);
  const challenge = await challengeFor(services, row, { methods, action: { digest, mark } });
  return { challenge, ...(done.outcome === 'spent' ? { spentAt: Math.min(done.spentAt, now) } : {}) };
}

async function challengeFor(
  { challenges, methods }: Pick<Services, 'challenges' | 'methods'>,
  row: SessionRow,
  wanted: Omit<ChallengeFor, 'purpose'>,
): Promise<Omit<ActionChallengeJson, 'summary'>> {
  const { id, createdAt, expiresAt, value } = await challenges.issue(row, { purpose: 'action', ...wanted });
  const begun: Record<string, ActionChallengeJson['methods'][string]> = {};
  for (const name of wanted.methods) {
    const method = methods.get(name);
    if (method?.effect === true) {
      begun[name] = { options: null, begin: true };
      continue;
    }
    const answer = method && (await methods.begin(method, row, value));
    if (answer?.outcome === 'begun') begun[name] = { options: answer.options };
  }
  return { id, ...endJson(expiresAt, createdAt), methods: begun };
}

/** What is to be confirmed. Whatever goes wrong on the way, the handler must not run with half of it. */
async function payloadOf(req: IncomingMessage, rule: ParsedActionRule): Promise<unknown> {
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

function summaryOf(rule: ParsedActionRule, payload: unknown): string | null {
  if (rule.summary === null) return null;
  let summary: unknown;
  let cause: unknown;
  try {
    summary = rule.summary(payload);
  } catch (error) {
    cause = error;
  }
  if (isTellable(summary)) return summary;
  // Nobody can confirm what can't be told, or only in part.
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
function incomplete(rule: ParsedActionRule, warning: string, init?: RefusalInit): Refusal {
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
function isPrefetch(req: IncomingMessage): boolean {
  return /\bprefetch\b/i.test(String(req.headers['sec-purpose'] ?? ''));
}

/** Express keeps the URL that was sent in `originalUrl`, whatever routers have cut off since. */
function urlOf(req: IncomingMessage): string {
  const { originalUrl } = req as { originalUrl?: unknown }; // Connect and Express have it
  return typeof originalUrl === 'string' ? originalUrl : (req.url ?? '');
}
