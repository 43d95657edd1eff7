import { notify, onPress, onSubmit } from './bank.js';
import { client } from './client.js';
import { device } from './device.js';
import { showMethods } from './methods.js';
import { showAgo, showTime } from './time.js';

const title = document.querySelector('#passkeys-title');
const add = document.querySelector('#add-passkey');
const suggested = device(navigator.userAgent).name;
add.elements.label.value = suggested;

onSubmit(add, async ({ label }) => {
  await client.passkeys.add({ label: label.trim() || suggested });
  add.elements.label.value = suggested;
  await Promise.all([listPasskeys(), showMethods()]);
  notify('Your passkey is added. Next time you can sign in with it.');
});

export async function listPasskeys() {
  const passkeys = await client.passkeys.list();
  document.querySelector('#passkeys').replaceChildren(...passkeys.map(passkeyItem));
}

function passkeyItem({ id, label, createdAt, lastUsedAt, backedUp }) {
  const item = document.querySelector('#passkey').content.cloneNode(true);
  const name = label ?? 'Passkey';
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
    const renamed = await client.passkeys.rename(id, fields.label);
    await listPasskeys();
    title.focus(); // the form is gone
    notify(`The passkey is called ${renamed.label} now.`);
  });
  onPress(
    item.querySelector('.remove'),
    async () => {
      await client.passkeys.remove(id);
      await Promise.all([listPasskeys(), showMethods()]);
      title.focus(); // the button is gone
      notify(`${name} is removed here. If your device still offers it, delete it there as well.`);
    },
    () => `Remove ${name} from your account?`,
  );
  return item;
}
