import { onSubmit, say } from './bank.js';

const openAccount = () => location.assign('/account');

onSubmit(document.querySelector('#sign-in'), openAccount);
onSubmit(document.querySelector('#sign-up'), openAccount);

if (new URLSearchParams(location.search).has('ended')) {
  say(document.querySelector('#notice'), 'You are signed out on this device. Sign in to go on.');
}
