import type { IncomingMessage } from 'node:http';
import { isId } from '../../internal/tokens.js';
import type { Method } from '../../methods/method.js';
import type { Services } from '../../services.js';
import { approvingDigest } from '../../step-up/action.js';
import { SPEND_LIFETIME } from '../../step-up/approvals.js';
import { partOf } from '../../step-up/methods.js';
import type { ApprovalChange } from '../../stores/contract/approval-state.js';
import type { ApprovalRow, ApprovalStatus } from '../../stores/contract/approvals.js';
import type { SessionRow } from '../../stores/contract/sessions.js';
import type {
  ApprovalDecidedJson,
  ApprovalStatusJson,
  ApprovalsJson,
  PendingApprovalJson,
  StepUpBegunJson,
} from '../../wire.js';
import { alreadyDecided, approvalJson, POLL_INTERVAL } from '../approval-refusal.js';
import { isAskedBy, parseApprovalHeader } from '../approved-request.js';
import { Refusal } from '../refusal.js';
import type { LiveSession } from '../request-auth.js';
import { endJson, parseFields, type RouteRequest, type RouteTable, sendJson } from '../router.js';
import { failedMembers, notVerified, stepUpFailed, tooMany } from '../step-up-refusal.js';

type Needed = Pick<
  Services,
  | 'settings'
  | 'store'
  | 'approvals'
  | 'requireAsker'
  | 'requireCurrentToken'
  | 'methods'
  | 'challenges'
  | 'verify'
  | 'clock'
  | 'emit'
>;

interface Decidable {
  readonly caller: LiveSession;
  readonly session: SessionRow;
  readonly row: ApprovalRow;
}

/** Where an asker looks what became of an approval, and where people find, approve and deny those that wait for them. */
export function approvalRoutes(services: Needed): RouteTable {
  const { settings, store, approvals, requireAsker, requireCurrentToken, methods, challenges, verify, clock, emit } =
    services;
  if (store.approvals === undefined || methods.names.length === 0) return {};

  /** The asker's own look: not more often than the answers say. */
  async function polled(req: IncomingMessage, id: string): Promise<ApprovalRow> {
    const named = parseApprovalHeader(req);
    const { asker } = await requireAsker(req);
    const row = named?.id === id ? await approvals.get(id) : null;
    if (named === null || row === null || !isAskedBy(row, asker, named.tokenHash)) throw new Refusal('not_found');
    const counter = { key: `approval ${id}`, limit: 1, window: POLL_INTERVAL };
    const now = clock.now();
    const counted = await partOf(store, 'attempts').count(asker.userId, [counter], now);
    if (counted.outcome === 'refused') throw tooMany('slow_down', counted.at.endsAt ?? now, clock);
    return row;
  }

  /** An approval that this session may decide, and whose session it is. 404 for everybody else. */
  async function decidable(req: RouteRequest): Promise<Decidable> {
    const caller = await requireCurrentToken(req);
    const { row: session } = caller;
    const { id } = req.params;
    const row = isId(id) ? await approvals.get(id) : null;
    if (row === null || !row.approvers.includes(session.userId)) throw new Refusal('not_found');
    if (row.asker.kind === 'session' && row.asker.id === session.id) throw new Refusal('not_found');
    return { caller, session, row };
  }

  function methodOf(row: ApprovalRow, name: unknown): Method {
    const method = typeof name === 'string' && row.methods.includes(name) ? methods.get(name) : undefined;
    if (method !== undefined) return method;
    throw new Refusal('request_invalid', { detail: `\`method\` is one of: ${row.methods.join(', ')}.` });
  }

  /** Rejects with the `Refusal` of an approval that somebody else has decided first. */
  async function decide({ id }: ApprovalRow, change: ApprovalChange): Promise<void> {
    const changed = await approvals.change(id, change);
    if (changed.outcome === 'absent') throw new Refusal('not_found');
    if (changed.outcome === 'refused') throw alreadyDecided(changed.row.status);
  }

  function refuseDecided({ status }: ApprovalRow, ...allowed: readonly ApprovalStatus[]): void {
    if (!allowed.includes(status)) throw alreadyDecided(status);
  }

  return {
    '/approvals': {
      async get(req, res) {
        const { row: session } = await requireCurrentToken(req);
        const rows = await approvals.listPending(session.userId, session.id);
        const now = clock.now();
        sendJson(res, 200, { approvals: rows.map((row) => pendingJson(row, now)) } satisfies ApprovalsJson);
      },
    },
    '/approvals/:id': {
      async get(req, res) {
        if (req.headers['stepgate-approval'] !== undefined) {
          const row = await polled(req, String(req.params['id']));
          const { status } = row;
          if (status === 'pending') res.setHeader('Retry-After', String(POLL_INTERVAL / 1_000));
          const approval = approvalJson(row, settings.approvals.page, clock.now());
          sendJson(res, 200, { ...approval, status } satisfies ApprovalStatusJson);
          return;
        }
        const { row } = await decidable(req);
        const now = clock.now();
        sendJson(res, 200, { ...pendingJson(row, now), status: row.status });
      },
    },
    '/approvals/:id/options': {
      async post(req, res) {
        const { method: name } = parseFields(req, ['method']);
        const { session, row } = await decidable(req);
        refuseDecided(row, 'pending');
        const method = methodOf(row, name);
        const [enrolled] = await methods.enrolled([method.name], session.userId);
        if (enrolled === undefined) {
          const none = [{ method: method.name, enrolled: false }];
          throw new Refusal('step_up_unavailable', { members: { methods: none } });
        }
        const challenge = await challenges.issue(session, {
          purpose: 'approval',
          methods: [method.name],
          action: { digest: approvingDigest(row.id, row.actionDigest), mark: row.id },
        });
        const begun = await methods.begin(method, session, challenge.value);
        if (begun.outcome === 'failed') throw stepUpFailed({ reason: 'challenge' });
        const { id: challengeId, createdAt, expiresAt } = challenge;
        const { options } = begun;
        const ends = endJson(expiresAt, createdAt);
        sendJson(res, 200, { challengeId, method: method.name, options, ...ends } satisfies StepUpBegunJson);
      },
    },
    '/approvals/:id/approve': {
      async post(req, res) {
        const { method: name, challengeId, response } = parseFields(req, ['method', 'challengeId', 'response']);
        const { caller, session, row } = await decidable(req);
        const method = methodOf(row, name);
        if (typeof challengeId !== 'string' || typeof response !== 'object' || response === null) {
          throw new Refusal('request_invalid', { detail: '`challengeId` is a string, and `response` an object.' });
        }
        refuseDecided(row, 'pending');
        const answer = { ...caller, method, challengeId, response };
        const outcome = await verify.approval(answer, approvingDigest(row.id, row.actionDigest));
        if (outcome.outcome === 'failed') throw stepUpFailed(failedMembers(outcome));
        if (outcome.outcome !== 'verified') throw notVerified(outcome, clock);
        const { userId, id: sessionId } = session;
        const expiresAt = clock.now() + SPEND_LIFETIME;
        await decide(row, { type: 'approve', userId, sessionId, method: method.name, expiresAt });
        // Its credential may have been removed meanwhile: then what was approved with it goes again.
        if (!(await methods.holds(method, userId, outcome.credential ?? undefined))) {
          await approvals.dropMethod(userId, method.name);
          emit({ type: 'step-up.failed', userId, sessionId, method: method.name, reason: 'unknown-credential' });
          throw stepUpFailed({ reason: 'challenge' });
        }
        sendJson(res, 200, { status: 'approved' } satisfies ApprovalDecidedJson);
      },
    },
    '/approvals/:id/deny': {
      async post(req, res) {
        parseFields(req, []);
        const { session, row } = await decidable(req);
        refuseDecided(row, 'pending', 'approved');
        const { userId, id: sessionId } = session;
        await decide(row, { type: 'deny', userId, sessionId });
        sendJson(res, 200, { status: 'denied' } satisfies ApprovalDecidedJson);
      },
    },
  };
}

/** As who may decide it gets it: all of it as the server stored it when it was asked for. */
function pendingJson(row: ApprovalRow, now: number): PendingApprovalJson {
  const { id, httpMethod, url, summary, methods, asker, createdAt, expiresAt } = row;
  const { kind, userId, label, ip, userAgent, since } = asker;
  return {
    id,
    summary,
    httpMethod,
    url,
    payload: JSON.parse(row.payload) as unknown, // as it was asked for
    methods,
    asker: { kind, userId, label: kind === 'api-key' ? asker.id : label, ip, userAgent, since },
    requestedAt: createdAt,
    ...endJson(expiresAt, now),
  };
}
