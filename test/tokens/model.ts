/** The rules of one session's tokens in short, on names in place of tokens: what a server without any races would do. */

export const GRACE = 30_000;
export const OVERLAP = 10_000;
export const LIFETIME = 3_600_000;

/** A generation of refresh tokens, and the session token derived from it, have the same number. */
export interface Pair {
  readonly refresh: number;
  readonly token: string;
}

export interface Model {
  readonly signedInAt: number;
  ended: boolean;
  /** The current refresh token. */
  generation: number;
  generationMadeAt: number;
  generationUsedAt: number | null;
  /** The current session token, and the one before it. */
  token: string;
  tokenUsedAt: number | null;
  tokenCameWith: 'refresh' | 'step-up';
  previous: string | null;
  steppedUpAt: number | null;
  stepUps: number;
}

export function signIn(now: number): Model {
  return {
    signedInAt: now,
    ended: false,
    generation: 0,
    generationMadeAt: now,
    generationUsedAt: now,
    token: tokenOf(0),
    tokenUsedAt: now,
    tokenCameWith: 'refresh',
    previous: null,
    steppedUpAt: null,
    stepUps: 0,
  };
}

export function tokenOf(generation: number): string {
  return `token of refresh ${generation}`;
}

/** What a request with a session token may do: nothing (null), or with the methods proved that are given. */
export function use(model: Model, token: string, now: number): readonly string[] | null {
  if (isOver(model, now)) return null;
  if (token === model.token) {
    markUsed(model, now);
    return model.steppedUpAt === null ? ['password'] : ['password', 'pin'];
  }
  const overlaps = model.tokenUsedAt === null || now < model.tokenUsedAt + OVERLAP;
  return token === model.previous && overlaps ? [] : null;
}

export function refresh(model: Model, generation: number, now: number): Pair | null {
  if (isOver(model, now)) return null;
  if (generation === model.generation) {
    const young = now < model.generationMadeAt + GRACE && model.token === tokenOf(generation);
    if (young) markUsed(model, now);
    else rotate(model, now);
    return { refresh: model.generation, token: tokenOf(model.generation) };
  }
  const repeatable = model.generationUsedAt === null || now < model.generationUsedAt + GRACE;
  if (generation === model.generation - 1 && repeatable) {
    return { refresh: model.generation, token: tokenOf(model.generation) };
  }
  model.ended = true; // theft
  return null;
}

/** Gives the name of the new session token. */
export function stepUp(model: Model, token: string, now: number): string | null {
  if (use(model, token, now) === null) return null;
  if (token !== model.token) {
    if (model.tokenUsedAt !== null) return null;
    model.steppedUpAt = now;
    if (model.tokenCameWith === 'step-up') return model.token; // the answer to that one was lost
  }
  model.stepUps += 1;
  model.previous = token;
  model.token = `token of step-up ${model.stepUps}`;
  model.tokenUsedAt = null;
  model.tokenCameWith = 'step-up';
  model.steppedUpAt = now;
  return model.token;
}

function isOver(model: Model, now: number): boolean {
  return model.ended || now >= model.signedInAt + LIFETIME;
}

/** The first use of a session token is one of the refresh token it came with, and of no other. */
function markUsed(model: Model, now: number): void {
  model.tokenUsedAt ??= now;
  if (model.tokenCameWith === 'refresh') model.generationUsedAt ??= now;
}

function rotate(model: Model, now: number): void {
  model.generation += 1;
  model.generationMadeAt = now;
  model.generationUsedAt = null;
  model.previous = model.token;
  model.token = tokenOf(model.generation);
  model.tokenUsedAt = null;
  model.tokenCameWith = 'refresh';
  model.steppedUpAt = null;
}
