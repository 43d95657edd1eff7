import { call, notify, onPress, onSubmit } from './bank.js';
import { client } from './client.js';

const query = new URLSearchParams(location.search);
// Back to where the session ended; to no page but these, whatever the address says.
const page = query.get('ended') === '/approvals' ? '/approvals' : '/account';
const open = () => location.assign(page);

for (const form of document.querySelectorAll('form')) {
  onSubmit(form, async (fields) => {
    try {
      await call('POST', form.getAttribute('action'), fields);
    } catch (error) {
      // Here it does no harm to try again.
      throw error.code === 'outcome_unknown' ? Object.assign(new Error(), { code: 'offline' }) : error;
    }
    open();
  });
}

onPress(document.querySelector('#sign-in-passkey'), async () => {
  await client.signInWithPasskey();
  open();
});

for (const button of document.querySelectorAll('button')) button.disabled = false;

if (query.has('closed')) notify('Your account is closed.');
if (query.has('ended')) {
  notify(
    'You are signed out on this device: by you, from another device, or because the time was over. Sign in to go on.',
  );
}

/** Offers the passkeys of this device in the field for the e-mail address, for as long as the page is open. */
async function offerPasskeys() {
  for (;;) {
    try {
      const signedIn = await client.signInWithPasskey({ autofill: true });
      if (signedIn) open();
      return;
    } catch (error) {
      if (error.code !== 'sign_in_refused') return; // nobody has asked for the offer, and the button is still there
      notify('The bank does not know this passkey.', 'error');
    }
  }
}

await offerPasskeys();
