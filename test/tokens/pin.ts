import type { Method } from '../../lib/methods/method.js';

/** A method that everybody can pass, for step-ups by `POST /auth/step-up/verify`. */
export const pin: Method<'pin'> = {
  name: 'pin',
  acr: null,
  amr: ['pin'],
  guessable: false,
  needs: [],
  enrolled: () => true,
  verify: () => ({ outcome: 'verified' }),
};

export const PIN_ANSWER: object = { method: 'pin', response: {} };
