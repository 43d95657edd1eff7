import { EventEmitter, once } from 'node:events';
import type { Response } from 'supertest';

/** Requests that a client sends over and over. */
export type Step = () => Promise<Response>;

export interface Load {
  /** Waits until each client has got this status twice in a row. */
  untilAllGet(status: number): Promise<void>;
  /** Ends it. Gives all answers. */
  end(): Promise<readonly Response[]>;
}

/** One answer may be to a request from before. */
const IN_A_ROW = 2;

/** Lets clients send at the same time, each as soon as it was answered. */
export function startLoad(steps: readonly Step[]): Load {
  const progress = new EventEmitter();
  const answers: Response[][] = steps.map(() => []);
  const over = new AbortController();

  async function run(step: Step, index: number): Promise<void> {
    while (!over.signal.aborted) {
      answers[index]?.push(await step());
      progress.emit('answer');
    }
  }

  const running = Promise.all(steps.map(run));
  return {
    async untilAllGet(status) {
      const isThere = (given: readonly Response[]): boolean => {
        const last = given.slice(-IN_A_ROW);
        return last.length === IN_A_ROW && last.every((answer) => answer.status === status);
      };
      // `running` settles only when a client couldn't send.
      while (!answers.every(isThere)) await Promise.race([once(progress, 'answer'), running]);
    },
    async end() {
      over.abort();
      await running;
      return answers.flat();
    },
  };
}
