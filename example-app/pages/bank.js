// What both pages need: calls to the bank, forms, and messages in words.

/** What the bank answered when it didn't do what was asked. Its `message` is for the user, its `field` what it is about. */
export class Refused extends Error {
  constructor(status, problem) {
    super(inWords(problem) ?? `The bank answered with an error (${status}).`);
    this.status = status;
    this.code = problem?.code;
    this.field = problem?.field;
    this.problem = problem;
  }
}

/** Calls the bank and gives its answer. Whatever it throws has a `message` for the user. */
export async function call(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body && { 'Content-Type': 'application/json' },
      body: body && JSON.stringify(body),
    });
  } catch (cause) {
    const unreachable = new Error("The bank can't be reached. Check your connection and try again.", { cause });
    throw Object.assign(unreachable, { code: 'unreachable' });
  }
  const answer = response.status === 204 ? null : await response.json().catch(() => null);
  if (response.ok) return answer;
  if (response.status === 401 && answer?.code?.startsWith('session_')) leave('?ended');
  throw new Refused(response.status, answer);
}

const METHODS = { passkey: 'a passkey', totp: 'an authenticator app', password: 'a password' };

function inWords(problem) {
  if (problem?.code !== 'step_up_unavailable') return problem?.detail;
  return `Set up ${problem.methods.map(({ method }) => METHODS[method] ?? method).join(' or ')} first.`;
}

/** Goes to the landing page, in place of this one: the back button doesn't lead to an account that is closed. */
export function leave(search = '') {
  location.replace(`/${search}`);
}

/** Tells the user what has happened: in a live region, so that screen readers say it, too. */
export function notify(text, kind = 'done') {
  say(document.querySelector('#notice'), text, kind);
}

function say(element, text, kind) {
  element.dataset.kind = kind;
  element.textContent = text;
}

/** Does `work` with the fields of a form that is sent, and shows what went wrong beside them. */
export function onSubmit(form, work) {
  const problem = form.querySelector('[role="alert"]');
  const button = form.querySelector('[type="submit"]');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    await whileBusy(button, async () => {
      say(problem, '', 'error');
      for (const input of form.elements) input.removeAttribute('aria-invalid');
      try {
        await work(Object.fromEntries(new FormData(form)));
      } catch (error) {
        say(problem, error.message, 'error');
        const input = form.elements.namedItem(error.field ?? '');
        input?.setAttribute('aria-invalid', 'true');
        input?.focus();
      }
    });
  });
}

/** Does `work` when a button is pressed, and tells the user what went wrong. */
export function onPress(button, work) {
  button.addEventListener('click', () =>
    whileBusy(button, async () => {
      try {
        await work();
      } catch (error) {
        notify(error.message, 'error');
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
