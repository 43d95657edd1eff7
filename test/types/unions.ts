// Compiled only: codes, events and their parts are closed unions. A new member must be added here, and so be noticed.
import type { FailedReason, RefusalCode, RefusedReason, RevokedBy, StepgateEvent } from 'stepgate';

export function status(code: RefusalCode): number {
  switch (code) {
    case 'refresh_missing':
    case 'request_invalid':
    case 'action_incomplete':
      return 400;
    case 'session_required':
    case 'session_invalid':
    case 'refresh_invalid':
    case 'step_up_required':
    case 'approval_required':
      return 401;
    case 'sign_in_refused':
    case 'cross_origin':
    case 'api_key_refused':
    case 'restricted':
    case 'step_up_failed':
    case 'step_up_unavailable':
    case 'method_disabled':
      return 403;
    case 'not_found':
      return 404;
    case 'method_not_allowed':
      return 405;
    case 'session_changed':
    case 'approval_decided':
      return 409;
    case 'body_too_large':
      return 413;
    case 'unsupported_media_type':
      return 415;
    case 'method_locked':
    case 'too_many_pending':
    case 'slow_down':
      return 429;
    case 'store_unavailable':
      return 500;
    default:
      return code satisfies never;
  }
}
// @ts-expect-error no such code
export const unknownCode: RefusalCode = 'forbidden';

export function auditLine(event: StepgateEvent): string {
  switch (event.type) {
    case 'session.created':
      return `${event.at} ${event.userId} ${event.sessionId} ${event.methods.join()}`;
    case 'session.refreshed':
    case 'session.refresh-reused':
      return `${event.userId} ${event.ip ?? ''}`;
    case 'session.revoked':
      return event.by satisfies RevokedBy;
    case 'session.refused':
      return event.reason satisfies RefusedReason;
    case 'sessions.expired-deleted':
      return String(event.count);
    case 'impersonation.started':
    case 'impersonation.ended':
      return `${event.userId} ${event.impersonatorId}`;
    case 'step-up.asked':
      return event.methods.join();
    case 'step-up.failed':
      return event.reason satisfies FailedReason;
    case 'step-up.succeeded':
    case 'step-up.locked':
    case 'grant.spent':
      return `${event.userId} ${event.sessionId} ${event.method}`;
    case 'step-up.dropped':
      return event.sessionId;
    case 'approval.requested':
      return `${event.approvalId} ${event.sessionId ?? event.keyId ?? ''} ${event.approverIds.join()}`;
    case 'approval.approved':
    case 'approval.spent':
      return `${event.approvalId} ${event.approverId} ${event.method}`;
    case 'approval.denied':
    case 'approval.withdrawn':
      return `${event.approvalId} ${event.approverId}`;
    case 'approval.expired':
      return `${event.approvalId} ${event.userId}`;
    case 'method.enrolled':
    case 'method.removed':
    case 'method.disabled':
    case 'method.unlocked':
      return `${event.userId} ${event.method}`;
    case 'passkey.counter-regressed':
      return `${event.userId} ${event.passkeyId}`;
    case 'totp.weak-secret':
      return `${event.userId} ${event.bits}`;
    case 'touch.failed':
      return `${event.pending} ${event.dropped}`;
    case 'dependency.failed':
      // @ts-expect-error a failed operation is nobody's
      void event.userId;
      return event.operation;
    default:
      return event satisfies never;
  }
}
