import type { Random } from '../support/random.js';
import { API_KEY, type FuzzedApp, PASSWORD } from './app.js';
import { Client, draftOf, newPerson, type Person } from './client.js';
import type { Draft } from './draft.js';
import { liveThrough } from './flow.js';
import { mutate } from './mutate.js';
import type { Sender } from './sender.js';

const STRANGERS = 8;

export interface StrangersResult {
  readonly requests: number;
  /** How many answered a good challenge wrongly. */
  readonly signInsTried: number;
  /** The only rows that were written. */
  readonly challengesSpent: number;
}

interface StrangersOptions {
  readonly sender: Sender;
  readonly choice: Random;
  readonly end: number;
}

/**
 * Requests without a credential that is good: no session, refresh token, password, API key or answer of an
 * authenticator. None may write a row, but for one of a few bytes that says that a sign-in's challenge was answered.
 */
export async function strangers(app: FuzzedApp, { sender, choice, end }: StrangersOptions): Promise<StrangersResult> {
  const person: Person = newPerson({ id: 'user-victim', app, send: (draft) => sender.send(draft) });
  await liveThrough(person);
  const templates = [...person.templates];
  const before = await app.rows();
  const first = sender.sent;
  let signInsTried = 0;

  async function stranger(): Promise<void> {
    while (sender.sent < end && !sender.hasFailed()) {
      const triesToSignIn = choice.chance(0.02);
      const template = triesToSignIn ? await new Client(person, 'cookie').passkeySignIn() : choice.pick(templates);
      const draft = draftOf(template);
      const { headers } = draft;
      anonymize(draft, choice);
      if (triesToSignIn) {
        // The challenge is good, and it is answered by its own browser; the answer isn't good.
        const { challengeId } = template.body as { challengeId: string }; // what the client has made just now
        Object.assign(draft, { headers, body: { ...(draft.body as object), challengeId } });
        signInsTried += 1;
      } else if (choice.chance(0.9)) mutate(draft, choice);
      await sender.send(draft);
      person.templates.length = 0;
    }
  }

  await Promise.all(Array.from({ length: STRANGERS }, stranger));
  const { stepgate_spent_challenges: spentBefore = [], ...othersBefore } = before;
  const { stepgate_spent_challenges: spent = [], ...others } = await app.rows();
  for (const [table, rows] of Object.entries(others)) {
    if (JSON.stringify(rows) !== JSON.stringify(othersBefore[table])) {
      sender.failures.push(`A request without a credential has changed ${table}.`);
    }
  }
  const challengesSpent = spent.length - spentBefore.length;
  if (challengesSpent > signInsTried) sender.failures.push('Strangers fill the store.');
  return { requests: sender.sent - first, signInsTried, challengesSpent };
}

const TOKEN = /[\w-]{40,}/g;

/** Takes every credential out of a good request, or leaves one in its place that is none. */
function anonymize(draft: Draft, random: Random): void {
  const credentials = new Set(['Authorization', 'Cookie']);
  if (random.chance(0.5)) draft.headers = draft.headers.filter(([name]) => !credentials.has(name));
  draft.headers = draft.headers.map(([name, value]) => [name, credentials.has(name) ? broken(value) : value]);
  if (draft.body !== undefined) draft.body = JSON.parse(broken(JSON.stringify(draft.body)));
}

/** Too far from a credential for a few mutations to make one of it again. */
function broken(text: string): string {
  return text.replaceAll(API_KEY, 'key_of-nobody').replaceAll(PASSWORD, 'wrong').replaceAll(TOKEN, turned);
}

function turned(token: string): string {
  const middle = token.length >> 1;
  return token.slice(0, middle) + token.slice(middle).replaceAll(/[a-z]/g, nextLetter);
}

function nextLetter(letter: string): string {
  return letter === 'z' ? 'a' : String.fromCharCode(letter.charCodeAt(0) + 1);
}
