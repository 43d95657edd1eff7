// The account page: what it shows first, signing out, and the password.
import { call, leave, notify, onPress, onSubmit } from './bank.js';
import { client } from './client.js';
import { showRole } from './details.js';
import { showMethods } from './methods.js';
import { keepTransfer, showKeptTransfer, showMoney } from './money.js';
import { listPasskeys } from './passkeys.js';
import { listSessions } from './sessions.js';

let isWanted = false;
client.on('signed-out', () => {
  if (isWanted) return leave();
  keepTransfer();
  leave(`?ended=${location.pathname}`);
});

onPress(document.querySelector('#sign-out'), async () => {
  isWanted = true;
  try {
    await client.signOut();
  } finally {
    isWanted = false; // where it failed
  }
});

onPress(
  document.querySelector('#close-account'),
  async () => {
    await call('DELETE', '/account');
    leave('?closed');
  },
  () => 'Close your account for good?',
);

const changePassword = document.querySelector('#password');
onSubmit(changePassword, async (fields) => {
  await call('POST', '/password', fields);
  changePassword.reset();
  await listSessions();
  notify('Your password is changed, and every other device is signed out.');
});

// The browser may bring this page back as it was left; the session may be over by then.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

try {
  const [{ email, role }] = await Promise.all([showMoney(), showMethods(), listPasskeys(), listSessions()]);
  document.querySelector('#email').textContent = email;
  document.querySelector('#password-email').value = email;
  showRole(role);
  if (showKeptTransfer(email)) notify('What you had typed is in the form again.');
  if (new URLSearchParams(location.search).has('changed')) {
    history.replaceState(null, '', location.pathname);
    notify('There was a new sign-in in this browser. This is the account that is signed in now.');
  }
} catch (error) {
  notify(`Your account could not be shown: ${error.message}`, 'error');
}
