import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Whether this machine has a server to start. */
export const hasRedisServer: boolean = (process.env['PATH'] ?? '')
  .split(delimiter)
  .some((folder) => existsSync(join(folder, 'redis-server')));

/** What the tests lack on this machine, if they do. */
export const missingRedis: string | undefined = hasRedisServer ? undefined : 'redis-server in the PATH';

/** Of a client of node-redis: its own timeout of 5 s ends a command that a machine which stands still hasn't sent yet. */
export const commandOptions = { timeout: 0 } as const;

export interface RedisServer {
  /** Of its unix socket. */
  readonly path: string;
  /** Ends it at once, as `kill -9` does; what it wrote to its disk stays. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, on the same socket and what is on its disk. */
  restart(): Promise<void>;
  /** Ends it and deletes its files. */
  stop(): Promise<void>;
}

/*
 * A shell stands between this process and the server. When its standard input ends, because this process told it so or
 * died in whatever way, it kills the server.
 */
const KEEPER = `
folder=$1; shift
redis-server "$@" & server=$!
read -r how
kill -9 $server
wait $server 2>/dev/null
[ "$how" = keep ] || rm -rf "$folder"
`;

/** Starts a server that nobody else knows, which keeps nothing on the disk unless it is told to. */
export function startRedisServer(settings: readonly string[] = []): Promise<RedisServer> {
  const options = ['--port', '0', '--save', '', '--databases', '4096', ...settings];
  return startIn(temporaryFolder(), options, /ready to accept connections/i);
}

/** Starts a Sentinel on loopback that watches a master there under the name `sessions`, and alone decides that it is away. */
export function startRedisSentinel(port: number, masterPort: number): Promise<RedisServer> {
  const folder = temporaryFolder();
  const config = join(folder, 'sentinel.conf'); // it keeps what it learns in this file
  const lines = [
    `sentinel monitor sessions 127.0.0.1 ${masterPort} 1`,
    'sentinel down-after-milliseconds sessions 500',
    'sentinel failover-timeout sessions 3000',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  return startIn(folder, [config, '--sentinel', '--port', `${port}`, '--bind', '127.0.0.1'], /\+monitor master/);
}

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'stepgate-redis-'));
}

async function startIn(folder: string, settings: readonly string[], isReady: RegExp): Promise<RedisServer> {
  const path = join(folder, 'socket');
  const options = [...settings, '--unixsocket', path, '--dir', folder];

  async function start(): Promise<(how: string) => Promise<void>> {
    const keeper = spawn('sh', ['-c', KEEPER, 'sh', folder, ...options], {
      detached: true, // so that an interrupt for this process doesn't reach it
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const gone = new Promise<void>((resolve) => keeper.once('exit', () => resolve()));
    await new Promise<void>((resolve, reject) => {
      let log = '';
      keeper.stdout.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        if (isReady.test(log)) resolve();
      });
      keeper.stdout.once('end', () => reject(new Error(`redis-server didn't start:\n${log}`)));
    });
    keeper.stdout.removeAllListeners('data').resume();
    keeper.unref();
    for (const pipe of [keeper.stdin, keeper.stdout]) if ('unref' in pipe) (pipe as { unref(): void }).unref(); // a socket
    return async (how) => {
      keeper.ref();
      keeper.stdin.end(`${how}\n`);
      await gone;
    };
  }

  let end = await start();
  return {
    path,
    kill: () => end('keep'),
    restart: async () => {
      end = await start();
    },
    stop: async () => {
      await end('');
      rmSync(folder, { recursive: true, force: true }); // where it was killed before
    },
  };
}
