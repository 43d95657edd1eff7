// The account page: what it shows first, signing out, and the password.
import { call, leave, notify, onPress, onSubmit } from './bank.js';
import { client } from './client.js';
import { showRole } from './details.js';
import { showMethods } from './methods.js';
import { showMoney } from './money.js';
import { listPasskeys } from './passkeys.js';
import { listSessions } from './sessions.js';

client.on('signed-out', () => leave('?ended'));

onPress(document.querySelector('#sign-out'), () => client.signOut());

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
} catch (error) {
  notify(`Your account could not be shown: ${error.message}`, 'error');
}
