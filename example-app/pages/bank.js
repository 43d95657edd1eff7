// What both pages need: calls to the bank, forms, and messages in words.
import { client } from './client.js';

/** What the bank answered when it didn't do what was asked. Its `message` is for the user, its `field` what it is about. */
class Refused extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? `The bank answered with an error (${status}).`);
    this.code = problem?.code;
    this.field = problem?.field;
  }
}

/** Calls one of the bank's own routes and gives its answer; stepgate's routes are the client's. */
export async function call(method, path, json, options) {
  const response = await client.fetch(path, { method, json, ...options });
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  throw new Refused(response.status, answer);
}

const METHODS = { passkey: 'a passkey', totp: 'an authenticator app', password: 'a password' };

/** What the client's errors mean to somebody who uses the bank. */
const WORDS = {
  cancelled: () => 'You have not confirmed it, so nothing was done.',
  outcome_unknown: () => 'It may have been done. Its answer got lost: look before you do it again.',
  offline: () => "The bank can't be reached. Check your connection and try again.",
  signed_out: () => 'You are signed out on this device. Nothing was done.',
  session_changed: () => 'Another account is signed in in this browser by now. Nothing was done.',
  step_up_unavailable: ({ refusal }) =>
    `Set up ${refusal.methods
      .filter(({ enrolled }) => !enrolled)
      .map(({ method }) => METHODS[method] ?? method)
      .join(' or ')} first.`,
  method_locked: ({ retryAfter }) => `Too many wrong answers. Try again in ${Math.ceil(retryAfter / 60)} minutes.`,
  passkey_cancelled: () => 'No passkey was used. Try again when you are ready.',
  passkey_exists: () => 'This device has a passkey of yours already.',
  passkey_unavailable: () => 'Your browser could not use a passkey.',
  step_up_failed: () => 'The bank asks again for what you have just given. Try it later.',
  approval_decided: () => 'It has been decided already.',
  not_found: () => 'It is not there any more.',
  sign_in_refused: () => 'The bank does not know this passkey.',
};

function inWords(error) {
  return WORDS[error.code]?.(error) ?? error.message;
}

/** Goes to the landing page, in place of this one: the back button doesn't lead to an account that is closed. */
export function leave(search = '') {
  location.replace(`/${search}`);
}

const notice = document.querySelector('#notice');

/** Tells the user what has happened: in a live region, so that screen readers say it, too. */
export function notify(text, kind = 'done') {
  say(notice, text, kind);
  const toast = notice.closest('.toast');
  if (!toast) return;
  toast.dataset.kind = kind;
  toast.toggleAttribute('data-open', text !== '');
  // What gets the focus is scrolled clear of it.
  document.documentElement.style.scrollPaddingBlockEnd = text === '' ? '' : `${toast.offsetHeight + 32}px`;
}

document.querySelector('#close-notice')?.addEventListener('click', () => {
  notify('');
  document.querySelector('main').focus();
});

function say(element, text, kind) {
  element.dataset.kind = kind;
  element.textContent = text;
}

let forms = 0;

/** Does `work` with the fields of a form that is sent, and shows what went wrong beside them. */
export function onSubmit(form, work) {
  const problem = form.querySelector('[role="alert"]');
  const button = form.querySelector('[type="submit"]');
  problem.id = `problem-${++forms}`;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    await whileBusy(button, async () => {
      say(problem, '', 'error');
      for (const input of form.elements) point(input, problem.id, false);
      try {
        await work(Object.fromEntries(new FormData(form)));
      } catch (error) {
        say(problem, inWords(error), 'error');
        const input = form.elements.namedItem(error.field ?? '');
        if (!input) return;
        point(input, problem.id, true);
        input.focus();
      }
    });
  });
}

/** Ties a field to what is wrong with it, beside the hint that it may have. */
function point(input, id, isWrong) {
  const others = (input.getAttribute('aria-describedby') ?? '').split(' ').filter((other) => other && other !== id);
  const all = isWrong ? [id, ...others] : others;
  if (all.length > 0) input.setAttribute('aria-describedby', all.join(' '));
  else input.removeAttribute('aria-describedby');
  if (isWrong) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
}

/** Does `work` when a button is pressed, and tells the user what went wrong. `question`: what can't be undone is asked first. */
export function onPress(button, work, question) {
  button.addEventListener('click', () =>
    whileBusy(button, async () => {
      const asked = question?.();
      if (asked && !globalThis.confirm(asked)) return;
      try {
        await work();
      } catch (error) {
        notify(inWords(error), 'error');
      }
    }),
  );
}

/** Marks a button while its work goes on and lets no second press through; it keeps the focus, unlike a disabled one. */
async function whileBusy(button, work) {
  if (button.getAttribute('aria-busy') === 'true') return;
  button.setAttribute('aria-busy', 'true');
  notify(''); // what was said of the last thing
  try {
    await work();
  } finally {
    button.removeAttribute('aria-busy');
  }
}
