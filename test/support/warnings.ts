import { cleanUp } from './clean-up.js';

/** What the process is warned of from now on. */
export function warningsIn(): Error[] {
  const warnings: Error[] = [];
  const keep = (warning: Error): void => {
    if (!warning.message.startsWith('VM Modules ')) warnings.push(warning); // of Jest's own, and late in its first file
  };
  process.on('warning', keep);
  cleanUp(() => process.off('warning', keep));
  return warnings;
}
