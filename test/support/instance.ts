import type { StepgateEvent } from '../../lib/events.js';
import type { Method } from '../../lib/methods/method.js';
import type { StepgateOptions } from '../../lib/options/index.js';
import { type Stepgate, stepgate } from '../../lib/stepgate.js';
import type { Store } from '../../lib/stores/contract/store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { type ManualClock, manualClock } from '../../lib/testing/manual-clock.js';
import { cleanUp } from './clean-up.js';

export const SECRET = 'a secret of at least thirty-two bytes';
export const ORIGIN = 'https://app.example';

export interface TestInstance<Name extends string = never> {
  readonly auth: Stepgate<Name>;
  readonly clock: ManualClock;
  readonly events: StepgateEvent[];
  readonly store: Store;
}

export type TestInstanceOptions<M extends readonly Method[] = readonly []> = Partial<StepgateOptions<M>> & {
  readonly clock?: ManualClock;
};

/** An instance that goes by a manual clock and keeps its events; the test's end closes it, and its store. */
export function testInstance<const M extends readonly Method[] = readonly []>({
  clock = manualClock(),
  ...options
}: TestInstanceOptions<M> = {}): TestInstance<M[number]['name']> {
  const events: StepgateEvent[] = [];
  const store = options.store ?? memoryStore();
  const onEvent = (event: StepgateEvent): void => void events.push(event);
  const auth = stepgate<M>({ secret: SECRET, issuer: ORIGIN, onEvent, ...options, clock, store });
  cleanUp(() => auth.close());
  return { auth, clock, events, store };
}
