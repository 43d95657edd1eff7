type CleanUp = () => unknown;

let ofThisTest: CleanUp[] | null = null;

/** Runs when the running test has ended, however it ended: the last one first. If it fails, so does the test. */
export function cleanUp(run: CleanUp): void {
  if (ofThisTest === null) throw new Error('cleanUp was called when no test was running; in a suite use afterAll.');
  ofThisTest.push(run);
}

export function isTestRunning(): boolean {
  return ofThisTest !== null;
}

// The hooks are in a file of their own, since child processes, which have no Jest, import some of the helpers here.

export function beginCleanUps(): void {
  ofThisTest = [];
}

export async function runCleanUps(): Promise<void> {
  const errors: unknown[] = [];
  for (const run of ofThisTest?.reverse() ?? []) {
    try {
      await run();
    } catch (error) {
      errors.push(error);
    }
  }
  ofThisTest = null;
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, 'several clean-ups failed');
}
