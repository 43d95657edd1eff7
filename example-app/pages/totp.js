import { notify, onPress, onSubmit } from './bank.js';
import { client } from './client.js';
import { copyOnPress } from './copy.js';
import { showMethods } from './methods.js';
import { qrCode } from './qr-code.js';

const title = document.querySelector('#totp-title');
const begin = document.querySelector('#totp-begin');
const setup = document.querySelector('#totp-setup');
const confirm = document.querySelector('#totp-confirm');
const picture = document.querySelector('#totp-picture');
const link = document.querySelector('#totp-uri');
const secretText = document.querySelector('#totp-secret');

onPress(begin, async () => {
  const { secret, uri } = await client.totp.begin();
  picture.replaceChildren(qrCode(uri, 'The key of your account as a QR code, for the app to scan'));
  link.href = uri;
  secretText.textContent = secret.replace(/.{4}(?=.)/g, '$& ');
  setup.hidden = false;
  begin.hidden = true;
  confirm.elements.code.focus();
});

copyOnPress(document.querySelector('#totp-copy'), () => secretText.textContent.replaceAll(' ', ''));

onSubmit(confirm, async ({ code }) => {
  try {
    await client.totp.confirm(code);
  } catch (error) {
    if (error.code !== 'step_up_failed') throw error;
    throw Object.assign(new Error('This is not the code that the app shows now. Try its next one.'), { field: 'code' });
  }
  forgetSecret();
  await showMethods();
  title.focus(); // the form is gone
  notify('Your authenticator app is set up.');
});

onPress(
  document.querySelector('#totp-remove'),
  async () => {
    await client.totp.remove();
    await showMethods();
    title.focus(); // the button is gone
    notify('The authenticator app is removed here. Delete the entry in it as well.');
  },
  () => 'Remove the authenticator app from your account?',
);

/** Nobody who comes to this page later is to find it. */
function forgetSecret() {
  setup.hidden = true;
  begin.hidden = false;
  confirm.reset();
  picture.replaceChildren();
  secretText.textContent = '';
  link.href = 'otpauth:';
}
