import type { FuzzedApp } from './app.js';
import { bytesOf, type Draft, isPlain } from './draft.js';
import { sendOnce, Wire, type WireAnswer } from './wire.js';

const MAX_FAILURES = 10;

/** Sends drafts, counts what comes back, and notes what must not. */
export class Sender {
  readonly statuses: Map<number, number> = new Map();
  readonly failures: string[] = [];
  sent = 0;
  readonly #app: FuzzedApp;
  readonly #idle: Wire[] = [];
  readonly #progress: (sent: number) => void;

  constructor(app: FuzzedApp, progress: (sent: number) => void) {
    this.#app = app;
    this.#progress = progress;
  }

  async send(draft: Draft): Promise<WireAnswer> {
    const answer = await this.#deliver(draft);
    this.sent += 1;
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
    this.#progress(this.sent);
    if (isFailure(draft, answer)) await this.#note(draft, answer);
    return answer;
  }

  /** Whether there is enough to read for whoever has to mend it. */
  hasFailed(): boolean {
    return this.failures.length + this.#app.faults.length >= MAX_FAILURES;
  }

  close(): void {
    for (const wire of this.#idle) wire.close();
  }

  async #deliver(draft: Draft): Promise<WireAnswer> {
    const bytes = bytesOf(draft);
    if (!isPlain(draft)) {
      const statuses = await sendOnce(this.#app.port, bytes, draft.framing.halfway);
      return { status: Math.max(0, ...statuses), setCookies: [], body: '' };
    }
    const wire = this.#idle.pop() ?? new Wire(this.#app.port);
    const answer = await wire.send(bytes);
    this.#idle.push(wire);
    return answer;
  }

  async #note(draft: Draft, { status, body }: WireAnswer): Promise<void> {
    const smallest = status >= 500 ? await this.#reduced(draft) : draft;
    const bytes = JSON.stringify(bytesOf(smallest).toString('latin1').slice(0, 4_000));
    const how = `request ${this.sent}, fuzzed by ${draft.mutations.join(', ') || 'nothing'}`;
    this.failures.push([`${status} for ${how}`, bytes, body].join('\n  '));
  }

  /** The same without the headers that it takes nothing of to fail. */
  async #reduced(draft: Draft): Promise<Draft> {
    let smallest = draft;
    for (const header of draft.headers) {
      const smaller = { ...smallest, headers: smallest.headers.filter((other) => other !== header) };
      if ((await this.#deliver(smaller)).status >= 500) smallest = smaller;
    }
    return smallest;
  }
}

/** What was framed as HTTP wants it has to be answered. */
function isFailure(draft: Draft, { status }: WireAnswer): boolean {
  return status >= 500 || (status === 0 && isPlain(draft));
}
