import type { StepUpFailedJson, TooManyJson } from '../wire.js';
import { StepgateError } from './errors.js';
import { jsonOf } from './refusal.js';
import { requestMaker } from './request.js';
import type { Answer, Sending } from './transport.js';
import { forget } from './webauthn.js';

/** Calls one of stepgate's routes, and gives its JSON. Rejects with a `StepgateError` for every other answer. */
export type Call = <T>(method: string, path: string, json?: object) => Promise<T>;

export function createCall(send: (sending: Sending) => Promise<Answer>, mount: string): Call {
  return async <T>(method: string, path: string, json?: object) => {
    // stepgate may be on another origin than the page.
    const make = requestMaker(mount + path, { method, json, credentials: 'include' });
    const { response, refusal } = await send({ make });
    if (refusal) {
      const { code, retryAfter, unknownCredential } = refusal as TooManyJson & StepUpFailedJson; // either, or neither
      if (unknownCredential) forget((json as { response: { id: string } }).response.id);
      const isSession = /^(session|refresh)_/.test(code);
      throw new StepgateError(isSession ? 'signed_out' : code, { response, refusal, retryAfter });
    }
    const body = response.ok && (await jsonOf(response));
    // A route that has nothing to say says 204.
    if (!body && response.status !== 204) throw new StepgateError('offline', { response });
    return body as T; // by the route that was called
  };
}

/** Null where that fails because there is no session. */
export function unlessSignedOut<T>(promise: Promise<T>): Promise<T | null> {
  return promise.catch((error: unknown) => {
    if ((error as Partial<StepgateError> | null)?.code !== 'signed_out') throw error; // anything can be thrown
    return null;
  });
}
