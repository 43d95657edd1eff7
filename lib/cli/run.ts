import nodeModule from 'node:module';
import { parseArgs } from 'node:util';
import { nearest } from '../internal/unknown-keys.js';
import type { Stepgate } from '../stepgate.js';
import { type Command, type CommandOption, type ExitCode, UsageError } from './command.js';
import { findConfig, loadConfig } from './config.js';
import { doctor } from './doctor.js';
import { unlockMethod } from './methods.js';
import { migrate } from './migrate.js';
import { describeError } from './output.js';
import { secret } from './secret.js';
import { endSessions, listSessions } from './sessions.js';

/** All commands; the help and the test of docs/command-line.md read them here. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  secret,
  migrate,
  'sessions list': listSessions,
  'sessions end': endSessions,
  'methods unlock': unlockMethod,
  doctor,
};

/** What every command takes. */
export const COMMON_OPTIONS: Readonly<Record<string, CommandOption>> = {
  config: {
    type: 'string',
    short: 'c',
    value: 'file',
    about: 'the config file; by default stepgate.config.{js,mjs,cjs,ts}',
  },
  help: { type: 'boolean', short: 'h', about: 'print what there is to say' },
};

/** Without a command. */
export const VERSION_OPTION: Readonly<Record<string, CommandOption>> = {
  version: { type: 'boolean', short: 'v', about: 'print the version of stepgate' },
};

interface NamedCommand extends Command {
  readonly name: string;
}

export interface Surroundings {
  readonly folder: string;
  readonly out: (text: string) => Promise<void>;
  readonly err: (text: string) => Promise<void>;
}

/** Runs one command line. Never rejects. */
export async function run(args: readonly string[], { folder, out, err }: Surroundings): Promise<ExitCode> {
  const opened: Stepgate<string>[] = [];
  const codes: ExitCode[] = [];
  const attempt = async (work: () => Promise<ExitCode>): Promise<void> => {
    codes.push(await work().catch((error: unknown) => report(error, err)));
  };
  await attempt(() =>
    perform(args, folder, out, (instance) => {
      opened.push(instance);
    }),
  );
  for (const instance of opened) await attempt(() => instance.close().then(() => 0));
  return codes.find((code) => code !== 0) ?? 0;
}

async function report(error: unknown, err: Surroundings['err']): Promise<ExitCode> {
  if (error instanceof UsageError) {
    await err(`${error.message}\nSee \`stepgate --help\`.\n`);
    return 2;
  }
  await err(describeError(error));
  return 1;
}

async function perform(
  args: readonly string[],
  folder: string,
  out: Surroundings['out'],
  onOpen: (instance: Stepgate<string>) => void,
): Promise<ExitCode> {
  const [command, rest] = commandIn(args);
  if (command === null) return general(rest, out);
  const { values, positionals } = parse(rest, command.options);
  if (values['help'] === true) {
    await out(helpOf(command));
    return 0;
  }
  if (command.words === undefined && positionals.length > 0) {
    throw new UsageError(`\`${command.name}\` takes no ${positionals[0]}.`);
  }
  return command.run({
    values,
    words: positionals,
    folder,
    print: out,
    async config() {
      const file = findConfig(folder, typeof values['config'] === 'string' ? values['config'] : undefined);
      const config = await loadConfig(file);
      onOpen(config.instance);
      return config;
    },
  });
}

async function general(rest: readonly string[], out: Surroundings['out']): Promise<ExitCode> {
  const { values, positionals } = parse(rest, VERSION_OPTION);
  const [word] = positionals;
  if (word !== undefined) throw unknownCommand(word);
  if (values['version'] === true) {
    await out(`${version()}\n`);
    return 0;
  }
  await out(generalHelp());
  return values['help'] === true ? 0 : 2;
}

/** A command is one word or two, in front of all else. Null: there is none in front. */
function commandIn(args: readonly string[]): [command: NamedCommand | null, rest: readonly string[]] {
  for (const count of [2, 1]) {
    const name = args.slice(0, count).join(' ');
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (args.length >= count && command !== undefined) return [{ name, ...command }, args.slice(count)];
  }
  return [null, args];
}

function unknownCommand(word: string): UsageError {
  const names = Object.keys(COMMANDS);
  const group = names.filter((name) => name.startsWith(`${word} `));
  if (group.length > 0) return new UsageError(`Write one of: ${group.join(', ')}.`);
  const meant = nearest(word, names);
  return new UsageError(`There is no command ${word}.${meant === null ? '' : ` Did you mean \`${meant}\`?`}`);
}

interface Parsed {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
}

function parse(args: readonly string[], own: Command['options']): Parsed {
  const options = Object.fromEntries(
    Object.entries({ ...own, ...COMMON_OPTIONS }).map(([name, { type, short }]) => [
      name,
      short === undefined ? { type } : { type, short },
    ]),
  );
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    // It throws for what it was given, and says what.
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function generalHelp(): string {
  const rows = Object.entries(COMMANDS).map(([name, { words, about }]) => [
    [name, words].filter(Boolean).join(' '),
    about,
  ]);
  return `stepgate <command> [options]\n\n${columns(rows)}\nOptions:\n${columns(optionRows({ ...COMMON_OPTIONS, ...VERSION_OPTION }))}`;
}

function helpOf({ name, about, words, options = {} }: NamedCommand): string {
  const usage = ['stepgate', name, words, '[options]'].filter(Boolean).join(' ');
  return `${usage}\n\n${about}\n\n${columns(optionRows({ ...options, ...COMMON_OPTIONS }))}`;
}

function optionRows(options: Readonly<Record<string, CommandOption>>): string[][] {
  return Object.entries(options).map(([name, { short, value, about }]) => [
    `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`,
    about,
  ]);
}

function columns(rows: readonly (readonly string[])[]): string {
  const width = Math.max(...rows.map(([first = '']) => first.length));
  return rows.map(([first = '', second = '']) => `  ${first.padEnd(width)}  ${second}\n`).join('');
}

function version(): string {
  const manifest = nodeModule.createRequire(import.meta.url)('stepgate/package.json') as { readonly version: string };
  return manifest.version;
}
