import { call, notify, onPress } from './bank.js';
import { copyOnPress } from './copy.js';

const shown = document.querySelector('#key-shown');
const text = document.querySelector('#key');

onPress(document.querySelector('#key-make'), async () => {
  const { key } = await call('POST', '/api-key');
  text.textContent = key;
  shown.hidden = false;
  notify('This is the key. It is shown this once.');
});

copyOnPress(document.querySelector('#key-copy'), () => text.textContent);
