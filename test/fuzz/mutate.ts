import type { Random } from '../support/random.js';
import type { Draft } from './draft.js';
import { BODY_MUTATIONS, type Mutation, spoilFraming } from './mutate-body.js';
import { HEAD_MUTATIONS } from './mutate-head.js';

const FRAMING = 0.02;

/** Spoils a good request in one to three places. */
export function mutate(draft: Draft, random: Random): void {
  const hasBody = draft.body !== undefined;
  do {
    if (hasBody && random.chance(0.6)) apply(random.pick(BODY_MUTATIONS), draft, random);
    else apply(random.pick(HEAD_MUTATIONS), draft, random);
  } while (draft.mutations.length < 3 && random.chance(0.3));
  if (random.chance(FRAMING)) apply(spoilFraming, draft, random);
}

/** Spoils what a good answer to a challenge says, and nothing around it. */
export function mutateBody(draft: Draft, random: Random): void {
  apply(random.pick(BODY_MUTATIONS), draft, random);
}

function apply(mutation: Mutation, draft: Draft, random: Random): void {
  mutation(draft, random);
  draft.mutations.push(mutation.name);
}
