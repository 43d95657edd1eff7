import type { IncomingMessage } from 'node:http';
import { isStorable } from '../internal/arguments.js';
import { decodeToken, encode, hashToken, isId, newId, newToken, type TokenHash } from '../internal/tokens.js';
import type { Services } from '../services.js';
import { actionDigest, approvalDigest, askedDigest, parsePayload } from '../step-up/action.js';
import type { ParsedActionRule } from '../step-up/rule.js';
import type { ApprovalRow, Asker } from '../stores/contract/approvals.js';
import { incomplete, isPrefetch, payloadOf, summaryOf, urlOf } from './action-of-request.js';
import { approvalJson, approvalRequired } from './approval-refusal.js';
import { sentFrom } from './client.js';
import { Refusal } from './refusal.js';
import { stepUpUnavailable, tooMany } from './step-up-refusal.js';

const MAX_APPROVERS = 100;
/** What is stored of a request. Characters. */
const MAX_URL = 2_048;
const MAX_PAYLOAD = 16_384;

/** A rule whose proof somebody else gives. */
export type ApproverRule = ParsedActionRule & { readonly approver: NonNullable<ParsedActionRule['approver']> };

export type ApprovalServices = Pick<
  Services,
  | 'settings'
  | 'realm'
  | 'sessions'
  | 'approvals'
  | 'requireAsker'
  | 'methods'
  | 'methodServices'
  | 'states'
  | 'isSameOrigin'
  | 'call'
  | 'clock'
  | 'emit'
>;

/** What the request asks for, as it is now. */
interface Asked {
  readonly asker: Asker;
  readonly url: string;
  readonly summary: string;
  readonly payload: unknown;
  readonly payloadText: string;
  readonly request: string;
  readonly approvers: readonly string[];
}

/**
 * Spends the approval of exactly this request, which its `Stepgate-Approval` names, or asks for one and rejects with the
 * refusal that says so. A request that names an approval never asks for another.
 */
export async function requireApproval(
  services: ApprovalServices,
  req: IncomingMessage,
  rule: ApproverRule,
): Promise<void> {
  const { settings, approvals, requireAsker, methods, states, isSameOrigin, call, clock, emit } = services;
  const { asker, state } = await requireAsker(req);
  if (state.auth.via === 'cookie' && !isSameOrigin(req)) {
    emit({ type: 'session.refused', reason: 'cross-origin', userId: asker.userId, ...sentFrom(req) });
    throw new Refusal('cross_origin');
  }
  const asked = await askedBy(services, req, asker, rule);
  if (isPrefetch(req)) throw approvalRequired({ reason: 'missing' });
  const named = parseApprovalHeader(req);
  if (named === null) throw await ask(services, req, asked, rule);
  const row = await approvals.get(named.id);
  if (row === null || !isAskedBy(row, asker, named.tokenHash)) throw new Refusal('not_found');
  const actionDigestNow = approvalDigest(asked.request, named.tokenHash);
  const isSame = row.actionDigest === actionDigestNow;
  if (row.status === 'pending' || row.status === 'approved') {
    if (!isSame) {
      if (settings.voidsOnMismatch) await approvals.change(row.id, { type: 'withdraw' });
      throw approvalRequired({ reason: 'mismatch' });
    }
    if (row.status === 'pending') {
      throw approvalRequired({ reason: 'pending', approval: approvalJson(row, settings.approvals.page, clock.now()) });
    }
  }
  if (row.status !== 'approved') throw approvalRequired({ reason: row.status });
  if (!(await stands(services, row, asked))) {
    await approvals.change(row.id, { type: 'withdraw' });
    throw approvalRequired({ reason: 'denied' });
  }
  const spend = { type: 'spend', tokenHash: named.tokenHash, actionDigest: actionDigestNow } as const;
  const answer = await approvals.change(row.id, spend);
  if (answer.outcome === 'absent') throw new Refusal('not_found');
  if (answer.outcome === 'refused') {
    const { status } = answer.row;
    throw approvalRequired({ reason: status === 'approved' ? 'mismatch' : status });
  }
  const { decision } = answer.row;
  const { records } = settings.approvals;
  if (records !== null) {
    const amr = methods.get(decision?.method ?? '')?.amr ?? [];
    await call(
      'approvals.records.sink',
      () => records.write(answer.row, amr),
      () => true,
    );
  }
  const action = { payload: asked.payload, method: decision?.method ?? '', approverId: decision?.userId ?? '' };
  states.set(
    req,
    state.outcome === 'session'
      ? { ...state, auth: { ...state.auth, action } }
      : { ...state, auth: { ...state.auth, action } },
  );
}

/** Whether this asker made it, and has its token. */
export function isAskedBy(row: ApprovalRow, { kind, id, userId }: Asker, tokenHash: TokenHash): boolean {
  const { asker } = row;
  return asker.kind === kind && asker.id === id && asker.userId === userId && row.tokenHash === tokenHash;
}

/** Which approval a request names: `<id>.<token>`. Null without one; rejects with a `Refusal` for what is none. */
export function parseApprovalHeader(
  req: IncomingMessage,
): { readonly id: string; readonly tokenHash: TokenHash } | null {
  const value = req.headers['stepgate-approval'];
  if (value === undefined) return null;
  const [id, text, ...rest] = String(value).split('.');
  const token = decodeToken(text);
  if (!isId(id) || token === null || rest.length > 0) throw new Refusal('not_found');
  return { id, tokenHash: hashToken(token) };
}

async function askedBy(
  services: ApprovalServices,
  req: IncomingMessage,
  asker: Asker,
  rule: ApproverRule,
): Promise<Asked> {
  const { realm, methods } = services;
  const payload = await payloadOf(req, rule);
  const summary = summaryOf(rule, payload) ?? ''; // a rule with an approver has a `summary`
  const body = parsePayload((req as { body?: unknown }).body ?? null); // a body parser has put it there
  if (body.outcome === 'incomplete') {
    throw incomplete(rule, `A request was refused: of its body, ${body.at.slice(0, 200)} ${body.problem}.`);
  }
  const url = urlOf(req);
  const payloadText = JSON.stringify(payload);
  if (url.length > MAX_URL || payloadText.length > MAX_PAYLOAD || !isStorable(url)) {
    throw incomplete(
      rule,
      'A request was refused: its URL or what `bind` gave is too long to be shown to who approves it.',
    );
  }
  const approvers = await approversOf(services, req, { asker, payload, rule });
  const { userId } = asker;
  if (rule.approver === 'user' && (await methods.enrolled(rule.methods, userId)).length === 0) {
    throw stepUpUnavailable(rule, []);
  }
  const parties = [rule.approver === 'user' ? 'user' : 'others', asker.kind, asker.id] as const;
  const action = actionDigest(
    { userId, httpMethod: req.method ?? '', url, payload },
    { realm, parties, methods: rule.methods },
  );
  const request = askedDigest({ action, summary, body: body.payload });
  return { asker, url, summary, payload, payloadText, request, approvers };
}

/** Who may approve it now, the asker's own user never among the others. */
async function approversOf(
  { call }: Pick<Services, 'call'>,
  req: IncomingMessage,
  { asker, payload, rule }: { readonly asker: Asker; readonly payload: unknown; readonly rule: ApproverRule },
): Promise<readonly string[]> {
  const { approver } = rule;
  if (approver === 'user') return [asker.userId];
  const given = await call('approver', async () => approver(req, payload), isListOfUsers);
  const others = [...new Set(given as readonly string[])].filter((userId) => userId !== asker.userId); // as looked at
  if (others.length === 0) throw new Refusal('step_up_unavailable', { detail: 'There is nobody who may approve it.' });
  return others;
}

function isListOfUsers(given: unknown): boolean {
  return (
    Array.isArray(given) &&
    given.length <= MAX_APPROVERS &&
    given.every((userId: unknown) => isStorable(userId) && userId !== '' && userId.length <= 255)
  );
}

async function ask(
  { settings, approvals, clock }: ApprovalServices,
  req: IncomingMessage,
  asked: Asked,
  rule: ApproverRule,
): Promise<Refusal> {
  const token = newToken();
  const tokenHash = hashToken(token);
  const wanted = {
    id: newId(),
    tokenHash,
    asker: asked.asker,
    approver: rule.approver === 'user' ? ('user' as const) : ('others' as const),
    approvers: asked.approvers,
    methods: rule.methods,
    request: asked.request,
    actionDigest: approvalDigest(asked.request, tokenHash),
    httpMethod: req.method ?? '',
    url: asked.url,
    summary: asked.summary,
    payload: asked.payloadText,
  };
  const answer = await approvals.ask(wanted, sentFrom(req));
  if (answer.outcome === 'denied') return approvalRequired({ reason: 'denied' });
  if (answer.outcome !== 'inserted') return tooMany('too_many_pending', answer.until, clock);
  const approval = approvalJson(answer.row, settings.approvals.page, clock.now());
  return approvalRequired({ reason: 'missing', approval }, encode(token));
}

/** Whether who approved it still may, in a session that still lives, with a method that is still there. */
async function stands(
  { settings, sessions, methods, methodServices }: ApprovalServices,
  { asker, decision }: ApprovalRow,
  { approvers }: Asked,
): Promise<boolean> {
  if (decision === null || decision.method === null) return false;
  const { userId, sessionId, method } = decision;
  if (!approvers.includes(userId) || (asker.kind === 'session' && asker.id === sessionId)) return false;
  const session = await sessions.get(sessionId);
  if (session === null || session.userId !== userId) return false;
  if (settings.users !== null && (await methodServices.findUser(userId)) === null) return false;
  const enrolled = await methods.enrolled([method], userId);
  return methods.stillCounts([method], enrolled).includes(method);
}
