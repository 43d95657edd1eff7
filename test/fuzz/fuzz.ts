import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Random, random } from '../support/random.js';
import { type FuzzedApp, fuzzedApp } from './app.js';
import { type Client, draftOf, GoodRefused, newPerson, type Template } from './client.js';

import { liveThrough } from './flow.js';
import { mutate, mutateBody } from './mutate.js';
import { Sender } from './sender.js';
import { type StrangersResult, strangers } from './strangers.js';

export interface FuzzOptions {
  readonly requests: number;
  /** Decides what is fuzzed and how; tokens are others in each run. */
  readonly seed: number;
  readonly progress?: (sent: number) => void;
}

export interface FuzzResult {
  readonly statuses: ReadonlyMap<number, number>;
  readonly failures: readonly string[];
  /** Heap in use after a full collection, in bytes: after a tenth of the requests, and after the last. */
  readonly heap: { readonly early: number; readonly late: number };
  readonly unauthenticated: StrangersResult;
}

const LANES = 16;
/** The rest is sent by signed-in users. */
const UNAUTHENTICATED = 0.2;
/** How many requests a user lives for. */
const LIFE = 2_000;
/** Ten bytes left behind by each of a million requests would be more. */
const MAX_GROWTH = 8 * 2 ** 20;

/** Sends fuzzed requests to an app that has all of stepgate, in this process, and collects what must not happen. */
export async function fuzz({ requests, seed, progress = () => {} }: FuzzOptions): Promise<FuzzResult> {
  const app = await fuzzedApp();
  const sender = new Sender(app, progress);
  const end = Math.floor(requests * (1 - UNAUTHENTICATED));
  let early = 0;
  const isOver = (): boolean => {
    if (early === 0 && sender.sent >= end / 10) early = heapInUse();
    return sender.sent >= end || sender.hasFailed();
  };
  const lanes = Array.from({ length: LANES }, (_, lane) => ({ lane, choice: random(seed * LANES + lane), sender }));
  try {
    await Promise.all(lanes.map((lane) => liveOn(app, lane, isOver)));
    const unauthenticated = await strangers(app, { sender, choice: random(seed), end: requests });
    const late = heapInUse();
    const { statuses } = sender;
    const failures = [...sender.failures, ...app.faults];
    if (late > early + MAX_GROWTH) failures.push(`The heap has grown from ${early} to ${late} bytes.`);
    return { statuses, failures, heap: { early, late }, unauthenticated };
  } finally {
    sender.close();
    await app.close();
  }
}

interface Lane {
  readonly lane: number;
  readonly choice: Random;
  readonly sender: Sender;
}

/** One user after the other, so that none is locked out or forgotten for long. */
async function liveOn(app: FuzzedApp, { lane, choice, sender }: Lane, isOver: () => boolean): Promise<void> {
  for (let life = 0; !isOver(); life += 1) {
    const person = newPerson({ id: `user-${lane}-${life}`, app, send: (draft) => sender.send(draft) });
    const clients = await liveThrough(person);
    const templates = [...person.templates];
    for (const until = sender.sent + LIFE; sender.sent < until && !isOver(); ) {
      const client = choice.pick(clients);
      const isDeep = choice.chance(0.15);
      const template = isDeep ? await answerOf(client, choice) : choice.pick(templates);
      const draft = draftOf(template);
      if (isDeep) mutateBody(draft, choice);
      else mutate(draft, choice);
      const answer = await sender.send(draft);
      if (template.client !== null) template.client.learn(answer);
      app.clock.advance(0.05);
      person.templates.length = 0;
    }
    await app.auth.forgetUser(person.id);
    await app.auth.sessions.deleteExpired();
  }
}

/** A good answer to a challenge; where mutations have ended the session, a good sign-in instead. */
async function answerOf(client: Client, choice: Random): Promise<Template> {
  const kinds: (() => Promise<Template> | Template)[] = [
    () => client.assertion(),
    () => client.assertion('verify-only'),
    () => client.approval(),
    () => client.registration(),
    () => client.passkeySignIn(),
    () => client.code(),
  ];
  try {
    return await choice.pick(kinds)();
  } catch (error) {
    if (!(error instanceof GoodRefused)) throw error;
    await client.signIn();
    return client.passkeySignIn();
  }
}

function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void; // the flag makes it
  collect();
  return process.memoryUsage().heapUsed;
}
