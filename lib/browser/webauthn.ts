import type { StepUpFailedJson } from '../wire.js';
import { StepgateError, type StepgateErrorCode } from './errors.js';

type Options = PublicKeyCredentialRequestOptionsJSON & PublicKeyCredentialCreationOptionsJSON;

// A browser runs one ceremony at a time: a dialog that the user asked for takes the place of the offer in a form.
let offer: AbortController | undefined;
let dialog: Promise<unknown> | undefined;

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
  const timer = setTimeout(stop, seconds * 1_000);
  signal?.addEventListener('abort', stop);
  try {
    return await ceremony('get', options, own.signal, 'conditional');
  } catch (error) {
    if (own.signal.aborted) return null;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

export async function canOffer(): Promise<boolean | undefined> {
  return globalThis.PublicKeyCredential?.isConditionalMediationAvailable?.();
}

/** Lets the browser forget the passkey that an error says no server knows any more. */
export function forgetUnknown(error: unknown, options: object | null | undefined, response: object | undefined): void {
  const { refusal } = error as Partial<StepgateError>; // anything can be thrown
  if (!(refusal as StepUpFailedJson | undefined)?.unknownCredential) return;
  const { rpId = location.hostname } = options as Options; // which a passkey has answered
  forget(rpId, (response as { id: string }).id);
}

/** Lets the browser forget a passkey: a courtesy, which it may not know, or refuse. */
export function forget(rpId: string, credentialId: string): void {
  PublicKeyCredential.signalUnknownCredential?.({ rpId, credentialId }).catch(() => null);
}

async function ceremony(
  kind: 'get' | 'create',
  options: object | null,
  signal?: AbortSignal,
  mediation?: 'conditional',
): Promise<object> {
  try {
    const json = options as Options; // the server's, which knows what a browser takes
    const publicKey = {
      ...json,
      challenge: bytesOf(json.challenge),
      user: json.user && { ...json.user, id: bytesOf(json.user.id) },
      allowCredentials: descriptorsOf(json.allowCredentials),
      excludeCredentials: descriptorsOf(json.excludeCredentials),
    };
    // Either kind takes of them what is its own, and the strings are the browser's words.
    return jsonOf(
      (await navigator.credentials[kind]({ publicKey, signal, mediation } as object)) as PublicKeyCredential,
    );
  } catch (cause) {
    const { name = '' } = cause as Partial<DOMException>; // anything can be thrown
    throw new StepgateError(signal?.aborted ? 'cancelled' : (FAILURES[name] ?? 'passkey_unavailable'), { cause });
  }
}

const FAILURES: Readonly<Record<string, StepgateErrorCode>> = {
  NotAllowedError: 'passkey_cancelled', // or not there: a browser tells no page which
  AbortError: 'passkey_cancelled',
  InvalidStateError: 'passkey_exists',
};

/** By hand: browsers of last year have no `toJSON`, and that of a password manager's credentials may throw. */
function jsonOf({ id, type, response }: PublicKeyCredential): object {
  const { getTransports } = response as Partial<AuthenticatorAttestationResponse>; // of either kind
  const parts: Record<string, unknown> = { transports: getTransports?.call(response) };
  for (const part of ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle', 'attestationObject'] as const) {
    const bytes = (response as Partial<Record<typeof part, ArrayBuffer | null>>)[part]; // of either kind
    if (bytes) {
      const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
      parts[part] = text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    }
  }
  return { id, rawId: id, type, response: parts };
}

function descriptorsOf(list: readonly { readonly id: string }[] | undefined): object[] | undefined {
  return list?.map((each) => ({ ...each, id: bytesOf(each.id) }));
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}
