import { call, notify, onPress, onSubmit } from './bank.js';
import { device } from './device.js';
import { showMethods } from './methods.js';
import { callWithStepUp } from './step-up.js';
import { showAgo, showTime } from './time.js';
import { createPasskey } from './webauthn.js';

const title = document.querySelector('#passkeys-title');
const add = document.querySelector('#add-passkey');
const suggested = device(navigator.userAgent).name;
add.elements.label.value = suggested;

onSubmit(add, async ({ label }) => {
  const { challengeId, options } = await callWithStepUp('POST', '/auth/passkeys/options');
  const response = await createPasskey(options);
  await callWithStepUp('POST', '/auth/passkeys', { challengeId, response, label: label.trim() || suggested });
  add.elements.label.value = suggested;
  await Promise.all([listPasskeys(), showMethods()]);
  notify('Your passkey is added. Next time you can sign in with it.');
});

export async function listPasskeys() {
  const { passkeys } = await call('GET', '/auth/passkeys');
  document.querySelector('#passkeys').replaceChildren(...passkeys.map(passkeyItem));
}

function passkeyItem({ id, label, createdAt, lastUsedAt, backedUp }) {
  const item = document.querySelector('#passkey').content.cloneNode(true);
  const name = label ?? 'Passkey';
  const path = `/auth/passkeys/${encodeURIComponent(id)}`;
  item.querySelector('.name').textContent = name;
  item.querySelector('.badge').hidden = !backedUp;
  showTime(item.querySelector('.created'), createdAt);
  const used = item.querySelector('.used');
  if (lastUsedAt === null) used.textContent = 'never';
  else showAgo(used, lastUsedAt);
  for (const unseen of item.querySelectorAll('.unseen')) unseen.textContent = ` ${name}`;

  const rename = item.querySelector('form');
  rename.elements.label.value = name;
  onSubmit(rename, async (fields) => {
    const renamed = await callWithStepUp('PATCH', path, { label: fields.label });
    await listPasskeys();
    title.focus(); // the form is gone
    notify(`The passkey is called ${renamed.label} now.`);
  });
  onPress(item.querySelector('.remove'), async () => {
    await callWithStepUp('DELETE', path);
    await Promise.all([listPasskeys(), showMethods()]);
    title.focus(); // the button is gone
    notify(`${name} is removed here. Delete it on your device as well.`);
  });
  return item;
}
