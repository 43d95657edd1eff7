import { isDeepStrictEqual } from 'node:util';
import type { Method } from '../../lib/methods/method.js';

/** The right answer to `pin`. */
export const RIGHT_PIN: object = { code: '1234' };

/** The method of an app: everybody has it, and the PIN is 1234. */
export const pin: Method<'pin'> = {
  name: 'pin',
  acr: null,
  amr: ['pin'],
  guessable: true,
  needs: [],
  enrolled: () => true,
  verify: ({ response }) =>
    isDeepStrictEqual(response, RIGHT_PIN) ? { outcome: 'verified' } : { outcome: 'failed', reason: 'rejected' },
};
