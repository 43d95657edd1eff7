import type { TestContext } from 'node:test';
import type { StepgateEvent } from '../../lib/events.js';
import type { StepgateOptions } from '../../lib/options.js';
import { type Stepgate, stepgate } from '../../lib/stepgate.js';
import type { Store } from '../../lib/stores/contract/store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { type ManualClock, manualClock } from '../../lib/testing/manual-clock.js';

export const SECRET = 'a secret of at least thirty-two bytes';
export const ORIGIN = 'https://app.example';

export interface TestKit {
  readonly auth: Stepgate;
  readonly clock: ManualClock;
  readonly events: StepgateEvent[];
  readonly store: Store;
}

/** A kit that goes by a manual clock and keeps its events; the test's end closes it, and its store. */
export function testKit(
  t: TestContext,
  { clock = manualClock(), ...options }: Partial<StepgateOptions> & { readonly clock?: ManualClock } = {},
): TestKit {
  const events: StepgateEvent[] = [];
  const store = options.store ?? memoryStore();
  const onEvent = (event: StepgateEvent): void => void events.push(event);
  const auth = stepgate({ secret: SECRET, issuer: ORIGIN, onEvent, ...options, clock, store });
  t.after(() => auth.close());
  return { auth, clock, events, store };
}
