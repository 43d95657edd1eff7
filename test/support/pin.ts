import type { Method } from '../../lib/methods/method.js';

/** The method of an app: everybody has it, and the right PIN is 1234. */
export const pin: Method<'pin'> = {
  name: 'pin',
  acr: null,
  amr: ['pin'],
  guessable: true,
  needs: [],
  enrolled: () => true,
  verify: ({ response }) => (response === '1234' ? { outcome: 'verified' } : { outcome: 'failed', reason: 'wrong' }),
};
