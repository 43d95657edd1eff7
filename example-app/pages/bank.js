// What both pages need: calls to the bank, forms, and messages in words.

/** Calls the bank and gives its answer. What it throws has a `message` for the user, and the `field` it is about. */
export async function call(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body && { 'Content-Type': 'application/json' },
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new Error("The bank can't be reached. Check your connection and try again.");
  }
  const answer = response.status === 204 ? null : await response.json().catch(() => null);
  if (response.ok) return answer;
  if (response.status === 401 && answer?.code?.startsWith('session_')) leave('?ended');
  throw Object.assign(new Error(answer?.detail ?? `The bank answered with an error (${response.status}).`), {
    field: answer?.field,
  });
}

/** Goes to the landing page, in place of this one: the back button doesn't lead to an account that is closed. */
export function leave(search = '') {
  location.replace(`/${search}`);
}

/** Shows a text in an element that is a live region, so that screen readers say it, too. */
export function say(element, text, kind = 'done') {
  element.dataset.kind = kind;
  element.textContent = text;
}

/** Sends a form as JSON to its own address, shows what went wrong beside it, and calls `done` when nothing did. */
export function onSubmit(form, done) {
  const problem = form.querySelector('[role="alert"]');
  const button = form.querySelector('button');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    await whileBusy(button, async () => {
      say(problem, '');
      for (const input of form.elements) input.removeAttribute('aria-invalid');
      try {
        await call('POST', form.getAttribute('action'), Object.fromEntries(new FormData(form)));
        await done();
      } catch (error) {
        say(problem, error.message, 'error');
        const input = form.elements.namedItem(error.field ?? '');
        input?.setAttribute('aria-invalid', 'true');
        input?.focus();
      }
    });
  });
}

/** Marks a button while its work goes on and lets no second press through; it keeps the focus, unlike a disabled one. */
export async function whileBusy(button, work) {
  if (button.getAttribute('aria-busy') === 'true') return;
  button.setAttribute('aria-busy', 'true');
  try {
    await work();
  } finally {
    button.removeAttribute('aria-busy');
  }
}
