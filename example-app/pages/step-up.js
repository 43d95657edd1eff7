import { call, onSubmit } from './bank.js';
import { dateAndTime } from './time.js';
import { closePasskeyPrompt, signWithPasskey } from './webauthn.js';

/**
 * As `call`; but when the bank asks for a proof first, the user gives it in a dialog, and then the same request is sent
 * again. Throws when the user doesn't.
 */
export async function callWithStepUp(method, path, body) {
  const send = async () => {
    try {
      return { answer: await call(method, path, body) };
    } catch (error) {
      if (error.code === 'step_up_required') return { refused: error };
      throw method !== 'GET' && isAnswerLost(error) ? unknownOutcome(error) : error;
    }
  };
  const { answer, refused } = await send();
  if (!refused) return answer;
  const outcome = (await confirm(refused, send)) ?? (await send());
  if (!outcome.refused) return outcome.answer;
  if (outcome.refused.problem.reason === 'spent') throw unknownOutcome(outcome.refused);
  // Asked again for what was given just now: to ask the user once more would be a loop.
  throw new Error('The bank asks again for what you have just given. Try it later.');
}

function isAnswerLost({ code, status }) {
  return code === 'unreachable' || status >= 500;
}

/** A request that was sent may have been done, whatever has become of its answer. */
function unknownOutcome(cause) {
  const message = 'It may have been done. Reload this page and look, before you do it again.';
  return Object.assign(new Error(message, { cause }), { code: 'outcome_unknown' });
}

/**
 * Lets the user confirm in a dialog, which is gone when the request is sent again. Gives nothing, or the outcome of the
 * request where it had to be sent from the dialog and was let through.
 */
async function confirm(refused, send) {
  const usable = methodsOf(refused.problem);
  if (usable.length === 0) throw refused;
  const dialog = openDialog(usable, refused.problem);
  let isSending = false;
  const attempt = attemptsOf(refused.problem, async () => {
    isSending = true;
    try {
      return await send();
    } finally {
      isSending = false;
    }
  });
  try {
    return await new Promise((resolve, reject) => {
      dialog.addEventListener('close', () => {
        reject(isSending ? unknownOutcome() : new Error('You have not confirmed it, so nothing was done.'));
      });
      for (const form of dialog.querySelectorAll('form')) {
        onSubmit(form, async (fields) => {
          try {
            const outcome = await tryWith(form, () => attempt(form.dataset.method, fields));
            // Given up meanwhile: what was confirmed is not to let the next request through without a word.
            if (!dialog.open) await call('DELETE', '/auth/step-up');
            resolve(outcome);
          } catch (error) {
            if (error.code !== 'outcome_unknown') throw error;
            reject(error);
          }
        });
      }
    });
  } finally {
    closePasskeyPrompt();
    dialog.close();
    dialog.remove();
  }
}

/**
 * Answers the bank's challenge with a method. Gives nothing, or, where an answer that was lost had confirmed the request
 * already, the outcome of the request.
 */
function attemptsOf(problem, send) {
  let { challenge } = problem; // for exactly this request, and then good for one attempt; otherwise one is asked for
  let isUsedUp = false;
  return async (method, fields) => {
    if (isUsedUp) {
      const outcome = await send();
      if (!outcome.refused) return outcome;
      const { reason, spentAt, challenge: next } = outcome.refused.problem;
      // Done meanwhile: this is not what the user was asked.
      if (reason !== problem.reason || spentAt !== problem.spentAt) throw unknownOutcome(outcome.refused);
      challenge = next;
      isUsedUp = false;
    }
    const { challengeId, options } = challenge
      ? { challengeId: challenge.id, options: challenge.methods[method].options }
      : await call('POST', '/auth/step-up/options', { method });
    const response = method === 'passkey' ? await signWithPasskey(options) : fields;
    isUsedUp = challenge !== undefined;
    await call('POST', '/auth/step-up/verify', { method, challengeId, response });
  };
}

/** Says by the form's own words that its answer was wrong, and makes room for another. */
async function tryWith(form, work) {
  try {
    return await work();
  } catch (error) {
    if (error.code !== 'step_up_failed') throw error;
    form.reset();
    throw Object.assign(new Error(form.dataset.wrong, { cause: error }), { field: form.elements[0].name });
  }
}

/** What the user has that will do, the bank's favourite first. */
function methodsOf({ challenge, methods }) {
  if (challenge) return Object.keys(challenge.methods);
  return methods.filter(({ enrolled }) => enrolled).map(({ method }) => method);
}

function openDialog(usable, { challenge, reason, spentAt }) {
  const dialog = document.querySelector('#step-up').content.cloneNode(true).querySelector('dialog');
  for (const form of dialog.querySelectorAll('form')) if (!usable.includes(form.dataset.method)) form.remove();
  dialog.querySelector('form button').className = 'primary';
  if (challenge) {
    const isSpent = reason === 'spent';
    const done = `You did exactly this ${spentAt === undefined ? 'before' : `on ${dateAndTime(spentAt)}`}. Do it again?`;
    dialog.querySelector('h2').textContent = isSpent ? 'Do it again?' : 'Confirm this';
    dialog.querySelector('.summary').textContent = isSpent ? `${challenge.summary}. ${done}` : challenge.summary;
  }
  dialog.querySelector('.cancel').addEventListener('click', () => dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
