import { createHash } from 'node:crypto';

/** The part of a node-redis client, or cluster client, that is used. */
export interface RedisClient {
  evalSha(sha: string, options: ScriptOptions): Promise<unknown>;
  eval(script: string, options: ScriptOptions): Promise<unknown>;
}

interface ScriptOptions {
  readonly keys: string[];
  readonly arguments: string[];
}

/** One step on keys of one slot: what it decides and writes nothing can come between. */
export interface Script {
  readonly sha: string;
  readonly text: string;
}

export function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/** Runs a script by its hash; a server that doesn't know it (yet, or any more after a restart) is sent the text. */
export type RunScript = (
  script: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<unknown>;

export function createRunScript(client: RedisClient): RunScript {
  return async ({ sha, text }, keys, args) => {
    const options = { keys: [...keys], arguments: args.map(String) };
    try {
      return await client.evalSha(sha, options);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return client.eval(text, options);
    }
  };
}

/** What a script answers with a list of texts. */
export function texts(answer: unknown): readonly string[] {
  if (Array.isArray(answer) && answer.every((item) => typeof item === 'string')) return answer;
  throw new TypeError('A script gave no list of texts.');
}

/** What a script answers with a text or nothing. */
export function textOrNull(answer: unknown): string | null {
  if (answer === null || typeof answer === 'string') return answer;
  throw new TypeError('A script gave no text.');
}
