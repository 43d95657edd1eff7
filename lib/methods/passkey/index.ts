import type { RoutedMethod } from '../../http/method-routes.js';
import { createStepUpCeremony, passkeysOf } from './assertion.js';
import { importPasskey } from './import.js';
import { type PasskeyOptions, parsePasskeyOptions } from './options.js';
import { createRegistration, type PasskeyRegistration } from './registration.js';
import { isCredentialId } from './response.js';
import { passkeyRoutes } from './routes.js';
import { createSignInCeremony, type PasskeySignIn, signInRoutes } from './sign-in.js';

export type { ImportedPasskey } from './import.js';
export type { PasskeyOptions } from './options.js';
export type { PublicPasskey } from './routes.js';

export interface PasskeyMethod extends Required<Omit<RoutedMethod<'passkey'>, 'oneTime' | 'effect' | 'field'>> {
  readonly registration: PasskeyRegistration;
  readonly signIn: PasskeySignIn;
}

/**
 * Passkeys, on @simplewebauthn/server: to step up and to sign in without a name. The authenticator has to verify its
 * user, by a PIN or a fingerprint, every time. Throws a `SetupError` for options that no browser would accept.
 */
export function passkey(options: PasskeyOptions): PasskeyMethod {
  const settings = parsePasskeyOptions(options);
  const stepUp = createStepUpCeremony(settings);
  const registration = createRegistration(settings);
  const signIn = createSignInCeremony(settings);
  return {
    name: 'passkey',
    acr: 'phr', // phishing-resistant (OpenID EAP ACR Values 1.0)
    // A key, and the user verified by it. Nothing attests hardware (`hwk`), and no flag says what verified the user.
    amr: ['pop', 'user', 'mfa'],
    guessable: false,
    needs: ['challenges', 'passkeys', 'users'],
    enrolled: stepUp.enrolled,
    relyingParty: { rpID: settings.rpID, origins: settings.origins },
    begin: stepUp.begin,
    verify: stepUp.verify,
    holds: stepUp.holds,
    registration,
    signIn,
    routes: (services) => ({ ...signInRoutes(signIn, services), ...passkeyRoutes(settings, registration, services) }),
    import: (context, data) => importPasskey(settings, context, data),
    async remove({ services, userId }, id) {
      const passkeys = passkeysOf(services);
      if (id !== null) return isCredentialId(id) && passkeys.remove(userId, id);
      const { length } = await passkeys.listForUser(userId);
      await passkeys.dropForUser(userId);
      return length > 0;
    },
  };
}
