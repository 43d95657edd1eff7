import type { MethodLockedJson } from '../wire.js';
import { StepgateError } from './errors.js';
import { jsonOf } from './refusal.js';
import type { Answer, Sending, Transport } from './transport.js';

/** Calls one of the kit's routes, and gives its JSON. Rejects with a `StepgateError` for every other answer. */
export type Call = <T>(method: string, path: string, body?: object) => Promise<T>;

export function createCall(send: (sending: Sending) => Promise<Answer>, { requestTo }: Transport): Call {
  return async <T>(method: string, path: string, body?: object) => {
    const { response, refusal } = await send({ make: () => requestTo(method, path, body) });
    if (refusal) {
      const { code, retryAfter } = refusal as MethodLockedJson; // the one that has such a member
      const isSession = /^(?:session|refresh)_/.test(code);
      throw new StepgateError(isSession ? 'signed_out' : code, {
        response,
        refusal,
        retryAfter,
      });
    }
    if (response.status === 204) return undefined as T; // of a route that has nothing to say
    const answer = response.ok && (await jsonOf(response));
    if (!answer) throw new StepgateError('offline', { response });
    return answer as T; // by the route that was called
  };
}
