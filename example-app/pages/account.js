// The account page: what it shows first, signing out, and the password.
import { call, leave, notify, onPress, onSubmit } from './bank.js';
import { showRole } from './details.js';
import { showMethods } from './methods.js';
import { showMoney } from './money.js';
import { listPasskeys } from './passkeys.js';
import { listSessions } from './sessions.js';
import { callWithStepUp } from './step-up.js';

onPress(document.querySelector('#sign-out'), async () => {
  await call('POST', '/auth/logout');
  leave();
});

const changePassword = document.querySelector('#password');
onSubmit(changePassword, async (fields) => {
  await callWithStepUp('POST', '/password', fields);
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
  notify(error.message, 'error');
}
