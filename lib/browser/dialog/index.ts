import type { Confirm, ConfirmOutcome } from '../confirm.js';
import { FIELDS, type MethodField } from './fields.js';
import { type MethodView, openDialog } from './open.js';
import { styleSheet } from './style.js';
import { type DialogWords, english, type MethodWords } from './words.js';

export { type DialogWords, english, type MethodField, type MethodWords };

export interface StepUpDialogOptions {
  /** @default English; German is `german` of `stepgate/browser/dialog/de` */
  readonly words?: DialogWords;
  /** The app's own methods by their names: what is asked for them, and in which words. A method that is unknown here isn't offered. */
  readonly methods?: Readonly<Record<string, MethodWords & MethodField>>;
  /** The name that the user signs in with, for password managers, which file a password under it. */
  readonly userName?: () => string;
}

const NAME = 'stepgate-dialog';

/**
 * Makes the `confirm` of a client: each request is asked for in a modal dialog, `<stepgate-dialog>` in the page's body,
 * one after the other. It only asks: it sends nothing, and says nothing of what has become of a request.
 */
export function stepUpDialog({ words = english, methods = {}, userName }: StepUpDialogOptions = {}): Confirm {
  const views: Record<string, MethodView> = { ...methods };
  for (const [name, of] of Object.entries(words.methods)) views[name] ??= { ...of, ...FIELDS[name] };
  let last: Promise<unknown> = Promise.resolve();

  async function ask(request: Parameters<Confirm>[0]): Promise<ConfirmOutcome> {
    if (request.signal.aborted) return 'cancelled'; // while it waited for its turn
    const { host, root } = newElement();
    document.body.append(host);
    try {
      return await openDialog(root, request, { words, methods: views, userName: userName ?? null });
    } finally {
      host.remove();
    }
  }

  return (request) => {
    const answer = last.then(() => ask(request));
    last = answer.catch(() => {});
    return answer;
  };
}

/** Defined when it is first needed: a server that renders pages loads this module as well. */
function newElement(): { readonly host: HTMLElement; readonly root: ShadowRoot } {
  if (customElements.get(NAME) === undefined) customElements.define(NAME, class extends HTMLElement {});
  const host = document.createElement(NAME);
  const root = host.attachShadow({ mode: 'open' });
  root.adoptedStyleSheets = [styleSheet()];
  return { host, root };
}
