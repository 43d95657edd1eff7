import { createHash } from 'node:crypto';
import type { Claimable } from '../contract/realm.js';
import type { Client } from './client.js';
import type { Keys } from './keys.js';

/** One step on one key: nothing can come between what it decides and what it writes. */
export interface Script {
  readonly sha: string;
  readonly text: string;
}

export function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/**
 * For how many milliseconds a step is tried again where others come first: each time one of them succeeds. Well below
 * the instance's `storeTimeout`.
 */
export const TRIED_FOR = 2_000;

/** For scripts that sort: what `<` does with texts in Lua is up to the locale of the server. */
export const BY_BYTE = `
local function comes_first(a, b)
  for index = 1, math.min(#a, #b) do
    local x, y = string.byte(a, index), string.byte(b, index)
    if x ~= y then return x < y end
  end
  return #a < #b
end
`;

/** Runs a script by its hash; a server that doesn't know it (yet, or any more after a restart) is sent the text. */
export type RunScript = (script: Script, key: string, ...args: readonly (string | number)[]) => Promise<unknown>;

/** Sends a command that decides nothing: its name, its one key, and the rest. */
export type RunCommand = (name: string, key: string, ...args: readonly string[]) => Promise<unknown>;

/** What each part of a store works with. */
export interface Redis extends Claimable {
  readonly client: Client;
  readonly command: RunCommand;
  readonly run: RunScript;
  readonly keys: Keys;
}

export function createRunCommand({ send }: Pick<Client, 'send'>): RunCommand {
  return (name, key, ...args) => send(key, [name, key, ...args]);
}

export function createRunScript({ send }: Pick<Client, 'send'>): RunScript {
  return async ({ sha, text }, key, ...args) => {
    const rest = ['1', key, ...args.map(String)];
    try {
      return await send(key, ['EVALSHA', sha, ...rest]);
    } catch (error) {
      // Anything can be thrown; and an error of the client's may be of another realm than ours, under Jest for example.
      const { message } = (error ?? {}) as { message?: unknown };
      if (typeof message !== 'string' || !message.startsWith('NOSCRIPT')) throw error;
      return send(key, ['EVAL', text, ...rest]);
    }
  };
}

/** What a script answers with a list of texts. */
export function texts(answer: unknown): readonly string[] {
  if (Array.isArray(answer) && answer.every((item) => typeof item === 'string')) return answer;
  throw new TypeError('The answer of a script must be a list of texts.');
}

/** What a script answers with lists of texts. */
export function lists(answer: unknown): readonly (readonly string[])[] {
  if (Array.isArray(answer)) return answer.map(texts);
  throw new TypeError('The answer of a script must be lists of texts.');
}

/** What a script answers with a text or nothing. */
export function textOrNull(answer: unknown): string | null {
  if (answer === null || typeof answer === 'string') return answer;
  throw new TypeError('The answer of a script must be a text.');
}
