import { notify, onPress } from './bank.js';

/** Puts a text on the clipboard when a button is pressed. */
export function copyOnPress(button, text) {
  onPress(button, async () => {
    try {
      await navigator.clipboard.writeText(text());
    } catch (cause) {
      throw new Error('Your browser does not let this page copy. Select the text and copy it.', { cause });
    }
    notify('Copied.');
  });
}
