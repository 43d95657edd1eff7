import { SetupError } from '../internal/setup-error.js';
import type { Services } from '../services.js';

/** Gives the call itself in an instance with sessions of its own; in any other one that throws a `SetupError`. */
export type OwnCall = <Args extends readonly unknown[], R>(
  name: string,
  call: (...args: Args) => R,
) => (...args: Args) => R;

export function ownCall({ settings }: Pick<Services, 'settings'>): OwnCall {
  return (name, call) => {
    if (settings.session === null) return call;
    return () => {
      throw new SetupError(
        `\`${name}\` is for stepgate's own sessions, and here the app keeps them.`,
        'Do it with what keeps them, or leave out `session`.',
      );
    };
  };
}
