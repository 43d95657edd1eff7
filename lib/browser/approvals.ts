import type {
  ApprovalJson,
  ApprovalRequiredJson,
  ApprovalStatus,
  ApprovalStatusJson,
  ApprovalsJson,
  PendingApprovalJson,
  StepUpBegunJson,
} from '../wire.js';
import { type Call, createCall } from './call.js';
import type { Client } from './client.js';
import type { MethodName } from './confirm.js';
import { StepgateError, type StepgateErrorCode } from './errors.js';
import { refusalIn } from './refusal.js';
import { type ClientRequestInit, requestMaker } from './request.js';
import { aborted, passed } from './wait.js';
import { inDialog } from './webauthn.js';

export type { ApprovalJson, ApprovalStatus, PendingApprovalJson };

export interface ApprovalsOptions {
  /** Where stepgate's router is: that of the client. @default '/auth' */
  readonly mount?: string;
}

export interface ApprovalRequestInit extends ClientRequestInit {
  /**
   * Called when the request waits for somebody else: show its `summary`, and its `url`, as a link or a QR code. What it
   * has is text, and may hold anything that somebody has typed: never insert it as HTML.
   */
  readonly onAsked?: (approval: ApprovalJson) => void;
}

export interface Approvals {
  /**
   * As `client.fetch`, for a request that somebody else approves: waits for the answer, and sends the same request once
   * more. Rejects with a `StepgateError`: `approval_denied`, `approval_expired`, or `cancelled` by its `signal`; with
   * `outcome_unknown` its `again()` sends it under the same approval, so that it is done once at most.
   */
  readonly fetch: (input: RequestInfo | URL, init?: ApprovalRequestInit) => Promise<Response>;
  /** Those that wait for this user, oldest first. */
  readonly list: () => Promise<readonly PendingApprovalJson[]>;
  /** One of them, decided or not. `not_found` for everybody who may not decide it. */
  readonly get: (id: string) => Promise<PendingApprovalJson & { readonly status: ApprovalStatus }>;
  /**
   * Approves it by one of its `methods`. For a passkey the browser's ceremony runs, so call it in the handler of a click;
   * every other method takes what the user typed, and one with a ceremony of the app's own a function, which is given the
   * server's options. Rejects with a `StepgateError`: `step_up_failed` (`refusal.attemptsLeft`), `method_locked`,
   * `approval_decided`, `passkey_cancelled`, or `outcome_unknown`: then `get` says.
   */
  readonly approve: (id: string, method: MethodName, response?: object | Ceremony) => Promise<void>;
  /** Also of what was approved, until it is spent. */
  readonly deny: (id: string) => Promise<void>;
}

type Ceremony = (options: object | null) => object | Promise<object>;

const FAILURES: Readonly<Partial<Record<string, StepgateErrorCode>>> = {
  denied: 'approval_denied',
  expired: 'approval_expired',
  spent: 'outcome_unknown', // by this very request, whose answer was lost
};

/** What a page needs for approvals, beside its client. */
export function createApprovals(client: Pick<Client, 'fetch'>, { mount = '/auth' }: ApprovalsOptions = {}): Approvals {
  const { href, origin } = new URL(mount, document.baseURI);
  const base = href.replace(/\/$/, '');
  const call = callAs();

  /** With the header of an approval, where one is named. */
  function callAs(named?: string, signal?: AbortSignal): Call {
    return createCall(async ({ make }) => {
      const request = new Request(make(), { signal: signal ?? null });
      if (named) request.headers.set('Stepgate-Approval', named);
      const response = await client.fetch(request);
      return { response, refusal: await refusalIn(response) };
    }, base);
  }

  async function approvalRequired(response: Response): Promise<ApprovalRequiredJson | null> {
    const isOurs = [location.origin, origin].includes(new URL(response.url).origin);
    const refusal = isOurs ? await refusalIn(response) : null;
    return refusal?.code === 'approval_required' ? (refusal as ApprovalRequiredJson) : null; // by its code
  }

  /** Resolves once it is approved. */
  async function approved({ id, interval, expiresIn }: ApprovalJson, look: Call, signal: AbortSignal): Promise<void> {
    const end = Date.now() + expiresIn * 1_000;
    let pause = interval;
    for (;;) {
      await Promise.race([passed(pause), aborted(signal)]);
      pause = interval;
      try {
        const { status } = await look<ApprovalStatusJson>('GET', `/approvals/${id}`);
        if (status === 'approved') return;
        const code = FAILURES[status];
        if (code) throw new StepgateError(code);
      } catch (error) {
        const { code, retryAfter = 0 } = error as StepgateError; // nothing else is thrown here
        if (code === 'not_found') throw new StepgateError('approval_expired'); // with the session that asked
        // Nobody has answered, or it was too early: what became of it can be asked again.
        if (Date.now() > end || !/^(offline|slow_down|store_unavailable)$/.test(code)) throw error;
        pause = Math.max(interval, retryAfter);
      }
    }
  }

  return {
    async fetch(input, { onAsked, stepUp, ...init } = {}) {
      const make = requestMaker(input, init);
      const options = { stepUp: stepUp ?? true };
      const first = await client.fetch(make(), options);
      const refusal = await approvalRequired(first);
      if (!refusal) return first;
      const { approval, reason } = refusal;
      if (!approval?.token) throw new StepgateError(FAILURES[reason] ?? refusal.code, { response: first, refusal });
      onAsked?.(approval);
      const named = `${approval.id}.${approval.token}`;
      const { signal } = make();
      await approved(approval, callAs(named, signal), signal);
      const request = make();
      request.headers.set('Stepgate-Approval', named);
      const response = await client.fetch(request, options);
      const again = await approvalRequired(response);
      const code = again && FAILURES[again.reason];
      if (code) throw new StepgateError(code, { response, refusal: again });
      return response;
    },
    list: async () => (await call<ApprovalsJson>('GET', '/approvals')).approvals,
    get: (id) => call('GET', `/approvals/${id}`),
    async approve(id, method, given) {
      const { challengeId, options } = await call<StepUpBegunJson>('POST', `/approvals/${id}/options`, { method });
      const answer = method === 'passkey' ? (asked: object | null) => inDialog('get', asked) : given;
      const response = typeof answer === 'function' ? await (answer as Ceremony)(options) : answer;
      await call('POST', `/approvals/${id}/approve`, { method, challengeId, response });
    },
    deny: (id) => call('POST', `/approvals/${id}/deny`),
  };
}
