import { StepgateError } from './errors.js';
import { aborted, abortedAfter, passed } from './wait.js';

type Options = PublicKeyCredentialRequestOptionsJSON & PublicKeyCredentialCreationOptionsJSON;

// A browser runs one ceremony at a time: a dialog that the user asked for takes the place of the offer in a form.
let offer: AbortController | undefined;
let dialog: Promise<object> | undefined;
/** Whose passkeys were asked for last. */
let domain: string | undefined;

/** Lets the user sign with a passkey, or make one, in the browser's dialog, and gives the answer as JSON. */
export function inDialog(kind: 'get' | 'create', options: object | null, signal?: AbortSignal): Promise<object> {
  offer?.abort();
  dialog = ceremony(kind, options, signal);
  return dialog;
}

/**
 * Offers passkeys where a form has `autocomplete="username webauthn"`. Null when the time has expired, or another
 * ceremony came between and is done: then it can be offered anew.
 */
export async function inForm(options: object, seconds: number, signal?: AbortSignal): Promise<object | null> {
  await dialog?.catch(() => null);
  offer = abortedAfter(Promise.race([passed(seconds), aborted(signal)]));
  const { signal: own } = offer;
  return ceremony('get', options, own, 'conditional').catch((error: unknown) => {
    if (!own.aborted) throw error;
    return null;
  });
}

/** Lets the browser forget a passkey: a courtesy, which it may not know, or refuse. */
export function forget(credentialId: string, rpId: string | undefined = domain): void {
  PublicKeyCredential.signalUnknownCredential?.({ credentialId, rpId: rpId as string }).catch(() => null);
}

async function ceremony(
  kind: 'get' | 'create',
  options: object | null,
  signal?: AbortSignal,
  mediation?: 'conditional',
): Promise<object> {
  try {
    const { rp, ...json } = options as Options; // the server's, which knows what a browser takes
    domain = json.rpId;
    // All of these are bytes; only the domain of `rp` has the same name.
    const publicKey = JSON.parse(JSON.stringify(json), (name, value: string) =>
      /^(id|challenge)$/.test(name)
        ? Uint8Array.from(atob(value.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
        : value,
    ) as object; // as it was
    // Either kind takes of them what is its own, and the strings are the browser's words.
    return jsonOf(
      (await navigator.credentials[kind]({
        publicKey: { ...publicKey, rp },
        signal,
        mediation,
      } as object)) as PublicKeyCredential,
    );
  } catch (cause) {
    const { name } = cause as DOMException; // or whatever else was thrown
    throw new StepgateError(
      signal?.aborted
        ? 'cancelled'
        : /NotAllowed|Abort/.test(name) // or not there: a browser tells no page which
          ? 'passkey_cancelled'
          : name === 'InvalidStateError'
            ? 'passkey_exists'
            : 'passkey_unavailable',
      { cause },
    );
  }
}

/** By hand: browsers of last year have no `toJSON`, and that of a password manager's credentials may throw. */
function jsonOf({ id, type, response }: PublicKeyCredential): object {
  // of either kind
  const parts: Record<string, unknown> = {
    transports: (response as Partial<AuthenticatorAttestationResponse>).getTransports?.(),
  };
  for (const part of ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle', 'attestationObject'] as const) {
    const bytes = (response as Partial<Record<typeof part, ArrayBuffer | null>>)[part]; // of either kind
    if (bytes) {
      const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
      parts[part] = text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    }
  }
  return { id, rawId: id, type, response: parts };
}
