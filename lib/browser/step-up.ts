import type { ActionChallengeJson, EndJson, StepUpBegunJson, StepUpFailedJson, StepUpRequiredJson } from '../wire.js';
import { createCall } from './call.js';
import type { Confirm, ConfirmOutcome, ConfirmRequest, ProveOutcome, Ways } from './confirm.js';
import { StepgateError, type StepgateErrorCode } from './errors.js';
import { asks } from './refusal.js';
import type { Answer, Sending, Transport } from './transport.js';
import { forgetUnknown, inDialog } from './webauthn.js';

/** Sends a request, lets the user prove what the server asks for, and sends the same once more for each confirmation. */
export type Perform = (sending: Sending) => Promise<Answer>;

/** More in a row than any sensible route asks for: what is given doesn't count there, and asking on would be a loop. */
const MAX_ASKED = 5;

/** What several requests may be waiting for. */
interface Asking {
  readonly outcome: Promise<ConfirmOutcome>;
  readonly controller: AbortController;
  waiting: number;
  /** Lets the next one be asked: the request that was confirmed has been answered. */
  readonly release: () => void;
}

const OUTCOMES: Readonly<
  Partial<Record<StepgateErrorCode, 'locked' | 'disabled' | 'dismissed' | 'unavailable' | 'offline'>>
> = {
  method_locked: 'locked',
  method_disabled: 'disabled',
  passkey_cancelled: 'dismissed',
  passkey_unavailable: 'unavailable',
  step_up_unavailable: 'unavailable',
  offline: 'offline',
};

export function createStepUp(confirm: Confirm, transport: Transport): Perform {
  const call = createCall(transport.send, transport);
  const askings = new Map<string, Asking>();
  let turn: Promise<unknown> = Promise.resolve();
  let proofs = 0;

  return async (sending) => {
    let action: StepUpRequiredJson | undefined;
    let outcome: ConfirmOutcome | undefined;
    let release: (() => void) | undefined;
    for (let asked = 0; ; asked++) {
      const before = proofs;
      const answer = await transport.send({ ...sending, unsafe: !!sending.unsafe || !!action }).finally(release);
      const { refusal } = answer;
      const failure = (code: StepgateErrorCode) => new StepgateError(code, { ...answer, again: sending.again });
      if (refusal?.code === 'step_up_unavailable') throw failure(refusal.code);
      if (!asks(refusal)) return answer;
      // It was done since the user was asked: by this very request, or by another.
      if (action && refusal.challenge && refusal.spentAt !== action.spentAt) throw failure('outcome_unknown');
      // Only a new sign-in would do.
      if (!refusal.missing[0]) throw failure('step_up_unavailable');
      if (asked === MAX_ASKED) throw failure('step_up_failed');
      ({ outcome, release } = await join(refusal, before, outcome === 'expired' ? outcome : null, sending.signal));
      if (refusal.challenge && outcome === 'confirmed') action = refusal;
    }
  };

  /** Waits for the user with whichever requests need the same proof. Each action is asked for alone. */
  async function join(
    refusal: StepUpRequiredJson,
    before: number,
    notice: ConfirmRequest['notice'],
    signal: AbortSignal | null | undefined,
  ): Promise<{ readonly outcome: ConfirmOutcome; readonly release: () => void }> {
    const { challenge, missing } = refusal;
    const key = challenge?.id ?? JSON.stringify(missing);
    let asking = askings.get(key);
    if (!asking) {
      const controller = new AbortController();
      // One dialog at a time; whoever gives up need not wait for the others.
      const outcome = Promise.race([turn, aborted(controller.signal)])
        .then(() => (challenge || before === proofs ? ask(refusal, notice, controller) : 'confirmed'))
        .finally(() => askings.delete(key));
      // Another step-up replaces the session's token, and only its current one can spend what was confirmed.
      let release = (): void => {};
      const answered = new Promise<void>((resolve) => {
        release = resolve;
      });
      turn = Promise.allSettled([turn, outcome.then((is) => (is === 'confirmed' ? answered : null))]);
      asking = { outcome, controller, waiting: 0, release };
      askings.set(key, asking);
    }
    asking.waiting++;
    const { release } = asking;
    const outcome = await Promise.race([asking.outcome, aborted(signal)]);
    if (outcome !== 'cancelled') return { outcome, release };
    if (--asking.waiting) throw new StepgateError('cancelled');
    askings.delete(key);
    asking.controller.abort();
    return { outcome: await asking.outcome, release }; // which follows, once everything is taken back
  }

  async function ask(
    { missing, methods, challenge: first, spentAt }: StepUpRequiredJson,
    notice: ConfirmRequest['notice'],
    controller: AbortController,
  ): Promise<ConfirmOutcome> {
    const { signal } = controller;
    let challenge: Omit<ActionChallengeJson, 'summary'> | undefined = first;
    let expiresAt = endOf(challenge);
    let left: Ways = missing;
    let isSent = false;
    let attempt: Promise<ProveOutcome> | undefined;
    let end: unknown;

    async function prove(...[method, given]: Parameters<ConfirmRequest['prove']>): Promise<ProveOutcome> {
      let ceremony: Partial<StepUpBegunJson> = {};
      let response: object | undefined;
      try {
        const perform = method === 'passkey' ? (options: object | null) => inDialog('get', options, signal) : given;
        // `typeof` knows no more than that it is some function
        const ceremonyOf =
          typeof perform === 'function' ? (perform as (options: object | null) => Promise<object>) : null;
        if (challenge) ceremony = { challengeId: challenge.id, ...challenge.methods?.[method] };
        else if (ceremonyOf) ceremony = await call('POST', '/step-up/options', { method });
        const { challengeId, options = null } = ceremony;
        response = ceremonyOf ? await ceremonyOf(options) : perform;
        if (signal.aborted) return { outcome: 'over' };
        isSent = true;
        await transport.keep(await call('POST', '/step-up/verify', { method, challengeId, response }));
      } catch (error) {
        forgetUnknown(error, ceremony.options, response);
        return failed(error as StepgateError);
      }
      if (!challenge) proofs++;
      left = left.map((way) => way.filter((other) => other !== method));
      return { outcome: 'verified', left: isDone() ? [] : left };
    }

    function isDone(): boolean {
      return left.some((way) => !way[0]);
    }

    function failed(error: StepgateError): ProveOutcome {
      const { code, refusal, retryAfter = 0 } = error;
      if (signal.aborted) return { outcome: 'over' };
      if (code === 'step_up_failed') {
        const { reason, attemptsLeft = null, challenge: next, spentAt: doneAt } = refusal as StepUpFailedJson; // by its code
        // What was done meanwhile is another question, which has to be asked from the start.
        if (reason === 'challenge' || (challenge && (!next || doneAt !== spentAt))) return { outcome: 'expired' };
        challenge = next;
        expiresAt = endOf(challenge);
        return { outcome: 'wrong', attemptsLeft };
      }
      const outcome = OUTCOMES[code];
      if (outcome) return { outcome, retryAfter };
      end = error instanceof StepgateError ? error : new StepgateError('offline', { cause: error });
      controller.abort();
      return { outcome: 'over' };
    }

    let outcome: ConfirmOutcome = 'cancelled';
    let cause: unknown;
    try {
      if (!signal.aborted) {
        outcome = await Promise.race([
          aborted(signal),
          confirm({
            why: challenge ? 'action' : 'proof',
            summary: first?.summary ?? null,
            ways: missing,
            methods,
            again: expiresAt && spentAt ? { spentAt: spentAt + expiresAt - (challenge?.expiresAt ?? 0) } : null,
            notice,
            get expiresAt() {
              return expiresAt;
            },
            signal,
            prove: (...args) =>
              (attempt ??= prove(...args).finally(() => {
                attempt = undefined;
              })),
          }),
        ]);
      }
    } catch (error) {
      cause = error;
    }
    controller.abort();
    if (end) throw end;
    if (outcome === 'confirmed' && isDone()) return outcome;
    // Nobody may say that nothing was done while a confirmation is left that would let the same request through.
    if (challenge) {
      await call('DELETE', `/step-up/challenges/${challenge.id}`).catch((error: unknown) => {
        if (isSent && !(error instanceof StepgateError && error.code === 'signed_out')) throw error; // with a session all goes that it has confirmed
      });
    }
    if (outcome === 'expired') return outcome;
    throw new StepgateError('cancelled', { cause });
  }
}

/** By this device's clock. */
function endOf(challenge: EndJson | undefined): number | null {
  return challenge ? Date.now() + challenge.expiresIn * 1_000 : null;
}

function aborted(signal: AbortSignal | null | undefined): Promise<'cancelled'> {
  return new Promise((resolve) => {
    const cancel = (): void => resolve('cancelled');
    if (signal?.aborted) cancel();
    signal?.addEventListener('abort', cancel);
  });
}
