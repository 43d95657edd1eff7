import type { ActionChallengeJson, StepUpBegunJson, StepUpFailedJson, StepUpRequiredJson } from '../wire.js';
import { createCall, unlessSignedOut } from './call.js';
import type { Confirm, ConfirmOutcome, ConfirmRequest, Ways } from './confirm.js';
import { StepgateError, type StepgateErrorCode } from './errors.js';
import { waysIn } from './refusal.js';
import type { Answer, Sending, Transport } from './transport.js';
import { aborted, shared } from './wait.js';
import { inDialog } from './webauthn.js';

/** Sends a request, lets the user prove what the server asks for, and sends the same once more for each confirmation. */
export type Perform = (sending: Sending) => Promise<Answer>;

/** More in a row than any sensible route asks for: what is given doesn't count there, and asking on would be a loop. */
const MAX_ASKED = 5;

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

type ActionChallenge = Omit<ActionChallengeJson, 'summary'>;
type Ceremony = (options: object | null) => object | null | Promise<object | null>;

export function createStepUp(confirm: Confirm, send: Transport[0], keep: Transport[1], mount: string): Perform {
  const call = createCall(send, mount);
  /** What has become of the dialogs for a proof, in their order. */
  const asked: { readonly ways: string; readonly error?: unknown }[] = [];
  let turn: Promise<unknown> = Promise.resolve();

  return async (sending) => {
    const { signal, again } = sending;
    let action: StepUpRequiredJson | undefined;
    let outcome: ConfirmOutcome | undefined;
    let release: (() => void) | undefined;
    for (let attempt = 0; ; attempt++) {
      const before = asked.length;
      const answer = await send({ ...sending, unsafe: !!sending.unsafe || !!action }).finally(release);
      const { refusal } = answer;
      const failure = (code: StepgateErrorCode) => new StepgateError(code, { ...answer, again });
      const missing = waysIn(refusal);
      if (!missing) return answer;
      const asking = refusal as StepUpRequiredJson; // or one that has none of its members
      const { challenge, spentAt } = asking;
      // It was done since the user was asked: by this very request, or by another.
      if (action && challenge && spentAt !== action.spentAt) throw failure('outcome_unknown');
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
        outcome = other ? 'confirmed' : await ask(asking, outcome === 'expired' ? outcome : null, signal);
        if (outcome === 'confirmed') {
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

  async function ask(
    { missing, methods, challenge: first, spentAt }: StepUpRequiredJson,
    notice: ConfirmRequest['notice'],
    outer: AbortSignal | null | undefined,
  ): Promise<ConfirmOutcome> {
    const controller = new AbortController();
    const { signal } = controller;
    const stop = () => controller.abort();
    aborted(outer).catch(stop);
    let challenge: ActionChallenge | undefined = onDevice(first);
    let left: Ways = missing;
    let isSent = false;
    let end: unknown;

    const prove: ConfirmRequest['prove'] = shared(async (method, response) => {
      let ceremony: Partial<StepUpBegunJson> & { readonly begin?: true } = {};
      try {
        const answer = method === 'passkey' ? (options: object | null) => inDialog('get', options, signal) : response;
        if (challenge) ceremony = { challengeId: challenge.id, ...challenge.methods[method] };
        if (challenge ? ceremony.begin : typeof answer === 'function') {
          const begun = await call<StepUpBegunJson>('POST', '/step-up/options', { method, challengeId: challenge?.id });
          if (challenge) challenge = { ...challenge, id: begun.challengeId };
          ceremony = begun;
        }
        const { challengeId, options = null } = ceremony;
        const given = typeof answer === 'function' ? await (answer as Ceremony)(options) : answer;
        signal.throwIfAborted();
        if (!given) return { outcome: 'dismissed' };
        isSent = true;
        await keep(await call('POST', '/step-up/verify', { method, challengeId, response: given }));
      } catch (error) {
        const { code, refusal, retryAfter = 0 } = error as StepgateError;
        if (!signal.aborted) {
          if (code === 'step_up_failed') {
            const { reason, attemptsLeft = null, challenge: next, spentAt: doneAt } = refusal as StepUpFailedJson; // by its code
            // What was done meanwhile is another question, which has to be asked from the start.
            if (reason === 'challenge' || (challenge && (!next || doneAt !== spentAt))) return { outcome: 'expired' };
            challenge = onDevice(next);
            return { outcome: 'wrong', attemptsLeft };
          }
          const outcome = OUTCOMES[code];
          if (outcome) return { outcome, retryAfter };
          end = error;
          stop();
        }
        return { outcome: 'over' };
      }
      left = left.map((way) => way.filter((other) => other !== method));
      return { outcome: 'verified', left: isDone() ? [] : left };
    });

    function isDone(): boolean {
      return left.some((way) => !way[0]);
    }

    const outcome = await Promise.race([
      aborted(signal),
      confirm({
        why: first ? 'action' : 'proof',
        summary: first?.summary ?? null,
        ways: missing,
        methods,
        again: first && spentAt ? { spentAt: spentAt + (challenge?.expiresAt ?? 0) - first.expiresAt } : null,
        notice,
        get expiresAt() {
          return challenge?.expiresAt ?? null;
        },
        signal,
        prove,
      }),
    ]).catch((error: unknown) => error);
    stop();
    if (end) throw end;
    if (outcome === 'confirmed' && isDone()) return outcome;
    // Nobody may say that nothing was done while a confirmation is left that would let the same request through.
    if (challenge) {
      // With a session all goes that it has confirmed.
      const givenUp = unlessSignedOut(call('DELETE', `/step-up/challenges/${challenge.id}`));
      await (isSent ? givenUp : givenUp.catch(() => null));
    }
    if (outcome === 'expired') return outcome;
    throw new StepgateError('cancelled', { cause: outcome });
  }
}

/** A challenge with its end by this device's clock. */
function onDevice(challenge: ActionChallenge | undefined): ActionChallenge | undefined {
  return challenge && { ...challenge, expiresAt: Date.now() + challenge.expiresIn * 1_000 };
}
