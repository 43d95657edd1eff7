/** The rules of one session's tokens in short, on names in place of tokens: what a server without any races would do. */

import type { Delivery } from '../../lib/index.js';

/** Epoch milliseconds, and what a browser may take to write its cookies to the disk. */
const SETTLING = 45_000;

export interface Rules {
  readonly delivery: Delivery;
  /** Milliseconds. */
  readonly grace: number;
  readonly overlap: number;
  readonly lifetime: number;
}

/** A token by its name. */
interface Token {
  readonly name: string;
  readonly madeAt: number;
  /** When it is known that the client had it; null until then. */
  readonly usedAt: number | null;
}

export interface Model {
  readonly signedInAt: number;
  readonly ended: boolean;
  /** How many tokens there have been. */
  readonly made: number;
  readonly session: Token & { readonly by: 'refresh' | 'step-up' };
  readonly previous: string | null;
  /** Null for a delivery without one. */
  readonly refresh: (Token & { readonly parent: string | null }) | null;
  readonly generation: number;
  /** The methods of step-ups. */
  readonly proofs: readonly string[];
}

/** What a request is answered: refused, or with these tokens; a new one has a new name. */
export interface Answer {
  readonly model: Model;
  readonly given: { readonly session: string; readonly refresh: string | null } | null;
}

/** What a request asks for. */
export type Ask =
  | { readonly type: 'use'; readonly session: string }
  | { readonly type: 'refresh'; readonly refresh: string }
  | { readonly type: 'step-up'; readonly session: string; readonly method: string };

export function signIn({ delivery }: Rules, now: number): Model {
  const token = { name: 'token 0', madeAt: now, usedAt: now };
  return {
    signedInAt: now,
    ended: false,
    made: 1,
    session: { ...token, by: 'refresh' },
    previous: null,
    refresh: delivery === 'cookie' ? null : { ...token, name: 'refresh 0', parent: null },
    generation: 0,
    proofs: [],
  };
}

export function isOver(model: Model, { lifetime }: Rules, now: number): boolean {
  return model.ended || now >= model.signedInAt + lifetime;
}

/** The methods that a session token proves; null where it is refused. */
export function proved(model: Model, session: string, rules: Rules, now: number): readonly string[] | null {
  if (isOver(model, rules, now)) return null;
  if (session === model.session.name) return ['password', ...model.proofs];
  const { usedAt } = model.session;
  return session === model.previous && (usedAt === null || now < usedAt + rules.overlap) ? [] : null;
}

export function answerTo(model: Model, ask: Ask, rules: Rules, now: number): Answer {
  if (isOver(model, rules, now)) return { model, given: null };
  switch (ask.type) {
    case 'use':
      return { model: used(model, ask.session, rules, now), given: null };
    case 'refresh':
      return refreshed(model, ask.refresh, rules, now);
    case 'step-up':
      return steppedUp(model, ask, rules, now);
  }
}

/** What is younger may not be on the disk yet: its use shows nothing. */
function isSettled({ delivery }: Rules, { madeAt }: Token, now: number): boolean {
  return delivery === 'bearer' || now >= madeAt + SETTLING;
}

/** The use of a session token is one of the refresh token it came with, and of no other. */
function used(model: Model, session: string, rules: Rules, now: number): Model {
  if (session !== model.session.name || !isSettled(rules, model.session, now)) return model;
  return {
    ...(model.session.by === 'refresh' ? withRefreshUsed(model, now) : model),
    session: { ...model.session, usedAt: model.session.usedAt ?? now },
  };
}

function withRefreshUsed(model: Model, now: number): Model {
  return { ...model, refresh: model.refresh && { ...model.refresh, usedAt: model.refresh.usedAt ?? now } };
}

function refreshed(model: Model, presented: string, rules: Rules, now: number): Answer {
  const { refresh } = model;
  if (refresh === null) return { model, given: null };
  if (presented === refresh.name) {
    const isYoung = !isSettled(rules, refresh, now) || now < refresh.madeAt + rules.grace;
    return isYoung ? repeated(model, now) : rotated(model, now);
  }
  const isRepeatable = refresh.usedAt === null || now < refresh.usedAt + rules.grace;
  if (presented === refresh.parent && isRepeatable) return repeated(model, now);
  return { model: { ...model, ended: true }, given: null }; // theft
}

/** The same pair again; in place of a session token that a step-up has made, another that proves nothing of it. */
function repeated(model: Model, now: number): Answer {
  return given(model.session.by === 'step-up' ? withoutStepUps(replaced(model, 'refresh', now)) : model);
}

function rotated(model: Model, now: number): Answer {
  const next = withoutStepUps(replaced(model, 'refresh', now));
  const name = `refresh ${model.made}`;
  return given({ ...next, refresh: { name, madeAt: now, usedAt: null, parent: model.refresh?.name ?? null } });
}

function steppedUp(
  model: Model,
  { session, method }: Extract<Ask, { readonly type: 'step-up' }>,
  rules: Rules,
  now: number,
): Answer {
  const isCurrent = session === model.session.name;
  const isPrevious = session === model.previous && model.session.usedAt === null;
  if (!isCurrent && !isPrevious) return { model, given: null };
  const next = replaced(model, 'step-up', now);
  // Who brings the previous token need not have made the proofs of the current one.
  if (isPrevious) return steppedUpTo({ ...withoutStepUps(next), proofs: [method] });
  const showsRefresh = model.session.by === 'refresh' && model.refresh !== null && isSettled(rules, model.refresh, now);
  const proofs = [...new Set([...model.proofs, method])];
  return steppedUpTo({ ...(showsRefresh ? withRefreshUsed(next, now) : next), proofs });
}

/** With a session token that nobody has used. */
function replaced(model: Model, by: 'refresh' | 'step-up', now: number): Model {
  return {
    ...model,
    made: model.made + 1,
    session: { name: `token ${model.made}`, madeAt: now, usedAt: null, by },
    previous: model.session.name,
  };
}

function withoutStepUps(model: Model): Model {
  return { ...model, generation: model.generation + 1, proofs: [] };
}

function given(model: Model): Answer {
  return { model, given: { session: model.session.name, refresh: model.refresh?.name ?? null } };
}

function steppedUpTo(model: Model): Answer {
  return { model, given: { session: model.session.name, refresh: null } };
}
