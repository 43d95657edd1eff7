import type { TestContext } from 'node:test';

/** What the process is warned of from now on. */
export function warningsIn(t: TestContext): Error[] {
  const warnings: Error[] = [];
  const keep = (warning: Error): void => void warnings.push(warning);
  process.on('warning', keep);
  t.after(() => process.off('warning', keep));
  return warnings;
}
