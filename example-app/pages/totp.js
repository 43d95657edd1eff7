import { notify, onPress, onSubmit } from './bank.js';
import { copyOnPress } from './copy.js';
import { showMethods } from './methods.js';
import { callWithStepUp } from './step-up.js';

const title = document.querySelector('#totp-title');
const begin = document.querySelector('#totp-begin');
const setup = document.querySelector('#totp-setup');
const confirm = document.querySelector('#totp-confirm');
const link = document.querySelector('#totp-uri');
const secretText = document.querySelector('#totp-secret');

onPress(begin, async () => {
  const { secret, uri } = await callWithStepUp('POST', '/auth/totp');
  link.href = uri;
  secretText.textContent = secret.replace(/.{4}(?=.)/g, '$& ');
  setup.hidden = false;
  begin.hidden = true;
  confirm.elements.code.focus();
});

copyOnPress(document.querySelector('#totp-copy'), () => secretText.textContent.replaceAll(' ', ''));

onSubmit(confirm, async ({ code }) => {
  try {
    await callWithStepUp('POST', '/auth/totp/confirm', { code });
  } catch (error) {
    if (error.code !== 'step_up_failed') throw error;
    throw Object.assign(new Error('This is not the code that the app shows now. Try its next one.'), { field: 'code' });
  }
  forgetSecret();
  await showMethods();
  title.focus(); // the form is gone
  notify('Your authenticator app is set up.');
});

onPress(document.querySelector('#totp-remove'), async () => {
  await callWithStepUp('DELETE', '/auth/totp');
  await showMethods();
  title.focus(); // the button is gone
  notify('The authenticator app is removed here. Delete the entry in it as well.');
});

/** Nobody who comes to this page later is to find it. */
function forgetSecret() {
  setup.hidden = true;
  begin.hidden = false;
  confirm.reset();
  secretText.textContent = '';
  link.href = 'otpauth:';
}
