import { random } from '../support/random.js';
import { history, type Reached } from './history.js';
import type { Kind } from './holder.js';

export interface Campaign {
  readonly delivery: Kind;
  readonly runs: number;
  readonly seed: number;
  readonly progress?: (run: number) => void;
}

/** Plays random histories until one goes wrong. */
export async function campaign({
  delivery,
  runs,
  seed,
  progress = () => {},
}: Campaign): Promise<{ readonly reached: Reached; readonly violation: string | null }> {
  const reached: Reached = {
    refreshedBesideGrant: 0,
    confirmedByWeaker: 0,
    removedWithProof: 0,
    steppedUpBesideProof: 0,
    endedUnderThief: 0,
  };
  for (let run = 0; run < runs; run += 1) {
    try {
      await history(delivery, random(seed + run), reached);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { reached, violation: `history ${seed + run}: ${message}` };
    }
    progress(run + 1);
  }
  return { reached, violation: null };
}
