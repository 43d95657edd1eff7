/** An element with a `part`, under which an app's style sheet finds it; what it holds is text, never markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  part: string,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  text = '',
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), properties);
  made.setAttribute('part', part);
  made.append(text);
  return made;
}
