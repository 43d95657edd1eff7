import { startAuthentication, startRegistration, WebAuthnAbortService } from '/vendor/simplewebauthn/index.js';

/** Lets the user sign with a passkey: from the bank's options to what the bank wants to see. */
export function signWithPasskey(optionsJSON) {
  return inWords(startAuthentication({ optionsJSON }));
}

export function createPasskey(optionsJSON) {
  return inWords(startRegistration({ optionsJSON }));
}

/** Takes the browser's own dialog away. */
export function closePasskeyPrompt() {
  WebAuthnAbortService.cancelCeremony();
}

const WORDS = {
  NotAllowedError: 'No passkey was used. Try again when you are ready.',
  InvalidStateError: 'This device has a passkey of yours already.',
};

async function inWords(ceremony) {
  try {
    return await ceremony;
  } catch (error) {
    throw new Error(WORDS[error.name] ?? `Your browser could not use a passkey: ${error.message}.`, { cause: error });
  }
}
