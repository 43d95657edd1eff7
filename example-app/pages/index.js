import { call, notify, onPress, onSubmit } from './bank.js';
import { signWithPasskey } from './webauthn.js';

for (const form of document.querySelectorAll('form')) {
  onSubmit(form, async (fields) => {
    await call('POST', form.getAttribute('action'), fields);
    location.assign('/account');
  });
}

onPress(document.querySelector('#sign-in-passkey'), async () => {
  const { challengeId, options } = await call('POST', '/auth/sign-in/passkey/options');
  const response = await signWithPasskey(options);
  try {
    await call('POST', '/auth/sign-in/passkey', { challengeId, response });
  } catch (error) {
    throw error.code === 'sign_in_refused' ? new Error('The bank does not know this passkey.') : error;
  }
  location.assign('/account');
});

for (const button of document.querySelectorAll('button')) button.disabled = false;

if (new URLSearchParams(location.search).has('ended')) {
  notify('You are signed out on this device. Sign in to go on.');
}
