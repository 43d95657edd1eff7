import { client } from './client.js';

/**
 * Shows what fits the methods that the user has set up: an element with `data-with` where one of those it names is
 * there, one with `data-without` where none is.
 */
export async function showMethods() {
  const methods = await client.methods();
  const has = (names) => methods.some(({ method, enrolled }) => enrolled && names.split(' ').includes(method));
  for (const element of document.querySelectorAll('[data-with]')) element.hidden = !has(element.dataset.with);
  for (const element of document.querySelectorAll('[data-without]')) element.hidden = has(element.dataset.without);
}
