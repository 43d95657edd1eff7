import type { Services } from '../../services.js';
import { dropGrants } from '../../step-up/drop-grants.js';
import { proofTimes } from '../authenticate.js';
import { parseFields } from '../json-body.js';
import { Refusal, sendJson, sendNothing } from '../refusal.js';
import type { RouteTable } from '../router.js';
import type { StepUpCalls } from '../step-up-calls.js';

/** Where a client asks for a challenge and answers it. */
export function stepUpRoutes({
  stepUpCalls,
  requireCaller,
  methods,
  store,
  clock,
  emit,
}: Pick<Services, 'stepUpCalls' | 'requireCaller' | 'methods' | 'store' | 'clock' | 'emit'>): RouteTable {
  if (methods.names.length === 0) return {};
  return {
    '/step-up': {
      async get(req, res) {
        const { row, byCurrentToken } = await requireCaller(req);
        const enrolled = await methods.enrolled(methods.names, row.userId);
        const proofs = new Map(byCurrentToken ? Object.entries(proofTimes(row)) : []);
        sendJson(res, 200, {
          methods: methods.names.map((method) => ({
            method,
            enrolled: enrolled.includes(method),
            verifiedAt: proofs.get(method) ?? null,
          })),
        });
      },
      async delete(req, res) {
        const { row } = await requireCaller(req);
        parseFields(req, []);
        await store.sessions.change(row.id, { type: 'drop-proofs' }, clock.now());
        await dropGrants(store, row.id);
        emit({ type: 'step-up.dropped', userId: row.userId, sessionId: row.id });
        sendNothing(res);
      },
    },
    '/step-up/options': {
      async post(req, res) {
        const { method, purpose = 'step-up' } = parseFields(req, ['method', 'purpose']);
        if (typeof method !== 'string') throw new Refusal('request_invalid', { detail: '`method` is missing.' });
        if (purpose !== 'step-up' && purpose !== 'verify-only') {
          throw new Refusal('request_invalid', { detail: "`purpose` is 'step-up' or 'verify-only'." });
        }
        sendJson(res, 200, await stepUpCalls.beginStepUp(req, { method, purpose }));
      },
    },
    '/step-up/verify': {
      async post(req, res) {
        const { method, challengeId, response } = parseFields(req, ['method', 'challengeId', 'response']);
        if (typeof method !== 'string') throw new Refusal('request_invalid', { detail: '`method` is missing.' });
        const answer = { method, challengeId: textOrAbsent(challengeId), response };
        const body = await stepUpCalls.verifyStepUp(req, res, answer);
        sendJson(res, 200, body);
      },
    },
    ...(methods.get('passkey') === undefined ? {} : { '/passkey/verify-assertion': verifyAssertion(stepUpCalls) }),
  };
}

function verifyAssertion(calls: StepUpCalls<string>): RouteTable[string] {
  return {
    async post(req, res) {
      const { challengeId, response } = parseFields(req, ['challengeId', 'response']);
      const answer = { method: 'passkey', challengeId: textOrAbsent(challengeId), response };
      sendJson(res, 200, await calls.verifyOnly(req, answer));
    },
  };
}

function textOrAbsent(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw new Refusal('request_invalid', { detail: '`challengeId` must be a string.' });
}
