import type { IncomingMessage } from 'node:http';
import type { Services } from '../services.js';
import { actionDigest, actionMark, grantDigest } from '../step-up/action.js';
import type { ChallengeFor } from '../step-up/challenges.js';
import { partOf } from '../step-up/methods.js';
import type { ParsedActionRule } from '../step-up/rule.js';
import type { ChallengeRow } from '../stores/contract/challenges.js';
import type { SessionRow } from '../stores/contract/sessions.js';
import type { ActionChallengeJson, StepUpFailedJson } from '../wire.js';
import { isPrefetch, payloadOf, summaryOf, urlOf } from './action-of-request.js';
import { sentFrom } from './client.js';
import { Refusal } from './refusal.js';
import type { LiveSession } from './request-auth.js';
import { endJson } from './router.js';
import { stepUpRequired, stepUpUnavailable } from './step-up-refusal.js';

/** For how long it is kept that an action was done. */
const MARK_LIFETIME = 86_400_000;
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
  const parties = ['self', 'session', sessionId] as const;
  const digest = actionDigest(action, { realm, parties, methods: rule.methods });
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
