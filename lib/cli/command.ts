import type { Config } from './config.js';

/** An option of a command; each but a `boolean` takes a value. */
export interface CommandOption {
  readonly type: 'boolean' | 'string';
  /** The name of its value in the help. */
  readonly value?: string;
  readonly short?: string;
  readonly about: string;
}

/** What a command was called with. */
export interface Call {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly words: readonly string[];
  /** Loads the app's config; the command's end closes its instance. */
  readonly config: () => Promise<Config>;
  /** Where the config was looked for: a folder. */
  readonly folder: string;
  /** Answers when the text is on its way. */
  readonly print: (text: string) => Promise<void>;
}

/** 0: done. 1: it couldn't be done, or a check found something. 2: the command line is wrong. */
export type ExitCode = 0 | 1 | 2;

export interface Command {
  readonly about: string;
  /** The words after the command, as the help shows them: `<user>`. */
  readonly words?: string;
  readonly options?: Readonly<Record<string, CommandOption>>;
  readonly run: (call: Call) => Promise<ExitCode>;
}

/** The command line can't be meant so. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function textOption({ values }: Call, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}
