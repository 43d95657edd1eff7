import type { Method, VerifyContext } from '../../lib/methods/method.js';

/** A method of these tests, which everything about it is known of. */
export interface FakeMethod extends Method {
  /** Who has it; a test may change that. */
  readonly users: Set<string>;
  /** The right answer, for the options of its ceremony. */
  readonly right: (options: unknown) => object;
  /** What it was asked to verify. */
  readonly asked: VerifyContext[];
}

type FakeOptions = Partial<Pick<Method, 'acr' | 'guessable'>>;

/** As a passkey is: it signs a challenge, and nobody can guess what it signs. */
export function fakeKey(name: string = 'key', { acr = 'phr', guessable = false }: FakeOptions = {}): FakeMethod {
  const right = (options: unknown): object => ({ signed: (options as { sign: string }).sign }); // from `begin` below
  return {
    ...fake(name, { acr, guessable }, ({ response, challenge }) => says(response, 'signed', challenge?.value)),
    begin: ({ challenge }) => ({ sign: challenge }),
    right,
  };
}

/** As a PIN is: its name is the right code. */
export function fakeCode(name: string = 'code', { acr = null, guessable = true }: FakeOptions = {}): FakeMethod {
  return {
    ...fake(name, { acr, guessable }, ({ response }) => says(response, 'code', name)),
    right: () => ({ code: name }),
  };
}

/** An answer that is in nobody's favour. */
export const WRONG: object = { code: 'wrong' };

function fake(
  name: string,
  { acr, guessable }: Required<FakeOptions>,
  isRight: (context: VerifyContext) => boolean,
): Omit<FakeMethod, 'right'> {
  const users = new Set(['ada', 'bea']);
  const asked: VerifyContext[] = [];
  return {
    name,
    acr,
    amr: [name],
    guessable,
    needs: [],
    users,
    asked,
    enrolled: ({ userId }) => users.has(userId),
    verify(context) {
      asked.push(context);
      return isRight(context) ? { outcome: 'verified' } : { outcome: 'failed', reason: 'rejected' };
    },
  };
}

function says(response: unknown, member: string, value: string | undefined): boolean {
  return value !== undefined && (response as Record<string, unknown>)[member] === value; // stepgate takes objects only
}
