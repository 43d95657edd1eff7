import { spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { PoolConfig } from 'pg';
import { ordinaryUser } from './postgres.js';

/** A PgBouncer of this process's own in `transaction` mode, that goes with the process however it ends. */
export interface PgBouncer {
  readonly config: PoolConfig;
  stop(): Promise<void>;
}

const binary: string | undefined = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
  .map((folder) => join(folder, 'pgbouncer'))
  .find((path) => existsSync(path));

/** What the tests lack on this machine, if they do. */
export const missingPgBouncer: string | undefined = binary === undefined ? 'pgbouncer in the PATH' : undefined;

/** At the end of its standard input, which comes with the end of the test's process at the latest, it stops. */
const SUPERVISOR = `
  "$0" pgbouncer.ini &
  read -r command
  kill -TERM $!
  wait
  rm -rf "$PWD"`;

/** Fewer connections to the server than to the clients, so that these do take turns on them. */
const SERVER_CONNECTIONS = 4;

/** `server` is on a unix socket. */
export async function startPgBouncer({ host, user, database }: PoolConfig): Promise<PgBouncer> {
  if (binary === undefined) throw new Error('This machine has no pgbouncer.');
  const folder = mkdtempSync(join(tmpdir(), 'stepgate-pgb-'));
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]
* = host=${host} user=${user}
[pgbouncer]
pool_mode = transaction
listen_addr =
listen_port = 5432
unix_socket_dir = ${folder}
auth_type = any
default_pool_size = ${SERVER_CONNECTIONS}
max_client_conn = 200
server_login_retry = 0.1
`,
  );
  const runAs = ordinaryUser();
  if ('uid' in runAs) chownSync(folder, runAs.uid, runAs.gid);
  chmodSync(folder, 0o700);
  // Detached, so that a Ctrl-C in the terminal doesn't reach it before it has cleaned up.
  const shell = spawn('sh', ['-c', SUPERVISOR, binary], {
    ...runAs,
    cwd: folder,
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    detached: true,
  });
  await new Promise<void>((resolve, reject) => {
    let output = '';
    shell.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('process up')) resolve();
    });
    shell.once('close', () => reject(new Error(`pgbouncer: ${output}`)));
  });
  return {
    config: { host: folder, user, database },
    stop() {
      return new Promise((resolve) => {
        shell.once('close', () => resolve());
        shell.stdin.end();
      });
    },
  };
}
