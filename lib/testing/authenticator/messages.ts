// What goes between a page and an authenticator, as JSON (WebAuthn Level 3, 5.1). The options have the members that are
// read here, so that any library's fit; the responses fit @simplewebauthn/server's types, without asking for the package.

export interface CreationOptionsJSON {
  readonly challenge: string;
  readonly rp: { readonly id?: string | undefined };
  readonly user: { readonly id: string };
  readonly pubKeyCredParams: readonly { readonly alg: number }[];
  readonly excludeCredentials?: readonly { readonly id: string }[] | undefined;
}

export interface RequestOptionsJSON {
  readonly challenge: string;
  readonly rpId?: string | undefined;
  readonly allowCredentials?: readonly { readonly id: string }[] | undefined;
}

export interface CredentialJSON<R> {
  id: string;
  rawId: string;
  type: 'public-key';
  authenticatorAttachment: 'platform';
  clientExtensionResults: Record<string, never>;
  response: R;
}

export type RegistrationResponseJSON = CredentialJSON<{
  clientDataJSON: string;
  attestationObject: string;
  authenticatorData: string;
  transports: string[];
  publicKey: string;
  publicKeyAlgorithm: number;
}>;

export type AuthenticationResponseJSON = CredentialJSON<{
  clientDataJSON: string;
  authenticatorData: string;
  signature: string;
  userHandle?: string;
}>;
