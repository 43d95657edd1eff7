import { notify, onPress } from './bank.js';
import { client } from './client.js';
import { copyOnPress } from './copy.js';
import { showMethods } from './methods.js';

const list = document.querySelector('#codes');
const copy = document.querySelector('#codes-copy');
const make = document.querySelector('#codes-make');
const endsOld = document.querySelector('[data-with="recovery-code"]');

onPress(
  make,
  async () => {
    const codes = await client.recoveryCodes.create();
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
  },
  () => !endsOld.hidden && 'Make new codes? The old ones end.',
);

copyOnPress(copy, () => [...list.children].map((item) => item.textContent).join('\n'));
