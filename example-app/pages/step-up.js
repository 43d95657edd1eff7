import { call, onSubmit } from './bank.js';
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
      throw error;
    }
  };
  const { answer, refused } = await send();
  return refused ? prove(refused, send) : answer;
}

/** Gives what the bank answers once it has its proof. */
async function prove(refused, send) {
  const usable = methodsOf(refused.problem);
  if (usable.length === 0) throw refused;
  const dialog = openDialog(usable, refused.problem.challenge);
  const attempt = attemptsOf(refused.problem, send);
  try {
    return await new Promise((resolve, reject) => {
      dialog.addEventListener('close', () => reject(new Error('You have not confirmed it, so nothing was done.')));
      for (const form of dialog.querySelectorAll('form')) {
        onSubmit(form, async (fields) => {
          const done = await tryWith(form, () => attempt(form.dataset.method, fields));
          if (!dialog.open) return; // the user has changed their mind meanwhile
          const outcome = done ?? (await send());
          // Asked again for what was given just now: to ask the user once more would be a loop.
          if (outcome.refused) reject(new Error('The bank asks again for what you have just given. Try it later.'));
          else resolve(outcome.answer);
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
 * Answers the bank's challenge with a method. Gives nothing, or, where an answer that was lost had approved the request
 * already, the outcome of the request.
 */
function attemptsOf(problem, send) {
  let { challenge } = problem; // for exactly this request, and then good for one attempt; otherwise one is asked for
  let isUsedUp = false;
  return async (method, fields) => {
    if (isUsedUp) {
      const outcome = await send();
      if (!outcome.refused) return outcome;
      challenge = outcome.refused.problem.challenge;
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

function openDialog(usable, challenge) {
  const dialog = document.querySelector('#step-up').content.cloneNode(true).querySelector('dialog');
  for (const form of dialog.querySelectorAll('form')) if (!usable.includes(form.dataset.method)) form.remove();
  dialog.querySelector('form button').className = 'primary';
  if (challenge) {
    dialog.querySelector('h2').textContent = 'Approve this';
    dialog.querySelector('.summary').textContent = challenge.summary;
  }
  dialog.querySelector('.cancel').addEventListener('click', () => dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
