import { brand } from './brand.js';

/**
 * A mistake in how stepgate was set up or called: a wrong option, a guard mounted the wrong way, a missing store part.
 * It is thrown where the mistake is made, so that it shows at start-up; a request can't cause one.
 */
export class SetupError extends TypeError {
  override readonly name = 'SetupError';
  readonly code = 'setup_error';
  /** What to write instead. */
  readonly help: string;

  constructor(message: string, help: string) {
    super(`${message} ${help}`);
    this.help = help;
  }

  static {
    brand(SetupError, 'SetupError');
  }
}
