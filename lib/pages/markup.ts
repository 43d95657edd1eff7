import { createHash } from 'node:crypto';
import type { Fields } from './fields.js';
import { Html, html } from './html.js';
import type { AskedMethod, PageContent } from './page.js';

const TITLES: Readonly<Record<PageContent['type'], string>> = {
  ask: 'Confirm that it is you',
  send: 'Confirmed',
  restart: 'Once more',
  refused: 'That did not work',
};

export function titleOf(content: PageContent): string {
  return content.type === 'ask' && content.summary !== null ? 'Confirm this' : TITLES[content.type];
}

/** The inside of `<main>`. */
export function bodyOf(content: PageContent): Html {
  return html`<h1>${titleOf(content)}</h1>
${partsOf(content)}`;
}

function partsOf(content: PageContent): readonly Html[] {
  switch (content.type) {
    case 'ask': {
      const { summary, message, methods, action, hidden } = content;
      const [first, ...others] = methods;
      const formOf = (asked: AskedMethod): Html => askForm(asked, action, hidden);
      return [
        ...summaryOf(summary),
        ...(message === null ? [] : [html`<p role="alert">${message}</p>\n`]),
        first === undefined ? NEEDS_JAVASCRIPT : formOf(first),
        ...others.map(
          (other) => html`<details><summary>Another way: ${other.label}</summary>\n${formOf(other)}</details>\n`,
        ),
      ];
    }
    case 'send':
      return [
        html`<p>You have confirmed it. This button sends it:</p>\n`,
        ...summaryOf(content.summary),
        sendForm(content.action, content.fields, 'Send it'),
      ];
    case 'restart':
      return [
        html`<p role="alert">${content.message}</p>\n`,
        content.fields === null
          ? html`<p><a href="${content.action}">Start again</a></p>\n`
          : sendForm(content.action, content.fields, 'Start again'),
      ];
    case 'refused':
      return [html`<p role="alert">${content.message}</p>\n`];
  }
}

const NEEDS_JAVASCRIPT = html`<p>This needs JavaScript: the proof that is asked for can only be given by a script, for
example with a passkey. Switch JavaScript on and try again.</p>\n`;

function summaryOf(summary: string | null): readonly Html[] {
  return summary === null ? [] : [html`<p class="summary" dir="auto">${summary}</p>\n`];
}

function askForm({ method, label, type, autocomplete, inputMode }: AskedMethod, action: string, hidden: Fields): Html {
  const id = `answer-${method}`;
  const mode = inputMode === undefined ? null : html` inputmode="${inputMode}"`;
  return html`<form method="post" action="${action}">
${inputsOf([...hidden, ['method', method]])}
<label for="${id}">${label}</label>
<input id="${id}" name="answer" type="${type}" autocomplete="${autocomplete}"${mode} required spellcheck="false">
<button>Confirm</button>
</form>\n`;
}

function sendForm(action: string, fields: Fields, button: string): Html {
  return html`<form method="post" action="${action}">
${inputsOf(fields)}
<button>${button}</button>
</form>\n`;
}

function inputsOf(fields: Fields): readonly Html[] {
  return fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">\n`);
}

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 26rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; }
.summary { padding: .75rem 1rem; border: 1px solid; font-weight: 600; }
form { display: grid; gap: .5rem; margin: 1rem 0; }
label { font-weight: 600; }
input, button { min-height: 2.75rem; padding: .5rem .75rem; border: 1px solid; border-radius: .5rem; font: inherit; }
:focus-visible { outline: 3px solid; outline-offset: 2px; }
`;

/** Nothing is loaded, and nothing runs: the page has its style in itself. */
export const POLICY: string = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The whole document, where the app has no frame of its own. */
export function documentOf(title: string, body: string): string {
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
<main>
${new Html(body)}</main>
</html>
`.markup;
}
