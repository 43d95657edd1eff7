import { StepgateError } from './errors.js';
import { aborted, passed } from './wait.js';

type Options = PublicKeyCredentialRequestOptionsJSON & PublicKeyCredentialCreationOptionsJSON;

// A browser runs one ceremony at a time: a dialog that the user asked for takes the place of the offer in a form.
let offer: AbortController | undefined;
let dialog: Promise<unknown> | undefined;
/** Whose passkeys were asked for last. */
let domain: string | undefined;

/** Lets the user sign with a passkey, or make one, in the browser's dialog, and gives the answer as JSON. */
export function inDialog(kind: 'get' | 'create', options: object | null, signal?: AbortSignal): Promise<object> {
  offer?.abort();
  const running = ceremony(kind, options, signal);
  dialog = running;
  return running;
}

/**
 * Offers passkeys where a form has `autocomplete="username webauthn"`. Null when the time is over, or another ceremony
 * came between and is done: then it can be offered anew.
 */
export async function inForm(options: object, seconds: number, signal?: AbortSignal): Promise<object | null> {
  await dialog?.catch(() => null);
  const own = new AbortController();
  offer = own;
  const stop = (): void => own.abort();
  Promise.race([passed(seconds), aborted(signal)]).then(stop, stop);
  return ceremony('get', options, own.signal, 'conditional').catch((error: unknown) => {
    if (own.signal.aborted) return null;
    throw error;
  });
}

/** Lets the browser forget a passkey: a courtesy, which it may not know, or refuse. */
export function forget(credentialId: string, rpId: string | undefined = domain): void {
  PublicKeyCredential.signalUnknownCredential?.({ rpId: rpId as string, credentialId }).catch(() => null);
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
    const publicKey = JSON.parse(JSON.stringify(json), (name, value: unknown) =>
      /^(id|challenge)$/.test(name) ? bytesOf(value as string) : value,
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
    const { name = '' } = cause as Partial<DOMException>; // anything can be thrown
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

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}
