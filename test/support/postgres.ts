import { type ChildProcessWithoutNullStreams, type SpawnSyncOptions, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { PoolConfig } from 'pg';

/** A PostgreSQL of this process's own, that goes with the process however it ends. */
export interface PostgresServer {
  readonly config: PoolConfig;
  /** As by a crash of the machine: SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again after `kill`. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Where initdb and postgres are; null when this machine hasn't them. */
export const postgresBinaries: string | null = findBinaries();

/** What the tests lack on this machine, if they do. */
export const missingPostgres: string | undefined =
  process.env['PG_URL'] === undefined && postgresBinaries === null
    ? 'PostgreSQL: initdb and postgres, or PG_URL'
    : undefined;

/*
 * A shell runs the server, and does what its standard input says. At the end of that, which comes with the end of the
 * test's process at the latest, it stops the server and takes the folder away. Speed instead of safety: what is committed
 * survives `kill`, since the system has it by then, but not the machine's end.
 */
const SUPERVISOR = `
  while read -r command; do
    case $command in
      start) { "$0/postgres" -D data -k "$PWD" -c listen_addresses= -c max_connections=100 -c shared_buffers=16MB \
        -c fsync=off -c full_page_writes=off -c max_wal_size=1GB; echo exited; } & ;;
      kill) kill -9 "$(head -n 1 data/postmaster.pid)" ;;
    esac
  done
  kill -INT "$(head -n 1 data/postmaster.pid)"
  wait
  rm -rf "$PWD"`;

export async function startPostgres(): Promise<PostgresServer> {
  if (postgresBinaries === null) throw new Error('This machine has no initdb and postgres.');
  const folder = folderOf(tmpdir());
  const options = { ...ordinaryUser(), cwd: folder, env: { PATH: process.env['PATH'], LC_ALL: 'C' } };
  makeData(postgresBinaries, options);
  // Detached, so that a Ctrl-C in the terminal doesn't reach it before it has cleaned up.
  const shell = spawn('sh', ['-c', SUPERVISOR, postgresBinaries], { ...options, detached: true });
  const server: PostgresServer = {
    config: { host: folder, user: 'stepgate', database: 'postgres' },
    async kill() {
      const exited = said(shell, 'exited');
      shell.stdin.write('kill\n');
      await exited;
    },
    async start() {
      for (;;) {
        const ready = said(shell, 'ready to accept connections', 'exited');
        shell.stdin.write('start\n');
        const output = await ready;
        if (output.includes('ready to accept')) return;
        // The last processes of a server that was killed are still on their way out.
        if (!/pre-existing shared memory|is another postmaster/.test(output)) throw new Error(`postgres: ${output}`);
      }
    },
    stop() {
      return new Promise((resolve) => {
        shell.once('close', () => resolve());
        shell.stdin.end();
      });
    },
  };
  await server.start();
  return server;
}

const INITDB = '-D data -U stepgate -A trust -E UTF8 --locale=C --no-sync --no-instructions --wal-segsize=1'.split(' ');

/** Makes `data` of an empty server. That takes seconds, so the first of a run leaves a copy for the others. */
function makeData(binaries: string, options: SpawnSyncOptions & { readonly cwd: string }): void {
  const copies = process.env['TEST_COPIES'];
  const copy = join(copies ?? '', 'postgres');
  if (copies !== undefined && existsSync(copy)) {
    run('cp', ['-R', join(copy, 'data'), 'data'], options);
    return;
  }
  run(join(binaries, 'initdb'), INITDB, options);
  if (copies === undefined) return;
  const made = folderOf(copies);
  run('cp', ['-R', 'data', made], options);
  try {
    renameSync(made, copy);
  } catch {
    rmSync(made, { recursive: true }); // another process was faster
  }
}

function run(command: string, args: readonly string[], options: SpawnSyncOptions): void {
  const { status, stderr } = spawnSync(command, args, options);
  if (status !== 0) throw new Error(`${command} failed: ${stderr.toString()}`);
}

/** A new folder of the user whom the server runs as. */
function folderOf(parent: string): string {
  const folder = mkdtempSync(join(parent, 'stepgate-pg-'));
  const user = ordinaryUser();
  if ('uid' in user) chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o700);
  return folder;
}

/** What the shell and the server print until one of these words is in it. */
function said({ stdout, stderr }: ChildProcessWithoutNullStreams, ...words: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    let output = '';
    const listen = (chunk: Buffer): void => {
      output += chunk.toString();
      if (!words.some((word) => output.includes(word))) return;
      for (const stream of [stdout, stderr]) stream.off('data', listen);
      resolve(output);
    };
    for (const stream of [stdout, stderr]) stream.on('data', listen);
  });
}

/** PostgreSQL and PgBouncer refuse to run as root. */
export function ordinaryUser(): { readonly uid: number; readonly gid: number } | object {
  if (process.getuid?.() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  const row = ['postgres', 'nobody'].flatMap((name) => users.find((line) => line.startsWith(`${name}:`)) ?? [])[0];
  const [, , uid, gid] = row?.split(':') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

/** In the PATH, or where Debian keeps them. */
function findBinaries(): string | null {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, 'bin')) : [];
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...versions];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres'))) ?? null;
}
