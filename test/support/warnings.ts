import { cleanUp } from './clean-up.js';

/** What the process is warned of from now on. */
export function warningsIn(): Error[] {
  const warnings: Error[] = [];
  const keep = (warning: Error): void => {
    if (warning.name !== 'ExperimentalWarning') warnings.push(warning); // that of Jest's ES modules comes late
  };
  process.on('warning', keep);
  cleanUp(() => process.off('warning', keep));
  return warnings;
}
