export type { Algorithm } from './authenticator/key-pair.js';
export type {
  AuthenticationResponseJSON,
  CreationOptionsJSON,
  RegistrationResponseJSON,
  RequestOptionsJSON,
} from './authenticator/messages.js';
export {
  type SoftwareAuthenticator,
  type SoftwareAuthenticatorOptions,
  softwareAuthenticator,
} from './authenticator/software-authenticator.js';
export type { AuthenticationVariant, RegistrationVariant, ResponseVariant } from './authenticator/variants.js';
export { type ManualClock, manualClock } from './manual-clock.js';
export { type ProvenOptions, type SignedInForTest, type SignedInOptions, signedIn } from './signed-in.js';
