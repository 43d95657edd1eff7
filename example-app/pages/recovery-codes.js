import { notify, onPress } from './bank.js';
import { copyOnPress } from './copy.js';
import { showMethods } from './methods.js';
import { callWithStepUp } from './step-up.js';

const list = document.querySelector('#codes');
const copy = document.querySelector('#codes-copy');

onPress(document.querySelector('#codes-make'), async () => {
  const { codes } = await callWithStepUp('POST', '/auth/recovery-codes');
  list.replaceChildren(
    ...codes.map((code) => {
      const item = document.createElement('li');
      item.textContent = code;
      return item;
    }),
  );
  list.hidden = false;
  copy.hidden = false;
  await showMethods();
  list.focus();
  notify('These codes are shown this once. Keep them where you find them without this device.');
});

copyOnPress(copy, () => [...list.children].map((item) => item.textContent).join('\n'));
