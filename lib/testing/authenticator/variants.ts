/** How a response is to differ from a good one. What isn't given stays good; the signature fits what is sent. */
export interface ResponseVariant {
  /** The UP flag. @default true */
  readonly userPresent?: boolean;
  /** The UV flag. @default true */
  readonly userVerified?: boolean;
  /** The BE flag. @default the `synced` option */
  readonly backupEligible?: boolean;
  /** The BS flag. @default the `synced` option */
  readonly backedUp?: boolean;
  /** The RP id that the authenticator data is for. @default the one of the options */
  readonly rpId?: string;
  /** The signature counter of this response; the credential's own count stays as it is. */
  readonly counter?: number;
  /**
   * Members of the client data: `type`, `challenge`, `origin`, `crossOrigin`, `topOrigin`, and any other. They replace
   * the good ones, or come on top; an undefined one is left out.
   */
  readonly clientData?: Readonly<Record<string, unknown>>;
}

export interface RegistrationVariant extends ResponseVariant {
  /** The id of the new credential, base64url; of one that somebody else has, for example. @default random */
  readonly credentialId?: string;
}

export interface AuthenticationVariant extends ResponseVariant {
  /** Answers with this credential of the authenticator, even if it isn't listed or is another site's. */
  readonly credentialId?: string;
  /** The credential id that the response states. @default that of the credential which signs */
  readonly statedId?: string;
  /** The user handle, base64url; null for none. @default that of the registration */
  readonly userHandle?: string | null;
  /** Changes one bit of the signature. @default false */
  readonly tamperSignature?: boolean;
}
