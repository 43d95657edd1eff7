/**
 * Light or dark by the page's own `color-scheme`; in forced colours the system's. What an app may change has a name of
 * its own: `--stepgate-…`, or a `part`.
 */
const CSS = `
:host {
  --accent: var(--stepgate-accent, light-dark(#0b57d0, #a8c7fa));
  --on-accent: var(--stepgate-on-accent, light-dark(#fff, #062e6f));
  --error: var(--stepgate-error, light-dark(#a50e0e, #ffb4ab));
  --line: var(--stepgate-line, light-dark(#74777f, #8e9199));
}
* { box-sizing: border-box; overflow-wrap: anywhere; }
dialog, input, button, [part=summary] {
  padding: .5rem .75rem;
  border: 1px solid var(--line);
  border-radius: var(--stepgate-radius, .5rem);
}
dialog {
  width: min(26rem, 100vw - 2rem);
  max-height: calc(100dvh - 2rem);
  padding: 1.5rem;
  background: var(--stepgate-surface, light-dark(#fff, #1f1f23));
  color: var(--stepgate-text, light-dark(#1f1f1f, #e8e8ec));
  font: 1rem/1.5 var(--stepgate-font, system-ui, sans-serif);
}
::backdrop { background: rgb(0 0 0 / 55%); }
h2, h3, p, form, section { margin: 1rem 0 0; }
h2 { margin: 0; font-size: 1.25rem; }
h3, label { font-size: 1rem; font-weight: 600; }
:empty:not(input) { display: none; }
form, section { display: grid; gap: .5rem; }
input, button { width: 100%; min-height: 2.75rem; background: none; color: inherit; font: inherit; }
button { border-color: var(--accent); color: var(--accent); font-weight: 600; cursor: pointer; }
[part=submit] { margin-top: .5rem; background: var(--accent); color: var(--on-accent); }
[part=cancel] { margin-top: 1rem; border-color: transparent; }
[aria-disabled=true] { cursor: progress; opacity: .75; }
[aria-invalid=true] { border-color: var(--error); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
@media (forced-colors: active) { [part=submit] { border-width: 3px; } }`;

/** A sheet that is no inline style to a content security policy. */
export function styleSheet(): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  return sheet;
}
