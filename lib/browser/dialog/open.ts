import type { ConfirmOutcome, ConfirmRequest, MethodName, ProveOutcome, Ways } from '../confirm.js';
import { element } from './elements.js';
import type { MethodField } from './fields.js';
import type { DialogWords, MethodWords } from './words.js';

/** All that the dialog has to know of a method; one without a field is a passkey. */
export type MethodView = MethodWords & Partial<MethodField>;

export interface Views {
  readonly words: DialogWords;
  readonly methods: Readonly<Record<string, MethodView>>;
  /** For password managers; null where nobody says. */
  readonly userName: (() => string) | null;
}

/** Asks for one thing in a dialog below this root, and closes it again. */
export function openDialog(
  root: ShadowRoot,
  request: ConfirmRequest,
  { words, methods, userName }: Views,
): Promise<ConfirmOutcome> {
  return new Promise((resolve) => {
    const { why, again, signal } = request;
    let { ways } = request;
    let chosen: MethodName | undefined;
    /** Until when a method can't be tried, in epoch milliseconds. */
    const closed = new Map<MethodName, number>();
    let isProving = false;
    /** What the form's button does. */
    let submit = (): unknown => undefined;

    const title = element('h2', 'title', { id: 'title' });
    // Its words are the app's, in the page's language; the dialog's own may be in another.
    const { lang } = document.documentElement;
    const summary = element('p', 'summary', { id: 'summary', tabIndex: -1, dir: 'auto', lang }, request.summary ?? '');
    // It stays in its place and only its text changes, so that screen readers say it.
    const message = element('p', 'message', { id: 'message', tabIndex: -1, role: 'alert' });
    const timer = element('p', 'timer', { role: 'timer' });
    const form = element('form', 'form', {
      onsubmit(event) {
        event.preventDefault();
        if (!isProving) submit();
      },
    });
    const others = element('section', 'others');
    const cancel = element('button', 'cancel', { type: 'button', onclick: () => settle('cancelled') });
    const dialog = element('dialog', 'dialog', { lang: words.lang, onclose: () => settle('cancelled') });
    dialog.append(title, summary, message, timer, form, others, cancel);
    dialog.setAttribute('aria-labelledby', 'title');

    function settle(outcome: ConfirmOutcome): void {
      clearInterval(ticking);
      dialog.close(); // the focus goes back to where it was
      resolve(outcome);
    }

    /** Shows a text, fields and the button, which does `onSubmit`; without its words only the text. */
    function show(text: string, label: string | null, onSubmit = submit, ...fields: readonly HTMLElement[]): void {
      message.textContent = text;
      timer.textContent = '';
      form.replaceChildren(...fields);
      others.replaceChildren();
      submit = onSubmit;
      if (label !== null) form.append(described(element('button', 'submit', {}, label), 'summary message'));
      (form.querySelector<HTMLElement>('input:not([hidden]), button') ?? message).focus();
    }

    function askAgain(spentAt: number): void {
      title.textContent = words.again.title;
      cancel.textContent = words.again.no;
      show(words.again.text(timeAgo(spentAt, words.lang)), words.again.yes, () => askFor(''));
    }

    const remaining = (method: MethodName): number => (closed.get(method) ?? 0) - Date.now();
    const canAsk = (method: MethodName): boolean => method in methods && remaining(method) < Number.POSITIVE_INFINITY;

    /** Asks for the chosen method, or for the first that is left, and offers the others. */
    function askFor(text: string, isWrong = false): void {
      const open = [...new Set(ways.filter((way) => way.every(canAsk)).flat())];
      const method = open.find((way) => way === chosen) ?? open[0];
      const view = methods[method ?? ''];
      title.textContent = why === 'action' ? words.action : words.proof;
      cancel.textContent = words.cancel;
      chosen = method;
      if (!method || !view) {
        show(`${text} ${words.nothingLeft}`, null);
        return;
      }
      const { choose, label, wrong: _, member, begins, ...attributes } = view;
      if (remaining(method) > 0) {
        show(text, null);
      } else if (!member) {
        show(text, choose, () => prove(method, words.waiting));
      } else {
        const input = element('input', 'input', { id: 'input', required: true, spellcheck: false, ...attributes });
        const name = element('label', 'label', { htmlFor: 'input' }, label ?? '');
        const user = element('input', 'user', { autocomplete: 'username', hidden: true, value: userName?.() ?? '' });
        input.ariaInvalid = String(isWrong);
        const typed = (): object => ({ [member]: input.value });
        const ask = (said: string, onSubmit: () => unknown): void =>
          show(said, words.confirm, onSubmit, user, name, described(input, 'message'));
        // Once it has begun it is the only one that can be answered.
        const begun = (): Promise<object> =>
          new Promise((answer) => {
            isProving = false;
            ask('', () => {
              beBusy(words.sending);
              answer(typed());
            });
          });
        if (begins) show(text, choose, () => prove(method, words.sending, begun));
        else ask(text, () => prove(method, words.sending, typed()));
      }
      for (const other of open) {
        if (other === method) continue;
        if (!others.hasChildNodes()) others.append(element('h3', 'others-title', {}, words.others));
        const choice = element('button', 'other', { type: 'button' }, methods[other]?.choose ?? other);
        // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the dialog's size is checked, and nobody else listens here
        choice.onclick = () => {
          chosen = other;
          askFor('');
        };
        others.append(choice);
      }
      tick();
    }

    function beBusy(label: string): void {
      isProving = true;
      others.inert = true;
      message.textContent = '';
      const send = form.querySelector('button');
      if (send) {
        send.ariaDisabled = 'true'; // and not `disabled`, which would lose the focus
        send.textContent = label;
      }
    }

    async function prove(method: MethodName, busy: string, response?: object): Promise<void> {
      beBusy(busy);
      const answer = await request.prove(method, response);
      isProving = others.inert = false;
      if (dialog.open) goOn(method, answer);
    }

    function goOn(method: MethodName, answer: ProveOutcome): void {
      switch (answer.outcome) {
        case 'verified':
          // The shortest way comes first.
          if (!answer.left[0]?.length) settle('confirmed');
          else {
            chosen = nextOf(ways, method);
            ways = answer.left;
            askFor(words.next);
          }
          break;
        case 'wrong': {
          const left = answer.attemptsLeft === null ? '' : words.attemptsLeft(answer.attemptsLeft);
          askFor(`${methods[method]?.wrong} ${left}`, true);
          break;
        }
        case 'expired':
          settle('expired');
          break;
        case 'over':
          settle('cancelled');
          break;
        case 'locked':
        case 'disabled':
        case 'unavailable':
          closed.set(
            method,
            answer.outcome === 'locked' ? Date.now() + answer.retryAfter * 1_000 : Number.POSITIVE_INFINITY,
          );
          askFor(words[answer.outcome]);
          break;
        case 'dismissed':
        case 'offline':
          askFor(words[answer.outcome]);
      }
    }

    /** Looks what the time has changed. */
    function tick(): void {
      if (isProving) return;
      const { expiresAt } = request;
      if (expiresAt !== null && expiresAt <= Date.now()) {
        clearInterval(ticking);
        show(words.over, words.restart, () => settle('expired'));
      } else if (chosen) {
        const left = remaining(chosen);
        if (left > 0) timer.textContent = words.retryIn(minutesAndSeconds(left));
        else if (timer.textContent) askFor('');
      }
    }

    root.append(dialog);
    dialog.showModal();
    const ticking = setInterval(tick, 1_000);
    signal.addEventListener('abort', () => settle('cancelled'), { once: true });
    if (again === null) askFor(request.notice === null ? '' : words.expired);
    else askAgain(again.spentAt);
    // What is confirmed is to be read before anything is pressed.
    if (summary.textContent) summary.focus();
    else if (again) message.focus();
    dialog.scrollTop = 0;
  });
}

function described<E extends HTMLElement>(made: E, ids: string): E {
  made.setAttribute('aria-describedby', ids);
  return made;
}

/** Of the way that the user is on, what comes after this method. */
function nextOf(ways: Ways, method: MethodName): MethodName | undefined {
  return ways.find((way) => way.includes(method))?.find((other) => other !== method);
}

function minutesAndSeconds(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** "2 minutes ago", in that language. */
function timeAgo(at: number, lang: string): string {
  const minutes = Math.round((at - Date.now()) / 60_000);
  const format = new Intl.RelativeTimeFormat(lang, { numeric: 'auto' });
  return minutes > -60 ? format.format(minutes, 'minute') : format.format(Math.round(minutes / 60), 'hour');
}
