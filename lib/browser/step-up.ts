import type { ActionChallengeJson, StepUpBegunJson, StepUpFailedJson, StepUpRequiredJson } from '../wire.js';
import { createCall, unlessSignedOut } from './call.js';
import type { Confirm, ConfirmRequest, Ways } from './confirm.js';
import { StepgateError, type StepgateErrorCode } from './errors.js';
import { waysIn } from './refusal.js';
import type { Answer, Sending, Transport } from './transport.js';
import { aborted, abortedAfter, shared } from './wait.js';
import { inDialog } from './webauthn.js';

/** Sends a request, lets the user prove what the server asks for, and sends the same once more for each confirmation. */
export type Perform = (sending: Sending) => Promise<Answer>;

/** More in a row than any sensible route asks for: what is given doesn't count there, and asking on would be a loop. */
const MAX_ASKED = 5;

const OUTCOMES: Readonly<Partial<Record<StepgateErrorCode, 'disabled' | 'dismissed' | 'unavailable' | 'offline'>>> = {
  method_disabled: 'disabled',
  passkey_cancelled: 'dismissed',
  passkey_unavailable: 'unavailable',
  step_up_unavailable: 'unavailable',
  offline: 'offline',
};

type ActionChallenge = Omit<ActionChallengeJson, 'summary'>;
type Notice = ConfirmRequest['notice'];
type Ceremony = (options: object | null) => object | null | Promise<object | null>;

export function createStepUp(confirm: Confirm, send: Transport[0], keep: Transport[1], mount: string): Perform {
  const call = createCall(send, mount);
  /** What has become of the dialogs for a proof, in their order. */
  const asked: { readonly ways: string; readonly error?: unknown }[] = [];
  let turn: Promise<unknown> = Promise.resolve();

  return async (sending) => {
    const { signal, again } = sending;
    let action: StepUpRequiredJson | undefined;
    let notice: Notice = null;
    let release: (() => void) | undefined;
    for (let attempt = 0; ; attempt++) {
      const before = asked.length;
      const answer = await send(action ? { ...sending, unsafe: true } : sending).finally(release);
      const failure = (code: StepgateErrorCode) => new StepgateError(code, { ...answer, again });
      const missing = waysIn(answer.refusal);
      if (!missing) return answer;
      const asking = answer.refusal as StepUpRequiredJson; // or one that has none of its members
      const { challenge, spentAt } = asking;
      // It was done since the user was asked: by this very request, or by another.
      if (challenge && action && action.spentAt !== spentAt) throw failure('outcome_unknown');
      // Only a new sign-in would do.
      if (!missing[0]) throw failure('step_up_unavailable');
      if (attempt === MAX_ASKED) throw failure('step_up_failed');
      const ways = JSON.stringify(missing);
      // One dialog at a time; the next one only when this request has been answered: another step-up replaces the
      // session's token, and only its current one can spend what was confirmed.
      const previous = turn;
      const answered = new Promise<void>((resolve) => {
        release = resolve;
      });
      turn = previous.then(() => answered);
      try {
        await Promise.race([aborted(signal), previous]);
        const other = challenge ? undefined : asked.slice(before).find((each) => !each.error || each.ways === ways);
        if (other?.error) throw other.error;
        notice = other ? null : await ask(asking, notice, signal);
        if (!notice) {
          if (challenge) action = asking;
          else asked.push({ ways });
        }
      } catch (error) {
        if (!challenge && !signal?.aborted) asked.push({ ways, error });
        release?.();
        throw error;
      }
    }
  };

  /** Null once it is confirmed; otherwise why the user is asked once more. */
  async function ask(
    { missing, methods, challenge: first, spentAt }: StepUpRequiredJson,
    notice: Notice,
    outer: AbortSignal | null | undefined,
  ): Promise<Notice> {
    const controller = abortedAfter(aborted(outer));
    const { signal } = controller;
    let challenge: ActionChallenge | undefined = onDevice(first);
    /** None once one of them has been gone to its end. */
    let left: Ways = missing;
    let isSent = false;
    let end: unknown;

    const prove: ConfirmRequest['prove'] = shared(async (method, response) => {
      try {
        const answer = method === 'passkey' ? (options: object | null) => inDialog('get', options, signal) : response;
        const isCeremony = typeof answer === 'function';
        let ceremony: Partial<StepUpBegunJson> & { readonly begin?: boolean } = challenge
          ? { challengeId: challenge.id, ...challenge.methods[method] }
          : { begin: isCeremony };
        if (ceremony.begin) {
          const begun = await call<StepUpBegunJson>('POST', '/step-up/options', { challengeId: challenge?.id, method });
          if (challenge) challenge = { ...challenge, id: begun.challengeId };
          ceremony = begun;
        }
        const { challengeId, options = null } = ceremony;
        const given = isCeremony ? await (answer as Ceremony)(options) : answer;
        signal.throwIfAborted();
        if (!given) return { outcome: 'dismissed' };
        isSent = true;
        await keep(await call('POST', '/step-up/verify', { method, challengeId, response: given }));
      } catch (error) {
        const { code, refusal, retryAfter = 0 } = error as StepgateError;
        const outcome = signal.aborted ? 'over' : OUTCOMES[code];
        if (outcome) return { outcome };
        if (code === 'method_locked') return { outcome: 'locked', retryAfter };
        if (code === 'step_up_failed') {
          const { reason, attemptsLeft = null, challenge: next, spentAt: doneAt } = refusal as StepUpFailedJson; // by its code
          // What was done meanwhile is another question, which has to be asked from the start.
          if (reason === 'challenge' || (challenge && (!next || doneAt !== spentAt))) return { outcome: 'expired' };
          challenge = onDevice(next);
          return { outcome: 'wrong', attemptsLeft };
        }
        end = error;
        controller.abort();
        return { outcome: 'over' };
      }
      const rest = left.map((way) => way.filter((other) => other !== method));
      left = rest.some((way) => !way[0]) ? [] : rest;
      return { outcome: 'verified', left };
    });

    const outcome = await Promise.race([
      aborted(signal),
      confirm({
        why: first ? 'action' : 'proof',
        summary: first?.summary ?? null,
        ways: missing,
        methods,
        again: first && challenge && spentAt ? { spentAt: spentAt + challenge.expiresAt - first.expiresAt } : null,
        notice,
        get expiresAt() {
          return challenge?.expiresAt ?? null;
        },
        signal,
        prove,
      }),
    ]).catch((error: unknown) => error);
    controller.abort();
    if (end) throw end;
    if (outcome === 'confirmed' && !left[0]) return null;
    // Nobody may say that nothing was done while a confirmation is left that would let the same request through.
    if (challenge) {
      // With a session all goes that it has confirmed.
      await unlessSignedOut(call('DELETE', `/step-up/challenges/${challenge.id}`)).catch((error: unknown) => {
        if (isSent) throw error;
      });
    }
    if (outcome === 'expired') return outcome;
    throw new StepgateError('cancelled', { cause: outcome });
  }
}

/** A challenge with its end by this device's clock. */
function onDevice(challenge: ActionChallenge | undefined): ActionChallenge | undefined {
  return challenge && { ...challenge, expiresAt: Date.now() + challenge.expiresIn * 1_000 };
}
